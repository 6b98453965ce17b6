"""Tables, their versions and the checks declared on them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

State = Literal["valid", "flagged", "quarantined", "discarded"]
Operation = Literal["append", "overwrite", "upsert", "delete", "erase", "rename", "widen", "restore"]
Severity = Literal["block", "warn", "divert"]
Watch = Literal["block", "warn", "off"]


class Column(Struct, frozen=True):
    """A column's name and its type, spelled as Arrow does: int64, float64, string, timestamp[us, UTC], ..."""

    name: str
    type: str


class CheckSpec(Struct, frozen=True):
    """A declared check: what kind, on which column, with which arguments. Stored as data, evaluated by its kind.

    `objective` says how often it has to pass: "99 % of days in 30 d".
    """

    name: str
    kind: str
    column: str | None = None
    arguments: dict[str, Any] = {}
    severity: Severity = "block"
    owner: str | None = None
    objective: str | None = None


class TableSpec(Struct, frozen=True):
    """A declared table. `every` is the width of a partition of event time ("1d", "1h"); without `time` there is one.

    `watch` says what learned expectations may do: quarantine blatant surprises and flag milder ones, only flag,
    or nothing. `pii` names the columns about persons: no alert, example or profile shows their values.
    """

    name: str
    key: tuple[str, ...] = ()
    time: str | None = None
    every: str = "1d"
    checks: tuple[CheckSpec, ...] = ()
    watch: Watch = "block"
    owner: str | None = None
    description: str = ""
    pii: tuple[str, ...] = ()


class DataFile(Struct, frozen=True):
    """An immutable Parquet file. `path` is relative to the table storage, `digest` the SHA-256 of its bytes.

    `stamp` is the storage's own mark of the bytes when they were written: the same stamp means the same bytes.
    `content` stands for the rows: what a compaction merged keeps the sum of what it replaced. `rank` is the file's
    place among those of its partition; rows are read in this order.
    """

    path: str
    partition: str
    rows: int
    bytes: int
    digest: str
    stamp: str = ""
    content: str = ""
    rank: int = 0


class Commit(Struct, frozen=True):
    """One change of a table. Published commits have a version; quarantined and discarded ones have None.

    `rows` and `columns` are those of the table after a published commit, and of the commit itself otherwise.
    `base` is the version that the commit was made from (None: it does not matter, as for an append). `digest` is the
    content of the published version: the same rows in the same files give the same digest. `renamed` maps the columns'
    names before to those after. `collected_at` is when the version's own files were given up, so that it cannot be
    read any more. `diverted_from` is the commit of the rows that passed, where these are those that a rule took out.
    `node` is the task of the run that made the commit; "" when none did.
    """

    id: str
    table: str
    version: int | None
    state: State
    operation: Operation
    partitions: tuple[str, ...]
    rows: int
    columns: tuple[Column, ...]
    added: tuple[DataFile, ...]
    removed: tuple[str, ...]
    idempotency_key: str | None
    actor: str
    run: str | None
    committed_at: datetime
    base: int | None = None
    digest: str = ""
    renamed: dict[str, str] = {}
    collected_at: datetime | None = None
    diverted_from: str | None = None
    node: str = ""

    def __repr__(self) -> str:
        """What became of it, in one line: a commit names a file for each partition."""
        published = f" as version {self.version}" if self.version else ""
        return f"Commit({self.id!r}: {self.operation} of {self.table!r}, {self.state}{published}, {self.rows:,} rows)"


class Snapshot(Struct, frozen=True):
    """A name for versions of several tables at once; what it names is never collected."""

    name: str
    versions: dict[str, int]
    actor: str
    created_at: datetime
    because: str = ""
