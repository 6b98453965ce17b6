"""Scalars of a text column, computed on its distinct values and weighted by how often they occur."""

from __future__ import annotations

import numpy as np
import polars as pl

from trivium.checks.numbers import describe_order

LETTERS = {
    "upper_share": r"\p{Lu}",
    "lower_share": r"\p{Ll}",
    "digit_share": r"\p{Nd}",
    "space_share": r"\s",
    "foreign_share": r"[^\x00-\x7F]",
}


def describe_texts(counted: pl.DataFrame) -> dict[str, float]:
    """Length, letters, repetition. counted: distinct values in `value`, how often in `count`; at least one row."""
    value, weight, total = pl.col("value"), pl.col("count"), pl.col("count").sum()
    length = value.str.len_chars()
    characters = (length * weight).sum()
    share = weight / total
    facts = counted.select(
        length_mean=characters / total,
        length_minimum=length.min(),
        length_maximum=length.max(),
        blank_rate=(weight.filter(value.str.strip_chars() == "")).sum() / total,
        padded_rate=(weight.filter(value.str.strip_chars() != value)).sum() / total,
        upper_rate=(weight.filter(value.str.contains(r"^[^\p{Ll}]*\p{Lu}[^\p{Ll}]*$"))).sum() / total,
        lower_rate=(weight.filter(value.str.contains(r"^[^\p{Lu}]*\p{Ll}[^\p{Lu}]*$"))).sum() / total,
        number_rate=(weight.filter(value.str.contains(r"^[+-]?\d+(\.\d+)?$"))).sum() / total,
        distinct=pl.len().cast(pl.Float64),
        top_share=share.max(),
        entropy=-(share * share.log()).sum(),
        **{name: (value.str.count_matches(form) * weight).sum() / characters for name, form in LETTERS.items()},
    )
    return {name: float(found) for name, found in facts.row(0, named=True).items() if found is not None}


def describe_text_order(values: pl.Series) -> dict[str, float]:
    """Repetition along the rows, as for numbers; the values are told apart by their rank."""
    return describe_order(values.rank("dense").to_numpy().astype(np.float64))
