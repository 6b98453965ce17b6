"""The join at a point in time: what was known then, never a value from the future."""

from __future__ import annotations

from typing import Any

import polars as pl

from trivium.durations import parse_duration
from trivium.errors import SchemaMismatch
from trivium.frames import to_frame

PLACE = "__place"
MOMENT = "__moment"


def as_of(
    rows: Any, features: Any, *, on: str, by: str | list[str], time: str, within: str | None = None
) -> pl.LazyFrame:
    """The rows, each with the newest features of its key that are not after its own moment.

    rows, features: frames of any kind. on: the rows' moment. by: key columns, in both. time: the features' moment.
    within: how old a feature may be ("6h"); older ones are null.

    Rows keep their order and number; rows without a match stay, with nulls. Both sides are sorted here, because a join
    on unsorted rows would be silently wrong. Of several features of one key and moment the last one given is taken.
    Raises SchemaMismatch for absent columns or columns on both sides.
    """
    left, right = _lazy(rows), _lazy(features)
    keys = [by] if isinstance(by, str) else by
    _check_columns(left, right, on, keys, time)
    ordered = left.with_row_index(PLACE).sort(on, nulls_last=True)
    known = right.rename({time: MOMENT}).filter(pl.col(MOMENT).is_not_null()).sort(MOMENT, maintain_order=True)
    joined = ordered.join_asof(
        known,
        left_on=on,
        right_on=MOMENT,
        by=keys,
        strategy="backward",
        tolerance=parse_duration(within) if within else None,
        check_sortedness=False,
    )
    return joined.sort(PLACE).drop(PLACE, MOMENT, strict=False)


def _lazy(rows: Any) -> pl.LazyFrame:
    return rows if isinstance(rows, pl.LazyFrame) else to_frame(rows).lazy()


def _check_columns(left: pl.LazyFrame, right: pl.LazyFrame, on: str, keys: list[str], time: str) -> None:
    have, offered = left.collect_schema(), right.collect_schema()
    absent = [name for name in (on, *keys) if name not in have]
    if absent:
        raise SchemaMismatch(f"The rows lack {absent} for the join; they have {have.names()}.")
    missing = [name for name in (time, *keys) if name not in offered]
    if missing:
        raise SchemaMismatch(f"The features lack {missing} for the join; they have {offered.names()}.")
    both = sorted((set(have) & set(offered)) - set(keys) - {time})
    if both:
        raise SchemaMismatch(f"Rows and features both have {both}; rename one side, or select what you need.")
    unlike = [f"{key!r} is {have[key]} and {offered[key]}" for key in keys if have[key] != offered[key]]
    if unlike:
        raise SchemaMismatch(f"Keys are compared in one type only: {'; '.join(unlike)}.")
    if have[on] != offered[time]:
        raise SchemaMismatch(f"{on!r} is {have[on]} and {time!r} is {offered[time]}; moments compare only in one type.")
