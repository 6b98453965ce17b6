"""Opening an SQLite file that several processes share."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Literal

BUSY_SECONDS = 60.0
PAUSE_SECONDS = 0.02


def open_sqlite(
    path: Path, *, synchronous: Literal["FULL", "NORMAL"], patience: float = BUSY_SECONDS
) -> sqlite3.Connection:
    """A connection in WAL mode, without implicit transactions, that waits for other writers.

    It may be closed by another thread. Raises sqlite3.DatabaseError for a file that is not SQLite.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
    try:
        _enter_wal(connection, patience)
        connection.execute(f"PRAGMA synchronous = {synchronous}")
    except BaseException:
        connection.close()
        raise
    return connection


def _enter_wal(connection: sqlite3.Connection, patience: float) -> None:
    # SQLite does not wait for others while the mode of a new file changes, whatever the timeout: so this does.
    for _ in range(int(patience / PAUSE_SECONDS)):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise
        time.sleep(PAUSE_SECONDS)
    connection.execute("PRAGMA journal_mode = WAL")
