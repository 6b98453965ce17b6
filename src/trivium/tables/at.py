"""A table as it was: by version, by time, by the run that read it, by snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Unpack

import polars as pl
from msgspec import Struct

from trivium.checks.mask import mask_rows
from trivium.errors import Misuse, NotFound
from trivium.store.store import Store
from trivium.tables.delete import condition
from trivium.tables.loading.batches import Batches, load_batches
from trivium.tables.loading.manner import BatchOptions
from trivium.tables.read import get_readable, list_open_alerts, read_version
from trivium.values.alerts import Alert
from trivium.values.tables import Commit


class TableVersion(Struct, frozen=True):
    """One version of one table: a fixed thing, whatever happens to the table."""

    store: Store
    commit: Commit

    @property
    def table(self) -> str:
        """The table's name."""
        return self.commit.table

    @property
    def version(self) -> int:
        """The version's number."""
        return self.commit.version or 0

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """The open alerts about rows of this version, oldest first."""
        return list_open_alerts(self.store, self.commit)

    def read(self, columns: Sequence[str] | None = None, where: str | None = None) -> pl.LazyFrame:
        """The rows, lazily; only these columns, and those rows that an SQL condition is true for."""
        meant = None if where is None else _condition(self.commit, where)
        needed = [] if meant is None else meant.meta.root_names()
        looked_at = None if columns is None else [*columns, *needed]
        rows = read_version(self.store, self.table, self.version, columns=looked_at)
        kept = rows if meant is None else rows.filter(meant)
        return kept if columns is None else kept.select(_known(self.commit, columns))

    def batches(self, **options: Unpack[BatchOptions]) -> Batches:
        """Batches of the rows for training, filtered, shuffled and sharded; see `load_batches`."""
        return load_batches(self.store, self.table, self.version, **options)

    def __repr__(self) -> str:
        return f"TableVersion({self.table!r}, {self.version})"


def find_table_version(
    store: Store,
    name: str,
    version: int | None = None,
    *,
    time: datetime | str | None = None,
    run: str | None = None,
    snapshot: str | None = None,
) -> TableVersion:
    """The table at a version, at a moment, as a run read it, or in a snapshot; as it is now when nothing is said.

    time: a datetime (without a zone: UTC) or its ISO text. Raises Misuse when more than one is said or the text is no
    moment, NotFound when the table had no version then, or it is not kept any more.
    """
    said = [each for each in (version, time, run, snapshot) if each is not None]
    if len(said) > 1:
        raise Misuse("Say one of version, time, run and snapshot: each of them names a version.")
    if time is not None:
        version = _at_time(store, name, time)
    elif run is not None:
        version = _at_run(store, name, run)
    elif snapshot is not None:
        version = _at_snapshot(store, name, snapshot)
    return TableVersion(store, get_readable(store, name, version))


def _at_time(store: Store, name: str, time: datetime | str) -> int | None:
    moment = _moment(time) if isinstance(time, str) else time
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    found = store.catalog.tables.find_version_at(name, zoned)
    if found is None:
        store.catalog.tables.get_spec(name)
        raise NotFound(f"Table {name!r} had no published version at {zoned.isoformat()}.")
    return found.version


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise Misuse(f"{text!r} is no moment; write one such as '2024-05-01T08:00' (UTC) or '2024-05-01'.") from None


def _at_run(store: Store, name: str, run: str) -> int:
    read = {each.table: each.version for each in store.catalog.runs.get_run(run).inputs}
    if name not in read:
        raise NotFound(f"Run {run} did not read table {name!r}; it read {', '.join(read) or 'no table'}.")
    return read[name]


def _at_snapshot(store: Store, name: str, snapshot: str) -> int:
    versions = store.catalog.retention.get_snapshot(snapshot).versions
    if name not in versions:
        raise NotFound(f"Snapshot {snapshot!r} does not hold table {name!r}; it holds {', '.join(versions)}.")
    return versions[name]


def _condition(commit: Commit, where: str) -> pl.Expr:
    """The condition as an expression over the columns that it names, judged by the engine of the checks."""
    expression = condition(commit.table, where, commit.columns)
    lower = {name.lower() for name in expression.columns}
    named = [column.name for column in commit.columns if column.name.lower() in lower]
    if not named:
        raise Misuse(f"The condition {where!r} names no column.")

    def hit(values: pl.Series) -> pl.Series:
        return mask_rows(expression, values.struct.unnest())

    return pl.struct(named).map_batches(hit, return_dtype=pl.Boolean, is_elementwise=True)


def _known(commit: Commit, columns: Sequence[str]) -> list[str]:
    have = [column.name for column in commit.columns]
    unknown = [name for name in columns if name not in have]
    if unknown:
        raise Misuse(f"Table {commit.table!r} has no column {', '.join(unknown)}; it has {', '.join(have)}.")
    return list(columns)
