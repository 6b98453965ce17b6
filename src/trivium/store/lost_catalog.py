"""A catalog that was there, and is not any more."""

from __future__ import annotations

from pathlib import Path

from trivium.errors import CorruptObject


def refuse_lost_catalog(catalog: Path, tables: Path) -> None:
    """Raises CorruptObject when the catalog's file is empty or gone, but there are rows that only it could name.

    SQLite takes an empty file for a new database, and would throw away the log beside it. tables: the folder of rows.
    """
    if catalog.is_file() and catalog.stat().st_size:
        return
    rows = next(tables.rglob("*.parquet"), None) if tables.is_dir() else None
    if rows is not None:
        raise CorruptObject(
            f"The catalog {catalog} is {'empty' if catalog.exists() else 'gone'}, but {tables} still has the rows that "
            "it named. Restore it from a back-up, with the files -wal and -shm beside it left as they are; to begin "
            f"anew, move {tables} away first."
        )
