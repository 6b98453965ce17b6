"""What changed in tables, without what it changed: read for many tables at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from trivium.store.catalog.sql.database import Transaction
from trivium.store.catalog.sql.marks import marks
from trivium.values.lineage import Change, Span, TableRead

T = TypeVar("T")
BATCH = 500
TABLES = 100  # each has a part of the statement
CHANGE = (
    'c."table", c.version, c.operation, c.partitions, c.run, c.node, c.digest, '
    "CASE WHEN c.removed = '[]' THEN 0 ELSE 1 END AS replaced, "
    "CASE WHEN c.collected_at IS NULL THEN 1 ELSE 0 END AS kept, c.committed_at"
)
SPAN = '"table", partition, digest, content, added_version AS added, removed_version AS removed'


def list_changes_of(tx: Transaction, tables: Sequence[str]) -> list[Change]:
    """The published commits of those of the tables that a run ever wrote, by table and version."""
    return [
        change
        for some in batched(tables, BATCH)
        for change in tx.many(
            Change,
            f'SELECT {CHANGE} FROM commits c WHERE c."table" IN (SELECT "table" FROM commits WHERE run IS NOT NULL '
            f'AND "table" IN ({marks(some)})) AND c.version IS NOT NULL ORDER BY c."table", c.version',
            *some,
        )
    ]


def list_changes_since(tx: Transaction, versions: Mapping[str, int]) -> list[Change]:
    """The published commits of each table from this version on, by table and version."""
    one = f'SELECT {CHANGE} FROM commits c WHERE c."table" = ? AND c.version >= ?'
    return [
        change
        for some in batched(sorted(versions.items()), TABLES)
        for change in tx.many(
            Change,
            f'SELECT * FROM ({" UNION ALL ".join([one] * len(some))}) AS told ORDER BY "table", version',
            *(value for pair in some for value in pair),
        )
    ]


def list_spans_since(tx: Transaction, versions: Mapping[str, int]) -> list[Span]:
    """The files of each table that joined it after this version and are still there, or left it after."""
    one = (
        f'SELECT {SPAN} FROM files WHERE "table" = ? AND removed_version > ? '
        f'UNION ALL SELECT {SPAN} FROM files WHERE "table" = ? AND added_version > ? AND removed_version IS NULL'
    )
    return [
        span
        for some in batched(sorted(versions.items()), TABLES)
        for span in tx.many(
            Span, " UNION ALL ".join([one] * len(some)), *(value for pair in some for value in (*pair, *pair))
        )
    ]


def list_reads_by(tx: Transaction, runs: Sequence[str]) -> list[TableRead]:
    """The table versions that these runs read. Of reads that are not narrowed it is not told which task did them.

    `kind <> 'blob'`, as a database without statistics goes by `kind = 'table'`, which is nearly all reads.
    """
    node = "CASE WHEN partitions = 'null' THEN '' ELSE node END AS node"
    return [
        read
        for some in batched(runs, BATCH)
        for read in tx.many(
            TableRead,
            f'SELECT run, {node}, name AS "table", version, partitions FROM lineage_reads '
            f"WHERE run IN ({marks(some)}) AND kind <> 'blob'",
            *some,
        )
    ]


def list_makers(tx: Transaction, artifacts: Sequence[str]) -> list[tuple[str, str]]:
    """(digest, run) for every run of which a task returned one of these blobs."""
    return [
        (row["digest"], row["run"])
        for some in batched(artifacts, BATCH)
        for row in tx.execute(
            f"SELECT DISTINCT digest, run FROM task_outputs WHERE digest IN ({marks(some)}) ORDER BY digest, run", *some
        )
    ]


def batched(values: Sequence[T], size: int = BATCH) -> Iterator[Sequence[T]]:
    """The values in pieces that one statement takes."""
    return (values[start : start + size] for start in range(0, len(values), size))
