"""The join at a point in time: what was known then, never a value from the future.

The path was chosen by measurement (docs/decisions/0012): Polars' asof join on rows that are sorted here, once, stably.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from trivium.errors import Misuse, SchemaMismatch
from trivium.store.store import Store
from trivium.tables.features import By, Features, Source, lazy_rows, list_sources

PLACE = "__as_of_place"
MOMENT = "__as_of_moment"
EVENT = "__as_of_event"


def as_of(
    rows: Any,
    features: Any,
    *,
    on: str,
    by: By | None = None,
    time: str | None = None,
    within: str | None = None,
    known: str | None = None,
    store: Store | None = None,
) -> pl.LazyFrame:
    """The rows, each with the newest features of its key that are not after its own moment.

    rows: a frame of any kind, or a Table. on: the rows' moment: a date, a datetime or an integer.
    features: a Table, a version of one, a frame of any kind, a `Features` that says more of one, or a mapping of names
    to any of these: `{"weather": weather, "planes": tv.Features(planes, columns=["seats"], within="30d")}`.
    by: key columns, in both (a mapping: what the rows call them). time: the features' moment. A Table declares both.
    within: how old a feature may be ("6h"); older ones are null.
    known: the features' column of when each became known; it counts only from then on, so that the newest of those
    already known is taken, not a correction that came later. A feature without that moment was never known.

    Rows keep their order and number; rows without a match, or without a moment, stay, with nulls. Nothing has to be
    sorted. Of several features of one key and moment the one known last, then the last one given, is taken.
    Raises SchemaMismatch for absent columns, for one name twice, and for keys or moments of unlike types: moments
    compare only in one unit and zone. Raises Misuse where nothing declares key or time.
    """
    left = lazy_rows(rows, store)
    sources = list(list_sources(features, Features(None, by=by, time=time, known=known, within=within), store))
    _check_moment(left.collect_schema(), on)
    joined = left.with_row_index(PLACE).sort(on, nulls_last=True, maintain_order=True)
    for source in sources:
        _check_fit(joined.collect_schema(), source, on)
        joined = _join(joined, source, on)
    return joined.sort(PLACE).drop(PLACE)


def _join(left: pl.LazyFrame, source: Source, on: str) -> pl.LazyFrame:
    joined = left.join_asof(
        _in_order(source),
        left_on=on,
        right_on=MOMENT,
        by=list(source.keys.values()),
        strategy="backward",
        check_sortedness=False,  # it is sorted in _in_order
    )
    if source.within is not None:
        # Not by the join's own tolerance: that would count the age from when a feature became known.
        young = pl.col(on) - pl.col(EVENT) <= source.within
        joined = joined.with_columns(pl.when(young).then(pl.col(name)).alias(name) for name in source.names)
    return joined.drop(MOMENT, EVENT, strict=False)


def _in_order(source: Source) -> pl.LazyFrame:
    """The features sorted by the moment from which they count, each the newest that counts then."""
    time, known = pl.col(EVENT), pl.col(MOMENT)
    picked = source.rows.select(
        *(pl.col(key).alias(called) for key, called in source.keys.items()),
        *(pl.col(column).alias(source.prefix + column) for column in source.columns),
        pl.col(source.time).alias(EVENT),
        pl.col(source.known or source.time).alias(MOMENT),
    ).filter(time.is_not_null(), known.is_not_null())
    if source.known is None:
        return picked.sort(MOMENT, maintain_order=True)
    # An asof join takes the last that became known; the newest known is the running maximum by event time. Who is not
    # the newest at the moment it counts from never is, so leaving those out makes the last one the newest one. Of one
    # event the one known last is last: hence two stable sorts (one by both columns at once takes three times as long).
    by_known = picked.sort(MOMENT, maintain_order=True)
    counting = by_known.with_columns(pl.max_horizontal(EVENT, MOMENT).alias(MOMENT)).sort(MOMENT, maintain_order=True)
    happened = time.to_physical()
    return counting.filter(happened >= happened.cum_max().over(list(source.keys.values())))


def _check_moment(have: pl.Schema, on: str) -> None:
    if on not in have:
        raise SchemaMismatch(f"The rows lack {[on]} for the join; they have {have.names()}.")
    if not (have[on].is_integer() or have[on] == pl.Date or have[on] == pl.Datetime):
        raise SchemaMismatch(f"{on!r} is {have[on]}; a moment is a date, a datetime or an integer.")


def _check_fit(have: pl.Schema, source: Source, on: str) -> None:
    offered = source.rows.collect_schema()
    absent = [name for name in source.keys.values() if name not in have]
    if absent:
        raise SchemaMismatch(f"The rows lack {absent} for the join; they have {_shown(have)}.")
    both = sorted(name for name in source.names if name in have)
    if both:
        raise SchemaMismatch(
            f"Rows and {source.label} both have {both}; rename one side, select what you need, or give a `prefix`."
        )
    unlike = [f"{called!r} is {have[called]} and {offered[key]}" for key, called in source.keys.items()
              if have[called] != offered[key]]  # fmt: skip
    if unlike:
        raise SchemaMismatch(f"Keys are compared in one type only: {'; '.join(unlike)}. Cast one side.")
    for moment in filter(None, (source.time, source.known)):
        if have[on] != offered[moment]:
            raise SchemaMismatch(
                f"{on!r} is {have[on]} and {moment!r} is {offered[moment]}; moments compare only in one type, unit and "
                "zone. Bring one side to the other's, as with dt.cast_time_unit or dt.convert_time_zone."
            )
    if source.within is not None and have[on].is_integer():
        raise Misuse(f"`within` is a length of time, but {on!r} is {have[on]}; leave it out, or join on datetimes.")


def _shown(have: pl.Schema) -> list[str]:
    return [name for name in have if name != PLACE]
