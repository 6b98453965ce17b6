"""Which rows are asked about first."""

from __future__ import annotations

import polars as pl

from trivium.errors import Misuse, SchemaMismatch
from trivium.values.labels import LabelSpec

SCORE = "score"
GIVEN, SPREAD, DOUBT, CHANCE = "__given", "__spread", "__doubt", "__chance"


def order_waiting(
    rows: pl.DataFrame, answers: pl.DataFrame, spec: LabelSpec, annotator: str, *, seed: int = 0
) -> pl.DataFrame:
    """The rows that this annotator has not answered and that need more answers, those to be asked about first on top.

    rows: the columns of the key and of the score. "uncertain": nearest to one half, or of the highest entropy over
    several columns, rows without a score last. "disagreement": those whose answers differ most, then those with more
    answers. What is alike, and "random", is in an order that depends on the key and `seed` only.
    """
    key = list(spec.key)
    mine = answers.filter(pl.col("annotator") == annotator).select(key)
    given = answers.group_by(key).agg(pl.len().alias(GIVEN), _entropy_of(pl.col("value")).alias(SPREAD))
    waiting = rows.join(mine, on=key, how="anti").join(given, on=key, how="left", maintain_order="left")
    open_rows = waiting.with_columns(pl.col(GIVEN).fill_null(0), pl.col(SPREAD).fill_null(0.0)).filter(
        pl.col(GIVEN) < spec.per_row
    )
    ranked = open_rows.with_columns(pl.struct(key).hash(seed).alias(CHANCE), _doubt(open_rows, spec).alias(DOUBT))
    by = {"random": [], "uncertain": [DOUBT], "disagreement": [SPREAD, GIVEN]}[spec.order]
    return ranked.sort([*by, CHANCE], descending=[True] * len(by) + [False], nulls_last=True).select(key)


def _entropy_of(values: pl.Expr) -> pl.Expr:
    """How far the answers to one row differ, in bits."""
    shares = values.value_counts().struct.field("count")
    return (shares / shares.sum()).entropy(base=2, normalize=False)


def _doubt(rows: pl.DataFrame, spec: LabelSpec) -> pl.Expr:
    """How little the model knows of each row: 1 is nothing at all."""
    if spec.order != "uncertain":
        return pl.lit(0.0)
    names = list(spec.score or (SCORE,))
    _check_scores(rows, names)
    if len(names) == 1:
        return 1 - 2 * (pl.col(names[0]).fill_nan(None) - 0.5).abs()
    total = pl.sum_horizontal(pl.col(name).fill_nan(None) for name in names)
    parts = [pl.col(name).fill_nan(None) / total for name in names]
    bits = pl.sum_horizontal(pl.when(part > 0).then(-part * part.log(2)).otherwise(0.0) for part in parts)
    unknown = pl.any_horizontal(part.is_null() for part in parts)
    return pl.when(~unknown).then(bits / pl.lit(float(len(names))).log(2))


def _check_scores(rows: pl.DataFrame, names: list[str]) -> None:
    absent = [name for name in names if name not in rows.columns]
    if absent:
        raise SchemaMismatch(f"The rows have no score {absent[0]!r}; say score= (a column), or give a model's scores.")
    for name in names:
        values = rows[name].cast(pl.Float64).fill_nan(None)
        if values.count() and not values.drop_nulls().is_between(0, 1).all():
            raise Misuse(f"The score {name!r} is no probability: it has values outside of 0 to 1.")
