"""A column as a profile reads it."""

from __future__ import annotations

import numpy as np
import polars as pl
from msgspec import Struct

from trivium.checks.letters import Counts
from trivium.checks.present import Present
from trivium.checks.texts import as_ranks
from trivium.checks.whole import MANY_ROWS

TEXTS = (pl.String, pl.Categorical, pl.Enum)
NO_RANKS: Counts = np.zeros(0, np.int64)


class Column(Struct, frozen=True):
    """`values` with nulls, `present` without; those of a categorical column as texts, unless they are many.

    `ranks`: (n,) of the present texts, unless they are many; none of another type.
    """

    values: pl.Series
    present: pl.Series | Present
    ranks: Counts


def read_column(values: pl.Series) -> Column:
    """One column, of any number of rows."""
    if len(values) - values.null_count() > MANY_ROWS:
        return Column(values, Present(values), NO_RANKS)
    return read_columns(values.to_frame())[0]


def read_columns(rows: pl.DataFrame) -> list[Column]:
    """All columns of a small partition, in their order.

    One query asks for all of them: waking the threads for one costs more than the work on a thousand values.
    """
    asked = {}
    for place, values in enumerate(rows.iter_columns()):
        if values.null_count():
            asked[f"there {place}"] = pl.col(values.name).is_not_null()
        if isinstance(values.dtype, TEXTS):
            asked[f"ranks {place}"] = pl.col(values.name).cast(pl.String).rank("dense")
    found = rows.select(**asked).to_dict()
    return [
        _column(values, found.get(f"there {place}"), found.get(f"ranks {place}"))
        for place, values in enumerate(rows.iter_columns())
    ]


def _column(values: pl.Series, there: pl.Series | None, ranks: pl.Series | None) -> Column:
    present = values if there is None else values.filter(there)
    if ranks is None:
        return Column(values, present, NO_RANKS)
    return Column(values, present.cast(pl.String), as_ranks(ranks if there is None else ranks.filter(there)))
