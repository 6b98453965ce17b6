"""Rows on two sides: the past to learn from, and the exam to be judged on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl
from msgspec.structs import replace

from trivium.durations import parse_duration
from trivium.errors import Misuse, SchemaMismatch
from trivium.frames import to_frame
from trivium.tables.at import TableVersion
from trivium.tables.features import lazy_rows
from trivium.tables.leakage import refuse_leakage
from trivium.tables.share import share_of
from trivium.tables.table import Table
from trivium.values.splits import SplitKind, SplitRule

Sides = tuple[pl.DataFrame, pl.DataFrame]


def make_rule(
    *,
    latest: str | None = None,
    after: str | datetime | None = None,
    share: float | None = None,
    by: str | Sequence[str] = (),
    key: str | Sequence[str] = (),
    time: str | None = None,
    seed: int = 0,
) -> SplitRule:
    """The rule that these words of `tv.split` mean. Raises Misuse when they mean none, or several."""
    groups, keys = _names(by), _names(key)
    said = [name for name, value in (("latest", latest), ("after", after), ("share", share)) if value is not None]
    if len(said) != 1:
        raise Misuse(
            f"A split has one of latest=, after= and share=; this one has {', '.join(said) or 'none of them'}."
        )
    if share is not None:
        if not 0 < share < 1:
            raise Misuse(f"The share of the exam is between 0 and 1, not {share!r}.")
        if not (groups or keys):
            raise Misuse("Say which rows belong together: by='customer_id', or key= for each row on its own.")
        return SplitRule("hash", repr(float(share)), time, groups or keys, keys if groups else (), seed)
    kind: SplitKind = "latest" if latest is not None else "after"
    amount = latest if latest is not None else _iso(after)
    if kind == "latest":
        parse_duration(str(amount))
    return SplitRule(kind, str(amount), time, groups, keys)


def complete_rule(rule: SplitRule, rows: pl.DataFrame) -> SplitRule:
    """The rule with its column of times, which may be left out when the rows have only one. Raises Misuse otherwise."""
    if rule.kind == "hash" or rule.time is not None:
        return rule
    times = [name for name, dtype in rows.schema.items() if isinstance(dtype, (pl.Datetime, pl.Date))]
    if len(times) != 1:
        raise Misuse(f"Say by which column of times to split (time=...): the rows have {times or 'none'}.")
    return replace(rule, time=times[0])


def divide_rows(rows: Any, rule: SplitRule) -> Sides:
    """(past, exam) of a table's newest version or rows of any kind, each in the order of the rows; see `SplitRule`.

    Raises SchemaMismatch for a column that is absent or has no value somewhere, Misuse when a side would be empty,
    Leakage when a key or a group is on both sides.
    """
    frame = to_frame(lazy_rows(rows) if isinstance(rows, Table | TableVersion) else rows)
    complete = complete_rule(rule, frame)
    is_exam = share_of(frame, complete.by, complete.seed) < float(complete.amount) if rule.kind == "hash" else (
        _is_late(frame, complete)
    )  # fmt: skip
    past, exam = frame.filter(~is_exam), frame.filter(is_exam)
    if not past.height or not exam.height:
        raise Misuse(_why_empty(frame, complete, past))
    refuse_leakage(past, exam, key=complete.key, by=complete.by)
    return past, exam


def split_rows(rows: Any, *, time: str, latest: str) -> Sides:
    """(past, exam): the exam is everything within `latest` ("30d") of the newest moment in column `time`.

    Raises what `divide_rows` raises.
    """
    return divide_rows(rows, make_rule(latest=latest, time=time))


def _is_late(rows: pl.DataFrame, rule: SplitRule) -> pl.Series:
    """Whether each row belongs to the exam of a split by time."""
    moments = _moments(rows, rule.time or "")
    if rule.kind == "latest":
        newest: Any = moments.max()
        edge: datetime = newest - parse_duration(rule.amount)
        return moments > edge
    return moments > _moment(rule.amount)


def _moments(rows: pl.DataFrame, time: str) -> pl.Series:
    """The times of the rows, in UTC."""
    if time not in rows.columns:
        raise SchemaMismatch(f"The rows have no column {time!r} to split by; they have {rows.columns}.")
    values = rows[time]
    if not isinstance(values.dtype, (pl.Datetime, pl.Date)):
        raise SchemaMismatch(f"The column {time!r} to split by holds {values.dtype}; give timestamps or dates.")
    if values.null_count() or not len(values):
        raise SchemaMismatch(
            f"{values.null_count()} of {rows.height} rows have no {time!r}, so they are on no side of a split."
        )
    if values.dtype == pl.Date:
        return values.cast(pl.Datetime("us"))
    return values.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if _zone(values) else values


def _zone(values: pl.Series) -> str | None:
    return getattr(values.dtype, "time_zone", None)


def _moment(text: str) -> datetime:
    """The moment in UTC; a text without a zone is in UTC, as a column without one is."""
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _iso(after: str | datetime | None) -> str:
    try:
        return (after if isinstance(after, datetime) else datetime.fromisoformat(str(after))).isoformat()
    except ValueError:
        raise Misuse(f"{after!r} is not a moment; write it as '2024-03-01' or '2024-03-01T12:00'.") from None


def _names(columns: str | Sequence[str]) -> tuple[str, ...]:
    return (columns,) if isinstance(columns, str) else tuple(columns)


def _why_empty(rows: pl.DataFrame, rule: SplitRule, past: pl.DataFrame) -> str:
    left = "to learn from" if not past.height else "for the exam"
    if rule.kind == "latest":
        return f"All {rows.height} rows are within {rule.amount} of the newest, so nothing is left {left}."
    if rule.kind == "after":
        side = "after" if not past.height else "not after"
        return f"All {rows.height} rows are {side} {rule.amount}, so nothing is left {left}."
    groups = rows.select(rule.by).n_unique()
    return (
        f"With a share of {rule.amount}, the {groups} values of {', '.join(rule.by)} are all on one side, so nothing "
        f"is left {left}; take another share or seed, or more rows."
    )
