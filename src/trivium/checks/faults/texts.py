"""Texts in another coding, by intent or by accident."""

from __future__ import annotations

import polars as pl

from trivium.checks.faults.fault import Target, replaced


def recoding(target: Target) -> pl.DataFrame:
    """The same categories, written differently: in the other case, with a prefix, or as codes."""
    how, text = target.pick("case", "prefix", "codes"), pl.col(target.column)
    if how == "prefix":
        return replaced(target, pl.concat_str(pl.lit(target.pick("x_", "v2:", "US-")), text))
    levels = target.values.drop_nulls().unique().sort()
    if how == "codes":
        return replaced(target, text.replace_strict(levels, [str(code) for code in range(1, len(levels) + 1)]))
    capital = levels.str.contains(r"\p{Lu}").any()
    return replaced(target, text.str.to_lowercase() if capital else text.str.to_uppercase())


def garbling(target: Target) -> pl.DataFrame:
    """Texts are decoded wrongly: Latin-1 for UTF-8, a replacement character, or UTF-16 with its zero bytes."""
    how, text = target.pick("latin", "replacement", "zeros"), pl.col(target.column)
    if how == "zeros":
        return replaced(target, text.str.replace_all(r"(.)", "${1}\0"))
    if how == "replacement":
        return replaced(target, text.str.replace(r"^.", "\N{REPLACEMENT CHARACTER}"))
    return replaced(target, pl.concat_str(text.str.head(1), pl.lit("Ã©"), text.str.slice(1)))
