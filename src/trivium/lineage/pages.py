"""Every reader and writer of a table, fetched a page at a time as far as somebody looks."""

from __future__ import annotations

from collections.abc import Iterator

from trivium.store.catalog import Catalog
from trivium.values.lineage import Read, Write

PAGE = 1000
ALL = 1_000_000  # of what one run read or wrote, which is little


def list_readers(catalog: Catalog, table: str, version: int | None = None) -> Iterator[Read]:
    """Reads of this version and of later ones that carry it (None: of any), newest first."""
    page = catalog.lineage.readers_of(table, version, limit=PAGE)
    while page:
        yield from page
        page = catalog.lineage.readers_of(table, version, before=page[-1], limit=PAGE)


def list_writers(catalog: Catalog, table: str, version: int | None = None) -> Iterator[Write]:
    """The commits whose rows this version carries, its own among them (None: all), newest first."""
    page = catalog.lineage.writers_of(table, version, limit=PAGE)
    while page:
        yield from page
        page = catalog.lineage.writers_of(table, version, before=page[-1].version, limit=PAGE)
