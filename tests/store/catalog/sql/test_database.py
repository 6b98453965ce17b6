"""What a transaction promises, in a file and on a server."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from trivium.errors import Misuse
from trivium.store.catalog.sql.database import Database
from trivium.store.catalog.sql.sqlite_session import SqliteSession
from trivium.values.events import Firing, TriggerSpec

Opened = Callable[..., Database]
FIRING = Firing("f-1", "nightly", 3, "pending", datetime(2024, 1, 1, tzinfo=UTC))
FORK = """
import os, sys
from pathlib import Path
from trivium.clock import system_clock
from trivium.store.catalog import open_catalog
place = sys.argv[1]
catalog = open_catalog(place if '://' in place else Path(place), clock=system_clock)
add = lambda who: catalog.events.append('drill.made', who, {}, actor='ada')
add('parent')
told, tell = os.pipe()
child = os.fork()
if child == 0:
    add('child')
    os.read(told, 1)  # until the parent has closed the catalog, and would have removed its log if it were the last one
    add('late child')
    os._exit(0)
while len(catalog.events.list_events()) < 2: pass
add('parent')
catalog.close()
os.write(tell, b'x')
assert os.waitpid(child, 0)[1] == 0
with_all = open_catalog(place if '://' in place else Path(place), clock=system_clock)
print(*[event.subject for event in with_all.events.list_events()], sep=',')
with_all.close()
"""
FORK_WHILE_WRITING = """
import os, sys
from pathlib import Path
from trivium.clock import system_clock
from trivium.errors import TriviumError
from trivium.store.catalog import open_catalog
place = sys.argv[1]
catalog = open_catalog(place if '://' in place else Path(place), clock=system_clock)
with catalog.database.write() as tx:
    child = os.fork()
    if child == 0:
        try:
            catalog.events.append('drill.made', 'child', {}, actor='ada')
        except TriviumError as error:
            print(error, flush=True)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    tx.event('ada', 'drill.made', 'parent', {})
print([event.subject for event in catalog.events.list_events()])
catalog.close()
"""


def count(database: Database, table: str = "events") -> Any:
    return database.read().execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]


def test_a_transaction_that_fails_leaves_nothing(opened: Opened) -> None:
    database = opened()

    def fail() -> None:
        with database.write() as tx:
            tx.event("ada", "drill.made", "x", {})
            raise KeyError("x")

    with pytest.raises(KeyError):
        fail()
    assert count(database) == 0
    with database.write() as tx:
        assert tx.event("ada", "drill.made", "x", {}).seq == 1


def test_a_transaction_within_a_transaction_of_the_same_thread_is_refused(opened: Opened) -> None:
    database = opened()
    with database.write() as tx:
        tx.event("ada", "drill.made", "x", {})
        with pytest.raises(RuntimeError, match="already open in this thread"), database.write():
            pass
        tx.event("ada", "drill.made", "x", {})
    assert count(database) == 2


def test_a_transaction_reads_what_it_wrote(opened: Opened) -> None:
    database = opened()
    with database.write() as tx:
        tx.insert("firings", FIRING)
        assert tx.one(Firing, "SELECT * FROM firings WHERE id = ?", "f-1") == FIRING


def test_replacing_makes_the_row_or_changes_it_and_no_other(opened: Opened) -> None:
    spec = TriggerSpec("nightly", "table.committed", "flights", "run", "lateness")
    other = TriggerSpec("weekly", "table.committed", "flights", "run", "lateness")
    database = opened()
    with database.write() as tx:
        tx.replace("triggers", other, cursor=1)
        tx.replace("triggers", spec, cursor=2)
        tx.replace("triggers", other, cursor=3)
    rows = database.read().execute('SELECT name, "cursor" FROM triggers ORDER BY name').fetchall()
    assert [tuple(row) for row in rows] == [("nightly", 2), ("weekly", 3)]


def test_a_row_is_read_by_number_by_name_and_in_order(opened: Opened) -> None:
    row = opened().read().execute("SELECT 1 AS one, 'two ?' AS two, CAST(? AS TEXT) AS three", "?").fetchone()
    assert (row[0], row["two"], list(row), dict(row)) == (
        1, "two ?", [1, "two ?", "?"], {"one": 1, "two": "two ?", "three": "?"},
    )  # fmt: skip


def test_whole_numbers_sum_to_a_whole_number(opened: Opened) -> None:
    summed = opened().read().execute("SELECT SUM(a) FROM (SELECT CAST(? AS BIGINT) AS a) n", 2**40).fetchone()[0]
    assert (summed, type(summed)) == (2**40, int)


def test_texts_sort_by_code_point(opened: Opened) -> None:
    database = opened()
    names = ["B", "a", "Z", "ä", "a-b", "ab", "a_b", "🙂"]
    with database.write() as tx:
        for name in names:
            tx.event("ada", "drill.made", name, {})
    rows = database.read().execute("SELECT subject FROM events ORDER BY subject")
    assert [row["subject"] for row in rows] == sorted(names)


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b"])
def test_text_that_not_every_database_can_hold_is_refused(opened: Opened, text: str) -> None:
    database = opened()
    with pytest.raises(Misuse, match=r"holds a NUL character|is not Unicode text"), database.write() as tx:
        tx.insert("firings", replace(FIRING, reason=text))
    with pytest.raises(Misuse):
        database.read().execute("SELECT 1 FROM firings WHERE reason = ?", text)
    assert count(database, "firings") == 0


def test_each_thread_has_a_session_which_is_closed_when_the_thread_has_ended(opened: Opened) -> None:
    database = opened()
    sessions: list[Any] = []
    for _ in range(3):
        with ThreadPoolExecutor(1) as pool:
            sessions.append(pool.submit(lambda: database.read().session).result())
    assert len({id(session) for session in [*sessions, database.read().session]}) == 4
    for closed in sessions[:-1]:  # the last one is closed when another thread comes
        with pytest.raises(Exception, match="closed"):
            closed.execute("SELECT 1")
    assert count(database) == 0


def run(script: str, place: Path | str) -> tuple[str, str]:
    """What a process printed, and its complaints."""
    ended = subprocess.run([sys.executable, "-c", script, str(place)], capture_output=True, text=True, check=False)
    return ended.stdout, ended.stderr


def test_a_child_process_goes_on_writing_when_its_parent_has_closed_the_catalog(place: Path | str) -> None:
    assert run(FORK, place) == ("parent,child,parent,late child\n", "")


def test_a_process_forked_in_the_middle_of_a_transaction_is_refused(place: Path | str) -> None:
    printed, complaints = run(FORK_WHILE_WRITING, place)
    assert printed.startswith("This process was forked while a thread of its parent was writing to the catalog")
    assert printed.endswith("['parent']\n")
    assert complaints == ""


def test_scrubbing_takes_deleted_rows_out_of_the_file(opened: Opened, tmp_path: Path) -> None:
    database = opened()
    with database.write() as tx:
        for number in range(100):
            tx.event("ada", "drill.made", f"secret-{number:03d}", {})
    with database.write() as tx:
        tx.execute("DELETE FROM events")
    database.scrub()
    assert count(database) == 0
    assert not any(b"secret-" in path.read_bytes() for path in tmp_path.iterdir())


@pytest.mark.parametrize(("durability", "levels"), [("full", (2, "on")), ("fast", (1, "off"))])
def test_full_durability_syncs_every_commit(opened: Opened, durability: str, levels: tuple[int, str]) -> None:
    session = opened(durability=durability).read().session
    if isinstance(session, SqliteSession):
        assert session.execute("PRAGMA synchronous").fetchone()[0] == levels[0]
        assert session.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    else:
        assert session.execute("SHOW synchronous_commit").fetchone()[0] == levels[1]


def test_a_file_that_is_no_catalog_is_refused(tmp_path: Path) -> None:
    (tmp_path / "catalog.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(Exception, match=r"catalog\.db is damaged.*Restore it from a back-up"):
        SqliteSession(tmp_path / "catalog.db", durability="full", patience=1)
