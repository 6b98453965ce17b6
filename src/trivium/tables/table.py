"""A table as its user declares and uses it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import polars as pl

from trivium.frames import to_frame
from trivium.ids import checked_name
from trivium.store.store import Store, current_store
from trivium.tables.commit import commit_rows
from trivium.tables.lookup import Lookup, key_text, lookup_rows
from trivium.tables.partitioning import partition_format
from trivium.tables.read import get_version, read_version
from trivium.values.events import EventPattern
from trivium.values.tables import CheckSpec, Commit, TableSpec, Watch


class Table:
    """Versioned rows with a key and an event time. Declaring one touches nothing; the first commit makes it.

    name: lower-case letters, digits, `_` and `-`. key: the column or columns that tell rows apart.
    time: the column of event time; rows are committed by partitions of it, `every` "1d" or "1h" wide.
    checks: rules that hold for every commit. watch: what learned expectations may do ("block", "warn" or "off").
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
        )

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

    def append(self, rows: Any, *, idempotency_key: str | None = None, store: Store | None = None) -> Commit:
        """The rows are committed; see `commit_rows`. rows: a frame of any kind, records, or a file's path."""
        memory = store or current_store()
        return commit_rows(memory, self.spec, to_frame(rows), idempotency_key=idempotency_key)

    def overwrite(self, rows: Any, *, idempotency_key: str | None = None, store: Store | None = None) -> Commit:
        """The rows replace the partitions that they belong to."""
        memory = store or current_store()
        return commit_rows(memory, self.spec, to_frame(rows), operation="overwrite", idempotency_key=idempotency_key)

    def read(self, version: int | None = None, *, store: Store | None = None) -> pl.LazyFrame:
        """The rows of a version (None: the newest published one), lazily."""
        return read_version(store or current_store(), self.name, version)

    def get_latest(self, *, store: Store | None = None) -> Commit:
        """The commit that published the newest version. Raises NotFound."""
        return get_version(store or current_store(), self.name)

    def lookup(
        self, keys: Sequence[Any], *, at: Sequence[datetime | None] | None = None, store: Store | None = None
    ) -> list[Lookup]:
        """The newest published row of each key, not after `at`; a key of several columns is a tuple."""
        texts = [key_text(key if isinstance(key, tuple) else (key,)) for key in keys]
        return lookup_rows(store or current_store(), self.name, texts, at)

    def __repr__(self) -> str:
        return f"Table({self.name!r})"
