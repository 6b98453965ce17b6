"""What is asked about many tables at once: by which way a database without statistics finds it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from trivium.store.catalog.sql.changes import (
    list_changes_of,
    list_changes_since,
    list_makers,
    list_reads_by,
    list_spans_since,
)
from trivium.store.catalog.sql.database import Database, Transaction
from trivium.store.catalog.sql.sqlite_session import SqliteSession

# Ways in that are as long as the table: all of it, or an index of which only the kind is known.
LONG = ("SCAN c", "SCAN commits", "SCAN files", "SCAN lineage_reads", "SCAN task_outputs", "(kind=?)")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A new catalog in a file."""
    opened = Database(
        lambda: SqliteSession(tmp_path / "catalog.db", durability="fast", patience=5.0),
        clock=lambda: datetime(2024, 1, 1, tzinfo=UTC),
    )
    yield opened
    opened.close()


def test_what_many_tables_are_made_of_is_found_by_table_and_by_run_however_much_there_is(database: Database) -> None:
    asked: list[str] = []
    session = database.session

    def explained(statement: str, values: object) -> object:
        asked.append(statement)
        return session.execute(statement, values)  # type: ignore[arg-type]

    tx = Transaction(session, database.clock, explained)  # type: ignore[arg-type]
    list_changes_of(tx, ["a", "b"])
    list_changes_since(tx, {"a": 1, "b": 2})
    list_spans_since(tx, {"a": 1, "b": 2})
    list_reads_by(tx, ["run-1", "run-2"])
    list_makers(tx, ["x"])
    assert len(asked) == 5
    for statement in asked:
        steps = [
            row["detail"] for row in session.execute(f"EXPLAIN QUERY PLAN {statement}", [None] * statement.count("?"))
        ]
        assert not [step for step in steps if step.endswith(LONG)], steps
