"""A table as its user declares and uses it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib import import_module
from typing import Any, Unpack

import polars as pl

from trivium.checks.metric import refuse_on_table
from trivium.errors import Misuse
from trivium.ids import checked_name
from trivium.lineage.staleness import table_staleness
from trivium.store.store import Store, current_store
from trivium.tables.at import TableVersion, find_table_version
from trivium.tables.commit import commit_rows
from trivium.tables.delete import delete_rows
from trivium.tables.diff import TableDiff, diff_versions
from trivium.tables.erase import Erased, erase_rows
from trivium.tables.given_rows import read_given
from trivium.tables.loading.batches import Batches, load_batches
from trivium.tables.loading.manner import BatchOptions, TorchOptions
from trivium.tables.loading.torch_import import import_torch
from trivium.tables.lookup import Lookup, lookup_told
from trivium.tables.partition_name import partition_format
from trivium.tables.quarantine import Aside, list_aside, warn_quarantined
from trivium.tables.read import get_version, read_commit, read_version
from trivium.tables.reshape import rename_columns, widen_column
from trivium.tables.restore import restore_version
from trivium.tables.settle import settle_commit
from trivium.tables.upsert import upsert_rows
from trivium.values.events import EventPattern
from trivium.values.shown import Shown
from trivium.values.staleness import Staleness
from trivium.values.tables import CheckSpec, Commit, TableSpec, Watch


class Table(Shown):
    """Versioned rows with a key and an event time. Declaring one touches nothing; the first commit makes it.

    name: lower-case letters, digits, `_` and `-`. key: the column or columns that tell rows apart.
    time: the column of event time; rows are committed by partitions of it, `every` "1d" or "1h" wide.
    checks: rules that hold for every commit. watch: what learned expectations may do ("block", "warn" or "off").
    pii: the column or columns about persons, whose values no alert, example or profile shows.
    Raises InvalidName, and Misuse for a width of partitions or a check that is none.
    """

    def __init__(
        self,
        name: str,
        *,
        key: str | Sequence[str] = (),
        time: str | None = None,
        every: str = "1d",
        checks: Sequence[CheckSpec] = (),
        watch: Watch = "block",
        owner: str | None = None,
        description: str = "",
        pii: str | Sequence[str] = (),
    ) -> None:
        partition_format(every)
        self.spec = TableSpec(
            name=checked_name(name, "table"),
            key=(key,) if isinstance(key, str) else tuple(key),
            time=time,
            every=every,
            checks=tuple(checks),
            watch=watch,
            owner=owner,
            description=description,
            pii=(pii,) if isinstance(pii, str) else tuple(pii),
        )
        _refuse_checks(self.spec, checks)

    @property
    def name(self) -> str:
        """The table's name."""
        return self.spec.name

    @property
    def committed(self) -> EventPattern:
        """A new version of this table was published: for `tv.on(...)`."""
        return EventPattern("table.committed", self.name)

    @property
    def quarantined(self) -> EventPattern:
        """A commit to this table was kept aside: for `tv.on(...)`."""
        return EventPattern("table.quarantined", self.name)

    @property
    def diverted(self) -> EventPattern:
        """Rows of a commit to this table were kept aside, and the others published: for `tv.on(...)`."""
        return EventPattern("table.diverted", self.name)

    @property
    def budget_exhausted(self) -> EventPattern:
        """The error budget of a check of this table was used up: for `tv.on(...)`."""
        return EventPattern("check.budget_exhausted", self.name)

    def append(self, rows: Any, *, idempotency_key: str | None = None, store: Store | None = None) -> Commit:
        """The rows are committed; see `commit_rows`. Warns with QuarantinedData when the checks kept them aside.

        rows: a frame of any kind, records, or where rows are: a file, a folder, an address such as
        `duckdb:///file.db?table=t` or `s3://bucket/key`. `trivium tables import` is for more than fit into memory.
        """
        memory = store or current_store()
        given = read_given(memory, self.spec, rows)
        return warn_quarantined(memory, commit_rows(memory, self.spec, given, idempotency_key=idempotency_key))

    def overwrite(self, rows: Any, *, idempotency_key: str | None = None, store: Store | None = None) -> Commit:
        """The rows replace the partitions that they belong to."""
        memory = store or current_store()
        given = read_given(memory, self.spec, rows)
        commit = commit_rows(memory, self.spec, given, operation="overwrite", idempotency_key=idempotency_key)
        return warn_quarantined(memory, commit)

    def upsert(self, rows: Any, *, idempotency_key: str | None = None, store: Store | None = None) -> Commit:
        """The rows replace those of the same key, and are added where there is none; see `upsert_rows`."""
        memory = store or current_store()
        given = read_given(memory, self.spec, rows)
        return warn_quarantined(memory, upsert_rows(memory, self.spec, given, idempotency_key=idempotency_key))

    def delete(self, where: str, *, idempotency_key: str | None = None, store: Store | None = None) -> Commit:
        """The rows that an SQL condition is true for are in no later version; see `delete_rows`."""
        memory = store or current_store()
        return warn_quarantined(memory, delete_rows(memory, self.name, where, idempotency_key=idempotency_key))

    def erase(self, where: str, *, because: str, store: Store | None = None) -> Erased:
        """The rows that an SQL condition is true for are in no version at all; see `erase_rows`."""
        return erase_rows(store or current_store(), self.name, where, because=because)

    def rename(self, names: Mapping[str, str], *, store: Store | None = None) -> Commit:
        """Columns have new names (old to new) from the next version on; see `rename_columns`."""
        return rename_columns(store or current_store(), self.name, names)

    def widen(self, column: str, wanted: str, *, store: Store | None = None) -> Commit:
        """A column has a wider type ("int64", "float64") from the next version on; see `widen_column`."""
        return widen_column(store or current_store(), self.name, column, wanted)

    def restore(self, version: int, *, store: Store | None = None) -> Commit:
        """The next version has what this older one had; see `restore_version`."""
        return restore_version(store or current_store(), self.name, version)

    def diff(self, old: int, new: int | None = None, *, store: Store | None = None) -> TableDiff:
        """What is not the same in version `new` (None: the newest) as in version `old`."""
        return diff_versions(store or current_store(), self.name, old, new)

    def at(
        self,
        version: int | None = None,
        *,
        time: datetime | str | None = None,
        run: str | None = None,
        snapshot: str | None = None,
        store: Store | None = None,
    ) -> TableVersion:
        """The table as it was: at a version, a moment, as a run read it, or in a snapshot."""
        memory = store or current_store()
        return find_table_version(memory, self.name, version, time=time, run=run, snapshot=snapshot)

    def read(self, version: int | None = None, *, store: Store | None = None) -> pl.LazyFrame:
        """The rows of a version (None: the newest published one), lazily."""
        return read_version(store or current_store(), self.name, version)

    def batches(
        self, version: int | None = None, *, store: Store | None = None, **options: Unpack[BatchOptions]
    ) -> Batches:
        """Batches of a version's rows for training, filtered, shuffled and sharded; see `load_batches`."""
        return load_batches(store or current_store(), self.name, version, **options)

    def torch_dataset(
        self, version: int | None = None, *, store: Store | None = None, **options: Unpack[TorchOptions]
    ) -> Any:
        """The same as a PyTorch `IterableDataset` of float matrices; see `TableDataset`. Raises MissingExtra."""
        import_torch()
        home = import_module("trivium.tables.loading.torch_dataset")
        return home.TableDataset(store or current_store(), self.name, version, **options)

    def list_quarantined(self, *, store: Store | None = None) -> list[Aside]:
        """What is kept aside of this table, diverted rows too, oldest first; `read_commit` reads its rows."""
        return list_aside(store or current_store(), self.name)

    def release(self, commit_id: str, *, because: str, store: Store | None = None) -> Commit:
        """What was kept aside is published as a flagged version; see `Tables.settle`."""
        return settle_commit(store or current_store(), commit_id, release=True, because=because)

    def discard(self, commit_id: str, *, because: str, store: Store | None = None) -> Commit:
        """What was kept aside is put away for good; see `Tables.settle`."""
        return settle_commit(store or current_store(), commit_id, release=False, because=because)

    def read_commit(self, commit_id: str, *, store: Store | None = None) -> pl.LazyFrame:
        """The rows that one commit added, lazily; also those of one in quarantine."""
        return read_commit(store or current_store(), commit_id)

    def get_latest(self, *, store: Store | None = None) -> Commit:
        """The commit that published the newest version. Raises NotFound."""
        return get_version(store or current_store(), self.name)

    def staleness(self, *, store: Store | None = None) -> Staleness:
        """Which inputs of the newest version have newer versions themselves; none for a table that no run made."""
        return table_staleness((store or current_store()).catalog, self.name)

    def lookup(
        self, keys: Sequence[Any], *, at: Sequence[datetime | None] | None = None, store: Store | None = None
    ) -> list[Lookup]:
        """The newest published row of each key, not after `at`; a key of several columns is a tuple."""
        return lookup_told(store or current_store(), self.name, keys, at)

    def __repr__(self) -> str:
        return f"Table({self.name!r})"


def _refuse_checks(table: TableSpec, given: Sequence[Any]) -> None:
    """Raises Misuse for what is no check, such as the bare SQL of a rule, or none of this table."""
    for check in given:
        if isinstance(check, CheckSpec) and check.severity == "divert" and check.kind != "rule":
            raise Misuse(f"Check {check.name!r} is a {check.kind}, and only a rule says which rows to divert.")
        if not isinstance(check, CheckSpec):
            rule = f"tv.rule({check!r})" if isinstance(check, str) else "tv.rule('price > 0')"
            raise Misuse(f"{check!r} is no check of table {table.name!r}; write {rule}, or another of the checks.")
        refuse_on_table(table, check)
