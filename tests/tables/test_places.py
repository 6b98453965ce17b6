"""The story of a table, wherever its catalog and its rows are; and writers at once, who lose nothing anywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from tests.postgres import fresh_schema
from tests.tables.test_history import Lives

import trivium as tv
from trivium.errors import NotFound
from trivium.store.store import Store, connect
from trivium.tables.compact import compact_table
from trivium.tables.gc import collect_garbage
from trivium.tables.together import Part, commit_parts

WRITER = Path(__file__).with_name("write_at_once.py")
PEOPLE = tv.Table("people", key="id", watch="off")
VISITS = tv.Table("visits", watch="off")
PLACES = [("sqlite", "folder"), ("sqlite", "s3"), ("postgres", "folder"), ("postgres", "s3")]
WRITERS, TURNS = 4, 5


@pytest.fixture(params=PLACES, ids="-".join)
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A project whose catalog and rows are at each pair of places."""
    catalog, rows = request.param
    lines = [f'store = "{request.getfixturevalue("postgres_url")}"'] if catalog == "postgres" else []
    lines += [f'storage = "{request.getfixturevalue("s3_url")}"'] if rows == "s3" else []
    (tmp_path / "trivium.toml").write_text("\n".join([*lines, 'durability = "fast"']))
    return tmp_path


@pytest.fixture
def store(project: Path) -> Iterator[Store]:
    """Its store."""
    with connect(project, actor="ada") as opened:
        yield opened


def people(*rows: tuple[int, str]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"id": pl.Int64, "name": pl.String}, orient="row")


def rows_of(version: int | None = None) -> list[tuple[object, ...]]:
    return sorted(PEOPLE.read(version).collect().rows())


def test_the_story_of_a_table_is_the_same_wherever_it_is(store: Store) -> None:
    first = PEOPLE.append(people((1, "ada"), (2, "bob"), (3, "cyd")), idempotency_key="monday")
    assert PEOPLE.append(people((9, "again")), idempotency_key="monday") == first
    PEOPLE.upsert(people((2, "bea"), (4, "dot")))
    PEOPLE.delete("id = 3")
    assert rows_of() == [(1, "ada"), (2, "bea"), (4, "dot")]
    diff = PEOPLE.diff(1)
    assert (diff.rows_added, diff.rows_removed, diff.rows_changed) == (1, 1, 1)
    PEOPLE.rename({"name": "called"})
    assert PEOPLE.read().collect().columns == ["id", "called"]
    assert PEOPLE.restore(2).version == 5
    commits = commit_parts(
        store, [Part(PEOPLE.spec, people((5, "eve"))), Part(VISITS.spec, pl.DataFrame({"who": [5]}))]
    )
    assert [commit.version for commit in commits] == [6, 1]
    assert compact_table(store, "people") > 1
    assert rows_of() == [(1, "ada"), (2, "bea"), (3, "cyd"), (4, "dot"), (5, "eve")]
    assert rows_of(1) == [(1, "ada"), (2, "bob"), (3, "cyd")]
    assert PEOPLE.erase("name IN ('bob', 'bea')", because="asked for").rows >= 2
    assert [[row[0] for row in rows_of(version)] for version in (1, 2, 7)] == [[1, 3], [1, 3, 4], [1, 3, 4, 5]]
    assert PEOPLE.at(time=commits[0].committed_at).version == 6
    assert [each.values and each.values["name"] for each in PEOPLE.lookup([1, 2, 5])] == ["ada", None, "eve"]
    PEOPLE.overwrite(people((6, "fay")))
    assert rows_of() == [(6, "fay")]
    assert collect_garbage(store, ["people"], older_than="0h", grace=timedelta(0))[0].versions == tuple(range(1, 8))
    with pytest.raises(NotFound, match="were given up"):
        PEOPLE.read(1)
    assert rows_of() == [(6, "fay")]
    assert store.catalog.events.verify().problems == ()
    if store.lake.root == store.settings.state / "tables":
        assert DeltaTable(store.lake.root / "people").to_pyarrow_table().to_pylist() == [{"id": 6, "name": "fay"}]


def test_processes_that_append_and_upsert_at_once_lose_nothing(project: Path) -> None:
    command = [sys.executable, str(WRITER), str(project)]
    writers = [
        subprocess.Popen([*command, str(number), str(TURNS)], stderr=subprocess.PIPE, text=True, env=dict(os.environ))
        for number in range(WRITERS)
    ]
    assert [writer.communicate()[1] for writer in writers] == [""] * WRITERS
    with connect(project, actor="ada") as store:
        assert rows_of() == [(number, f"turn {TURNS - 1} of {number}") for number in range(WRITERS)]
        visits = VISITS.read().collect().rows()
        assert sorted(visits) == [(number, turn) for number in range(WRITERS) for turn in range(TURNS)]
        for table in ("people", "visits"):
            versions = {commit.version for commit in store.catalog.tables.list_commits(table, limit=1000)}
            assert versions == set(range(1, WRITERS * TURNS + 1))
        assert store.catalog.events.verify().problems == ()


def test_any_life_of_a_table_on_postgres(postgres_server: str) -> None:
    with ExitStack() as schemas:

        class LivesOnPostgres(Lives):
            def prepare(self, project: Path) -> None:
                url = schemas.enter_context(fresh_schema(postgres_server))
                (project / "trivium.toml").write_text(f'store = "{url}"')

        lived = settings(max_examples=4, stateful_step_count=10, deadline=None, database=None)
        run_state_machine_as_test(LivesOnPostgres, settings=lived)
