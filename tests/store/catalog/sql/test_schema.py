"""The schema is the sum of its migrations, and the structs are its rows."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from trivium.clock import system_clock
from trivium.store.catalog.sql.database import Database
from trivium.store.catalog.sql.migration import migrations
from trivium.store.catalog.sql.session import Session
from trivium.store.catalog.sql.session_opener import session_opener
from trivium.values.alerts import Alert, Judgement
from trivium.values.audit import Witness
from trivium.values.endpoints import Endpoint, Verdict
from trivium.values.events import Event, Firing, TriggerSpec
from trivium.values.labels import Claim, LabelSpec
from trivium.values.models import AliasChange, Approval, Evidence, Gate, ModelVersion
from trivium.values.published import Publication
from trivium.values.runs import Environment, MetricPoint, Run, TaskRun
from trivium.values.splits import Examined, Split, SplitUse
from trivium.values.tables import Commit, DataFile, Snapshot, TableSpec

Opened = Callable[..., Database]
STRUCTS: dict[str, tuple[type[msgspec.Struct], set[str]]] = {
    "alerts": (Alert, set()),
    "alias_changes": (AliasChange, {"id"}),
    "approvals": (Approval, {"id"}),
    "commits": (Commit, {"carried_until"}),
    "endpoints": (Endpoint, set()),
    "environments": (Environment, set()),
    "events": (Event, set()),
    "evidence": (Evidence, {"id"}),
    "examined": (Examined, set()),
    "files": (DataFile, {"table", "added_version", "added_by", "removed_version", "removed_by"}),
    "firings": (Firing, set()),
    "gates": (Gate, {"id"}),
    "judgements": (Judgement, {"commit_id", "table"}),
    "label_claims": (Claim, set()),
    "label_specs": (LabelSpec, set()),
    "metric_points": (MetricPoint, set()),
    "model_versions": (ModelVersion, set()),
    "published": (Publication, set()),
    "runs": (Run, set()),
    "snapshots": (Snapshot, set()),
    "split_uses": (SplitUse, set()),
    "splits": (Split, set()),
    "table_specs": (TableSpec, set()),
    "task_runs": (TaskRun, set()),
    "triggers": (TriggerSpec, {"cursor"}),
    "verdicts": (Verdict, {"id"}),
    "witnesses": (Witness, set()),
}
INDEXES = {
    "lineage_reads": {"run", "node", "kind", "name", "version", "columns", "partitions"},
    "positions": {"name", "seq"},
    "projects": {"id"},
    "small_blobs": {"digest", "data", "at"},
    "task_outputs": {"digest", "run", "node"},
}
SCHEMA = {
    "sqlite": "SELECT type, name, tbl_name, sql FROM sqlite_master",
    "postgresql": (
        "SELECT 'column', table_name, column_name, "
        "concat_ws(' ', data_type, is_nullable, column_default, collation_name) "
        "FROM information_schema.columns WHERE table_schema = current_schema() "
        "UNION ALL SELECT 'index', tablename, indexname, replace(indexdef, current_schema() || '.', '') "
        "FROM pg_indexes WHERE schemaname = current_schema() "
        "UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid) "
        "FROM pg_constraint WHERE connamespace = current_schema()::regnamespace"
    ),
}
COLUMNS = {
    "sqlite": "SELECT t.name, c.name FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table'",
    "postgresql": (
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema() "
        "AND table_name <> 'catalog_schema'"
    ),
}


def schema(session: Session) -> set[tuple[str, ...]]:
    return {tuple(row) for row in session.execute(SCHEMA[session.kind])}


def columns(session: Session) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for table, column in session.execute(COLUMNS[session.kind]):
        found.setdefault(table, set()).add(column)
    return found


@pytest.fixture
def columns_now(opened: Opened) -> dict[str, set[str]]:
    """The columns of each table of a new catalog."""
    return columns(opened().read().session)


def test_migrations_count_from_one_without_gaps() -> None:
    assert [step.number for step in migrations()] == list(range(1, len(migrations()) + 1))


def test_a_new_catalog_has_the_schema_of_one_that_was_upgraded_step_by_step(
    opened: Opened, another_place: Path | str
) -> None:
    fresh = opened()
    connect = session_opener(another_place, durability="fast", patience=10)
    for number in range(1, len(migrations()) + 1):
        upgraded = Database(connect, clock=system_clock, steps=migrations()[:number])
        found = schema(upgraded.read().session)
        upgraded.close()
    assert found == schema(fresh.read().session)
    assert len(found) > len(STRUCTS)


@pytest.mark.parametrize("table", sorted(STRUCTS))
def test_a_struct_has_exactly_the_columns_of_its_table(table: str, columns_now: dict[str, set[str]]) -> None:
    struct, more = STRUCTS[table]
    assert columns_now[table] == set(struct.__struct_fields__) | more
    assert not more & set(struct.__struct_fields__)


def test_every_table_is_the_home_of_a_struct(columns_now: dict[str, set[str]]) -> None:
    assert set(columns_now) == set(STRUCTS) | set(INDEXES)
    assert {name: columns_now[name] for name in INDEXES} == INDEXES


def test_on_postgresql_every_text_sorts_by_code_point_whatever_the_locale_is(opened: Opened) -> None:
    session = opened().read().session
    if session.kind == "postgresql":
        texts = {each for each in schema(session) if each[0] == "column" and each[3].startswith("text")}
        assert len(texts) > 100
        assert {re.split(" ", each[3])[-1] for each in texts} == {"C"}
