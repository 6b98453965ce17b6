"""The Python functions that checks of a table are made of, known to this command."""

from __future__ import annotations

from trivium.pipelines.registry import import_project
from trivium.store.store import Store


def know_functions(store: Store, table: str) -> None:
    """The project's modules are imported when a check of this table is a Python function, so that it can be judged."""
    spec = store.catalog.tables.find_spec(table)
    if spec is not None and any(check.kind == "function" for check in spec.checks):
        import_project(store.settings)
