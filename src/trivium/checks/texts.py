"""Scalars of a text column, computed on its distinct values and weighted by how often they occur."""

from __future__ import annotations

import numpy as np
import polars as pl

from trivium.checks.order import describe_runs, describe_sorting, fingerprint

FORMS = (
    (r"\p{Lu}+", "A"),
    (r"\p{Ll}+", "a"),
    (r"\p{Nd}+", "9"),
    (r"\s+", " "),
    (r"[^\x00-\x7F]+", "~"),
    (r"(?:[Aa9]+[ ,.&'/+-]*){4,}", "…"),
)
LONGEST = 60
SHAPES = 60
PRINTED = 100_000
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
        foreign_rate=(weight.filter(value.str.contains(LETTERS["foreign_share"]))).sum() / total,
        distinct=pl.len().cast(pl.Float64),
        top_share=share.max(),
        entropy=-(share * share.log()).sum(),
        **{name: (value.str.count_matches(form) * weight).sum() / characters for name, form in LETTERS.items()},
    )
    return {name: float(found) for name, found in facts.row(0, named=True).items() if found is not None}


def describe_text_order(values: pl.Series) -> dict[str, float]:
    """Repetition and order along the rows, as for numbers; the fingerprint is of the first 100,000 values."""
    if len(values) < 2:
        return {}
    places = values.rank("dense").to_numpy().astype(np.float64)
    printed = "\0".join(values.head(PRINTED).cast(pl.String).to_list()).encode()
    return describe_runs(places) | describe_sorting(places) | {"fingerprint": fingerprint(printed)}


def list_shapes(counted: pl.DataFrame) -> dict[str, float]:
    """The 60 most frequent forms of the values and their shares: runs of capitals as A, of others as a, of digits as 9.

    >>> list_shapes(pl.DataFrame({"value": ["AB-12", "CD-7", "e f"], "count": [2, 1, 1]}))
    {'A-9': 0.75, 'a a': 0.25}
    """
    shape = pl.col("value").str.slice(0, LONGEST)
    for form, mark in FORMS:
        shape = shape.str.replace_all(form, mark)
    total = counted["count"].sum()
    found = counted.group_by(shape.alias("shape")).agg(pl.col("count").sum())
    common = found.sort(["count", "shape"], descending=[True, False]).head(SHAPES)
    return {form: round(count / total, 6) for form, count in common.iter_rows()}
