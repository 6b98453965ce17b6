"""The newest rows by key, for serving: a derived copy of published versions, always rebuildable."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from trivium.deferred import Deferred

if TYPE_CHECKING:
    from trivium.store import online_table
else:
    online_table = Deferred("trivium.store.online_table")  # most processes look nothing up


class Online:
    """The copies of a project's tables, an SQLite file each. Losing them loses nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._tables: dict[str, online_table.OnlineTable] = {}

    def table(self, name: str) -> online_table.OnlineTable:
        """The copy of this table, empty when it is new."""
        found = self._tables.get(name)
        return found or self._tables.setdefault(name, online_table.OnlineTable(self.folder / f"{name}-1.db"))

    def version(self, table: str) -> int:
        """The version of the table that the copy has; 0 when there is none."""
        return self.table(table).version()

    def drop(self, table: str) -> None:
        """No row of the table is in the copy, nor in what its file has left free."""
        self.table(table).drop()

    def close(self) -> None:
        """Every connection is closed."""
        for table in self._tables.values():
            table.close()
