"""Lineage over SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from trivium.store.catalog.sql.carrying import CARRIED, END
from trivium.store.catalog.sql.changes import (
    batched,
    list_changes_of,
    list_changes_since,
    list_makers,
    list_reads_by,
    list_spans_since,
)
from trivium.store.catalog.sql.database import Database, Transaction
from trivium.store.catalog.sql.marks import marks
from trivium.values.lineage import Change, Read, Span, TableRead, Write
from trivium.values.models import ModelVersion

WRITE = 'c."table", c.version, c.operation, c.run, c.actor, c.committed_at'


class SqlLineage:
    """Implements `Lineage`; see there for the guarantees."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def record_reads(self, reads: Sequence[Read]) -> None:
        with self.database.write() as tx:
            for read in reads:
                record_read(tx, read)

    def reads_of(self, run: str, *, limit: int = 1000) -> list[Read]:
        return self.database.read().all(
            Read,
            "SELECT * FROM lineage_reads WHERE run = ? ORDER BY kind DESC, name, version, node LIMIT ?",
            run, limit,
        )  # fmt: skip

    def writes_of(self, runs: Sequence[str], *, limit: int = 1000) -> list[Write]:
        found = [
            write
            for some in batched(runs)
            for write in self.database.read().all(
                Write,
                f"SELECT {WRITE} FROM commits c WHERE c.run IN ({marks(some)}) AND c.version IS NOT NULL "
                'ORDER BY c."table", c.version LIMIT ?',
                *some, limit,
            )
        ]  # fmt: skip
        return sorted(found, key=lambda write: (write.table, write.version))[:limit]

    def runs_reading(self, table: str, versions: Sequence[int] | None = None) -> list[str]:
        statement = "SELECT DISTINCT run FROM lineage_reads WHERE kind = 'table' AND name = ?"
        if versions is None:
            return [row["run"] for row in self.database.read().execute(statement, table)]
        runs = dict[str, None]()
        for some in batched(versions):
            found = self.database.read().execute(f"{statement} AND version IN ({marks(some)})", table, *some)
            runs |= {row["run"]: None for row in found}
        return list(runs)

    def readers_of(
        self, table: str, version: int | None = None, *, before: Read | None = None, limit: int = 1000
    ) -> list[Read]:
        seen = (END, "", "") if before is None else (before.version, before.run, before.node)
        page = "(r.version, r.run, r.node) < (?, ?, ?) ORDER BY r.version DESC, r.run DESC, r.node DESC LIMIT ?"
        if version is None:
            statement = f"SELECT r.* FROM lineage_reads r WHERE r.kind = 'table' AND r.name = ? AND {page}"
            return self.database.read().all(Read, statement, table, *seen, limit)
        statement = (
            'SELECT r.* FROM lineage_reads r JOIN commits c ON c."table" = r.name AND c.version = ? '
            f"WHERE r.kind = 'table' AND r.name = ? AND r.version >= ? AND {CARRIED.format(version='r.version')} "
            f"AND {page}"
        )
        return self.database.read().all(Read, statement, version, table, version, *seen, limit)

    def writers_of(
        self, table: str, version: int | None = None, *, before: int | None = None, limit: int = 1000
    ) -> list[Write]:
        carried, values = ("", ()) if version is None else (f" AND {CARRIED.format(version='v.version')}", (version,))
        asked = "" if version is None else "JOIN (SELECT CAST(? AS BIGINT) AS version) v ON c.version <= v.version "
        return self.database.read().all(
            Write,
            f'SELECT {WRITE} FROM commits c {asked}WHERE c."table" = ? AND c.version IS NOT NULL '
            f"AND c.version < ?{carried} ORDER BY c.version DESC LIMIT ?",
            *values, table, END if before is None else before, limit,
        )  # fmt: skip

    def blob_readers(self, digest: str, *, limit: int = 1000) -> list[Read]:
        return self.database.read().all(
            Read,
            "SELECT * FROM lineage_reads WHERE kind = 'blob' AND name = ? ORDER BY run, node LIMIT ?",
            digest, limit,
        )  # fmt: skip

    def blobs_of(self, run: str, *, limit: int = 1000) -> list[tuple[str, str]]:
        rows = self.database.read().execute(
            "SELECT node, digest FROM task_outputs WHERE run = ? ORDER BY node, digest LIMIT ?", run, limit
        )
        return [(row["node"], row["digest"]) for row in rows]

    def models_of(self, runs: Sequence[str]) -> list[ModelVersion]:
        found = dict[tuple[str, int], ModelVersion]()
        for some in batched(runs):
            models = self.database.read().all(
                ModelVersion,
                f"SELECT * FROM model_versions WHERE run IN ({marks(some)}) OR artifact IN "
                f"(SELECT digest FROM task_outputs WHERE run IN ({marks(some)}))",
                *some, *some,
            )  # fmt: skip
            found |= {(model.name, model.version): model for model in models}
        return [found[name] for name in sorted(found)]

    def models_of_blob(self, digest: str) -> list[ModelVersion]:
        return self.database.read().all(
            ModelVersion,
            "SELECT * FROM model_versions WHERE artifact = ? OR report = ? ORDER BY name, version",
            digest, digest,
        )  # fmt: skip

    def reads_by(self, runs: Sequence[str]) -> list[TableRead]:
        return list_reads_by(self.database.read(), runs)

    def makers_of(self, artifacts: Sequence[str]) -> list[tuple[str, str]]:
        return list_makers(self.database.read(), artifacts)

    def changes_of(self, tables: Sequence[str]) -> list[Change]:
        return list_changes_of(self.database.read(), tables)

    def changes_since(self, versions: Mapping[str, int]) -> list[Change]:
        return list_changes_since(self.database.read(), versions)

    def spans_since(self, versions: Mapping[str, int]) -> list[Span]:
        return list_spans_since(self.database.read(), versions)

    def position(self, name: str) -> int:
        row = self.database.read().execute("SELECT seq FROM positions WHERE name = ?", name).fetchone()
        return 0 if row is None else int(row["seq"])

    def advance(self, name: str, seq: int) -> None:
        with self.database.write() as tx:
            tx.execute(
                "INSERT INTO positions (name, seq) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET seq = "
                "CASE WHEN excluded.seq > positions.seq THEN excluded.seq ELSE positions.seq END",
                name, seq,
            )  # fmt: skip


def record_read(tx: Transaction, read: Read) -> None:
    """The read is on record, in a transaction that also does something else."""
    known = tx.one(
        Read,
        "SELECT * FROM lineage_reads WHERE run = ? AND node = ? AND kind = ? AND name = ? AND version = ?",
        read.run, read.node, read.kind, read.name, read.version,
    )  # fmt: skip
    if known is None:
        tx.insert("lineage_reads", read)
        return
    joined = msgspec.structs.replace(
        known, columns=_union(known.columns, read.columns), partitions=_union(known.partitions, read.partitions)
    )
    if joined != known:
        tx.replace("lineage_reads", joined)


def _union(known: tuple[str, ...] | None, more: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if known is None or more is None else tuple(sorted({*known, *more}))
