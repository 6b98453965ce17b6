"""Which models learnt from rows of a table: asked before rows are erased."""

from __future__ import annotations

from collections.abc import Iterable

from trivium.lineage.pages import ALL, list_readers
from trivium.store.catalog import Catalog


def models_trained_on(catalog: Catalog, table: str, versions: Iterable[int] | None = None) -> list[tuple[str, int]]:
    """(model, version) of every model whose run read one of these versions, or a table that such a run wrote.

    versions: those that hold the rows in question, exactly (None: all). A run that read a table for the evaluation
    only counts as well: its exam is stored. Nothing is left out for the sake of speed, however many runs there are.
    What a gateway looked up for a request is not followed.
    """
    level = catalog.lineage.runs_reading(table, None if versions is None else list(versions))
    runs = set(level)
    found: set[tuple[str, int]] = set()
    while level:
        found |= {(model.name, model.version) for model in catalog.lineage.models_of(level)}
        written = {(write.table, write.version) for write in catalog.lineage.writes_of(level, limit=ALL)}
        readers = {read.run for place in sorted(written) for read in list_readers(catalog, *place)}
        level = sorted(readers - runs)
        runs |= readers
    return sorted(found)
