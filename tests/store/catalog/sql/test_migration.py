"""An old catalog is backed up, then upgraded whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from trivium.errors import TriviumError
from trivium.store.catalog.sql.database import Database
from trivium.store.catalog.sql.migration import Step, migrations
from trivium.store.catalog.sql.sqlite_session import SqliteSession

Opened = Callable[..., Database]
NEWEST = len(migrations())
OPEN = """
import sys
from pathlib import Path
from trivium.clock import system_clock
from trivium.store.catalog import open_catalog
place = sys.argv[1]
open_catalog(place if '://' in place else Path(place), clock=system_clock).close()
"""


def subjects(database: Database) -> list[str]:
    return [row["subject"] for row in database.read().execute("SELECT subject FROM events ORDER BY seq")]


def note(database: Database, subject: str) -> None:
    with database.write() as tx:
        tx.event("ada", "drill.made", subject, {})


def open_in_process(place: Path | str, **environ: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "error", "-c", OPEN, str(place)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, **environ})


@pytest.fixture
def first(opened: Opened) -> Database:
    """A catalog of the first Trivium, with an event; closed."""
    database = opened(steps=migrations()[:1])
    note(database, "old")
    database.close()
    return database


def test_opening_again_repeats_no_migration_and_keeps_the_rows(opened: Opened) -> None:
    note(opened(), "x")
    assert subjects(opened()) == ["x"]


def test_a_catalog_of_a_newer_trivium_is_refused_and_left_alone(opened: Opened) -> None:
    newer = opened(steps=[*migrations(), Step(NEWEST + 1, "CREATE TABLE later (id TEXT);\n")])
    note(newer, "x")
    with pytest.raises(TriviumError, match=rf"written by a newer Trivium .schema {NEWEST + 1}.; upgrade this one"):
        opened()
    assert subjects(newer) == ["x"]


def test_a_process_that_has_the_catalog_open_writes_nothing_after_an_upgrade(opened: Opened) -> None:
    before = opened(steps=migrations()[:1])
    note(before, "before")
    after = opened()
    with pytest.raises(TriviumError, match=rf"was upgraded .schema {NEWEST}. while this process had it open"):
        note(before, "lost")
    assert subjects(after) == ["before"]


def test_processes_that_open_a_new_catalog_at_once_all_succeed(place: Path | str) -> None:
    started = [open_in_process(place) for _ in range(4)]
    ends = [(process.communicate()[1], process.returncode) for process in started]
    assert ends == [("", 0)] * 4


def test_processes_that_upgrade_a_catalog_at_once_upgrade_it_once(
    place: Path | str, first: Database, opened: Opened, tmp_path: Path
) -> None:
    started = [open_in_process(place) for _ in range(4)]
    ends = [(process.communicate()[1], process.returncode) for process in started]
    assert ends == [("", 0)] * 4
    assert subjects(opened()) == ["old"]
    assert len(list(tmp_path.glob("*-schema-*"))) == (1 if isinstance(place, Path) else 0)


def test_an_old_file_is_copied_beside_itself_before_it_is_upgraded(
    tmp_path: Path, opened: Opened, place: Path | str
) -> None:
    if not isinstance(place, Path):
        pytest.skip("the back-ups of a server are the server's")
    note(opened(steps=migrations()[:1]), "old")  # stays open: what is only in the log has to be copied too
    note(opened(clock=lambda: datetime(2024, 1, 1, 12, 30, tzinfo=UTC)), "new")
    copy = tmp_path / "catalog-schema-1-20240101T123000000000Z.db"
    assert sorted(path.name for path in tmp_path.glob("*-schema-*")) == [copy.name]
    with closing(SqliteSession(copy, durability="full", patience=1)) as session:
        assert session.prepare() == 1
        assert [row["subject"] for row in session.execute("SELECT subject FROM events")] == ["old"]


def test_a_new_catalog_is_not_backed_up(tmp_path: Path, opened: Opened) -> None:
    opened()
    assert list(tmp_path.glob("*-schema-*")) == []


def test_a_step_that_fails_leaves_the_catalog_as_it_was(first: Database, opened: Opened) -> None:
    wrong = Step(NEWEST + 1, "CREATE TABLE later (id TEXT);\nINSERT INTO nowhere VALUES (1);\n")
    with pytest.raises(Exception, match="nowhere"):
        opened(steps=[*migrations(), wrong])
    again = opened(steps=migrations()[:1])
    assert subjects(again) == ["old"]


@pytest.mark.parametrize(
    ("place_of_death", "number"),
    [
        ("migration:backed_up", 1),
        ("migration:step", 1),
        (f"migration:step@{NEWEST - 1}", 1),
        ("migration:committed", NEWEST),
    ],
)
def test_a_kill_during_an_upgrade_leaves_the_catalog_old_or_new(
    place: Path | str, first: Database, opened: Opened, place_of_death: str, number: int
) -> None:
    process = open_in_process(place, TRIVIUM_FAILPOINT=place_of_death)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    if number == 1:
        still_old = opened(steps=migrations()[:1])
        note(still_old, "again")
        still_old.close()
    upgraded = opened()
    assert upgraded.read().session.prepare() == NEWEST
    assert subjects(upgraded) == (["old", "again"] if number == 1 else ["old"])
