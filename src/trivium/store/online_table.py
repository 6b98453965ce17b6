"""The newest rows of one table by key."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from trivium.store.online_changes import Plan, apply_changes, clear, list_files
from trivium.store.online_connection import OnlineConnections
from trivium.values.alerts import Alert
from trivium.values.staleness import NewerInput

EARLIEST = -(2**63)
LATEST = 2**63 - 1
MOST_HOT = 10_000

FIND = (
    "SELECT moment, body, (SELECT version FROM state) FROM rows WHERE key = ? AND moment <= ? "
    "ORDER BY moment DESC, rank DESC, part DESC LIMIT 1"
)
FIND_OR_VERSION = (
    "SELECT moment, body, version FROM state LEFT JOIN (SELECT moment, body FROM rows WHERE key = ? AND moment <= ? "
    "ORDER BY moment DESC, rank DESC, part DESC LIMIT 1)"
)

Row = dict[str, Any]
Found = tuple[int, Row] | None
decode = msgspec.msgpack.Decoder(Row).decode


class Hot(Struct):
    """Rows of one version that were asked for without a moment, ready to be decoded."""

    version: int
    rows: dict[str, tuple[int, bytes]]


class OnlineTable:
    """Rows of one table by (key, moment). A moment is microseconds since 1970 in UTC; EARLIEST is that of every row of
    a table without event time.

    Guarantees: one lookup sees one version. Of several rows of one key and moment the last in the table's order counts.
    """

    def __init__(self, path: Path) -> None:
        self._connections = OnlineConnections(path)
        self._hot = Hot(0, {})
        # The catalog's pulse, and what it had then: the newest version, and the table's open alerts.
        self.seen: tuple[object | None, int, tuple[Alert, ...]] = (None, 0, ())
        # The pulse when it was asked which inputs of the table are newer, when that was, and the answer.
        self.stale: tuple[object | None, float, tuple[NewerInput, ...]] = (None, -inf, ())

    def version(self) -> int:
        """The version of the table that is here; 0 when there is none."""
        return int(self._connections.get().execute("SELECT version FROM state").fetchone()[0])

    def find(self, keys: Sequence[str], moments: Sequence[int], version: int) -> tuple[int, list[Found]]:
        """(version, rows): of each key the newest row that is not after the moment, and the version that they are of.

        version: the one that is expected. Another one may be here, before or after it.
        """
        if len(keys) != 1:
            return self._find_many(keys, moments)
        hot = self._hot if self._hot.version == version else self._cool(version)
        key, moment = keys[0], moments[0]
        known = hot.rows.get(key)
        if known is not None and known[0] <= moment:
            return version, [(known[0], decode(known[1]))]
        execute = self._connections.get().execute
        at, body, here = execute(FIND, (key, moment)).fetchone() or execute(FIND_OR_VERSION, (key, moment)).fetchone()
        if body is None:
            return here, [None]
        if moment == LATEST and here == version:
            _keep(hot, key, at, body)
        return here, [(at, decode(body))]

    def catch_up(self, version: int, plan: Plan) -> None:
        """This version can be looked up; nothing happens when it, or a newer one, was there.

        plan: called with the version and the data files that are here, inside the one transaction, so that two
        processes that catch up at once do it one after the other; gives what has to change.
        """
        connection = self._connections.get()
        with self._connections.write() as transaction:
            have = self.version()
            if have < version:
                apply_changes(transaction, plan(have, list_files(connection)))
                connection.execute("UPDATE state SET version = ?", (version,))

    def forget(self, *, before: int) -> None:
        """Rows before this moment are dropped; those of a table without event time stay."""
        with self._connections.write() as transaction:
            transaction.execute("DELETE FROM rows WHERE moment < ? AND moment > ?", (before, EARLIEST))
        self._hot = Hot(0, {})

    def drop(self) -> None:
        """No row is here, nor in what the file has left free."""
        self._hot = Hot(0, {})
        if not self._connections.path.exists():
            return
        with self._connections.write() as transaction:
            clear(transaction)
            transaction.execute("UPDATE state SET version = 0")
        self._connections.shrink()

    def close(self) -> None:
        """Every connection is closed."""
        self._connections.close()

    def _find_many(self, keys: Sequence[str], moments: Sequence[int]) -> tuple[int, list[Found]]:
        """In one transaction, so that all are of one version."""
        connection = self._connections.get()
        cursor = connection.cursor()
        cursor.execute("BEGIN")
        try:
            here = self.version()
            rows = [cursor.execute(FIND, pair).fetchone() for pair in zip(keys, moments, strict=True)]
        finally:
            cursor.execute("COMMIT")
        return here, [None if row is None else (row[0], decode(row[1])) for row in rows]

    def _cool(self, version: int) -> Hot:
        self._hot = Hot(version, {})
        return self._hot


def _keep(hot: Hot, key: str, moment: int, body: bytes) -> None:
    if len(hot.rows) >= MOST_HOT:
        hot.rows.clear()
    hot.rows[key] = (moment, body)
