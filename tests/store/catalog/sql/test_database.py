"""The schema is the sum of its migrations, and the structs are its rows."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import msgspec
import pytest

from trivium.clock import system_clock
from trivium.errors import TriviumError
from trivium.store.catalog.sql.database import Database, migrations
from trivium.values.alerts import Alert, Judgement
from trivium.values.endpoints import Endpoint, Verdict
from trivium.values.events import Event, Firing, TriggerSpec
from trivium.values.models import AliasChange, Approval, Evidence, Gate, ModelVersion
from trivium.values.runs import Environment, MetricPoint, Run, TaskRun
from trivium.values.tables import Commit, DataFile, Snapshot, TableSpec

STRUCTS: dict[str, tuple[type[msgspec.Struct], set[str]]] = {
    "alerts": (Alert, set()),
    "alias_changes": (AliasChange, {"id"}),
    "approvals": (Approval, {"id"}),
    "commits": (Commit, set()),
    "endpoints": (Endpoint, set()),
    "environments": (Environment, set()),
    "events": (Event, set()),
    "evidence": (Evidence, {"id"}),
    "files": (DataFile, {"table", "added_version", "added_by", "removed_version", "removed_by"}),
    "firings": (Firing, set()),
    "gates": (Gate, {"id"}),
    "judgements": (Judgement, {"commit_id", "table"}),
    "metric_points": (MetricPoint, set()),
    "model_versions": (ModelVersion, set()),
    "runs": (Run, set()),
    "snapshots": (Snapshot, set()),
    "table_specs": (TableSpec, set()),
    "task_runs": (TaskRun, set()),
    "triggers": (TriggerSpec, {"cursor"}),
    "verdicts": (Verdict, {"id"}),
}
INDEXES = {"task_outputs": {"digest", "run", "node"}}
OPEN = "import sys; from pathlib import Path; from trivium.clock import system_clock; \
from trivium.store.catalog.sql.database import Database; Database(Path(sys.argv[1]), clock=system_clock).close()"


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., Database]]:
    """Opens databases in one file and closes them in the end."""
    databases: list[Database] = []

    def open_one(clock: Callable[[], datetime] = system_clock, durability: str = "full") -> Database:
        databases.append(Database(tmp_path / "catalog.db", clock=clock, durability=durability))
        return databases[-1]

    yield open_one
    for database in databases:
        database.close()


def schema(connection: sqlite3.Connection) -> set[tuple[str, ...]]:
    return {tuple(row) for row in connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master")}


def columns(connection: sqlite3.Connection, table: str) -> set[str]:
    return {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}


def test_a_fresh_file_has_the_schema_that_its_migrations_add_up_to(
    tmp_path: Path, opened: Callable[..., Database]
) -> None:
    opened()
    with closing(sqlite3.connect(":memory:")) as summed, closing(sqlite3.connect(tmp_path / "catalog.db")) as fresh:
        for _, script in migrations():
            summed.executescript(script)
        assert schema(fresh) == schema(summed)


def test_migrations_count_from_one_without_gaps() -> None:
    assert [number for number, _ in migrations()] == list(range(1, len(migrations()) + 1))


@pytest.mark.parametrize("table", sorted(STRUCTS))
def test_a_struct_has_exactly_the_columns_of_its_table(table: str, opened: Callable[..., Database]) -> None:
    struct, more = STRUCTS[table]
    have = columns(opened().read().connection, table)
    assert have == set(struct.__struct_fields__) | more
    assert not more & set(struct.__struct_fields__)


def test_every_table_is_the_home_of_a_struct(opened: Callable[..., Database]) -> None:
    connection = opened().read().connection
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert tables == set(STRUCTS) | set(INDEXES)
    assert {name: columns(connection, name) for name in INDEXES} == INDEXES


def test_opening_again_repeats_no_migration_and_keeps_the_rows(opened: Callable[..., Database]) -> None:
    with opened().write() as tx:
        tx.event("ada", "drill.made", "x", {})
    assert opened().read().execute("SELECT COUNT(*) FROM events").fetchone()[0] == 1


def test_a_file_of_a_newer_trivium_is_refused_and_left_alone(tmp_path: Path, opened: Callable[..., Database]) -> None:
    opened()
    with closing(sqlite3.connect(tmp_path / "catalog.db")) as connection:
        connection.execute("PRAGMA user_version = 999")
    with pytest.raises(TriviumError, match=r"written by a newer Trivium .schema 999.; upgrade this one"):
        opened()


def test_a_file_that_is_no_catalog_is_refused(tmp_path: Path, opened: Callable[..., Database]) -> None:
    (tmp_path / "catalog.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(TriviumError, match=r"catalog\.db cannot be opened.*restore it from a back-up"):
        opened()


def test_processes_that_open_a_new_catalog_at_once_all_succeed(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", OPEN, str(tmp_path / "catalog.db")]
    started = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    ends = [(process.communicate()[1], process.returncode) for process in started]
    assert ends == [("", 0)] * 4


def test_a_transaction_that_fails_leaves_nothing(opened: Callable[..., Database]) -> None:
    database = opened()

    def fail() -> None:
        with database.write() as tx:
            tx.event("ada", "drill.made", "x", {})
            raise KeyError("x")

    with pytest.raises(KeyError):
        fail()
    assert database.read().execute("SELECT COUNT(*) FROM events").fetchone()[0] == 0
    with database.write() as tx:
        assert tx.event("ada", "drill.made", "x", {}).seq == 1


def test_a_reader_does_not_wait_for_a_writer(opened: Callable[..., Database]) -> None:
    writer, reader = opened(), opened()
    with writer.write() as tx:
        tx.event("ada", "drill.made", "x", {})
        assert reader.read().execute("SELECT COUNT(*) FROM events").fetchone()[0] == 0
    assert reader.read().execute("SELECT COUNT(*) FROM events").fetchone()[0] == 1


@pytest.mark.parametrize(("durability", "level"), [("full", 2), ("fast", 1)])
def test_full_durability_syncs_every_commit(opened: Callable[..., Database], durability: str, level: int) -> None:
    connection = opened(durability=durability).read().connection
    assert connection.execute("PRAGMA synchronous").fetchone()[0] == level
    assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
