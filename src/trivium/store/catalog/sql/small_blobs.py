"""Small blobs over SQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from trivium.store.catalog.sql.database import Database, Transaction
from trivium.store.catalog.sql.rows import iso
from trivium.store.storage import StoredFile


class SqlSmallBlobs:
    """Implements `SmallBlobs`; see there for the guarantees."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def record(self, blobs: Mapping[str, bytes]) -> None:
        with self.database.write() as tx:
            record_small_blobs(tx, blobs)

    def find(self, digest: str) -> bytes | None:
        row = self.database.read().execute("SELECT data FROM small_blobs WHERE digest = ?", digest).fetchone()
        return None if row is None else str(row[0]).encode()

    def delete(self, digest: str) -> None:
        if self.find(digest) is None:
            return
        with self.database.write() as tx:
            tx.execute("DELETE FROM small_blobs WHERE digest = ?", digest)

    def list_digests(self) -> list[StoredFile]:
        rows = self.database.read().execute("SELECT digest, data, at FROM small_blobs ORDER BY digest")
        return [StoredFile(row["digest"], len(row["data"].encode()), datetime.fromisoformat(row["at"])) for row in rows]


def record_small_blobs(tx: Transaction, blobs: Mapping[str, bytes]) -> None:
    """They are stored in this transaction."""
    now = iso(tx.clock()) if blobs else ""
    for digest, data in blobs.items():
        tx.execute("INSERT INTO small_blobs VALUES (?, ?, ?) ON CONFLICT DO NOTHING", digest, data.decode(), now)
