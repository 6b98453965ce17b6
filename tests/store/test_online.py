"""The newest rows by key."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest

from trivium.store.online import Online
from trivium.store.online_changes import Added, Bodied, Changes, Merged, Plan, Removed, Rewritten
from trivium.store.online_table import EARLIEST, LATEST, Found, OnlineTable
from trivium.values.tables import DataFile

Rows = Sequence[tuple[str, int, dict[str, Any]]]


@pytest.fixture
def online(tmp_path: Path) -> Iterator[Online]:
    """An empty online store."""
    opened = Online(tmp_path / "online")
    yield opened
    opened.close()


@pytest.fixture
def table(online: Online) -> OnlineTable:
    """An empty copy."""
    return online.table("t")


def bodied(rows: Rows) -> Iterator[Bodied]:
    return ((key, moment, msgspec.msgpack.encode(values)) for key, moment, values in rows)


def file_of(path: str, rows: Rows = (), rank: int = 1) -> DataFile:
    return DataFile(path, "all", len(rows), 1, "0" * 64, rank=rank)


def adding(*rows: tuple[str, int, dict[str, Any]], path: str = "a", rank: int = 1, afresh: bool = False) -> Plan:
    return lambda have, files: Changes(afresh=afresh, added=[Added(file_of(path, rows, rank), bodied(rows))])


def removing(path: str, rows: Rows | None) -> Plan:
    keys = None if rows is None else [(key, moment) for key, moment, _ in rows]
    return lambda have, files: Changes(removed=[Removed(path, keys)])


def find(table: OnlineTable, key: str, moment: int = LATEST) -> Found:
    """The row, found alone, and again, and among others."""
    version = table.version()
    answers = [table.find([key], [moment], version) for _ in range(2)]
    several, (again, _) = table.find([key, "none"], [moment, moment], version)
    assert [*answers, (several, [again])] == [(version, [again])] * 3
    return again


def test_the_newest_row_of_a_key_is_found(online: Online, table: OnlineTable) -> None:
    table.catch_up(1, adding(("a", 10, {"x": 1}), ("a", 20, {"x": 2}), ("b", EARLIEST, {"x": 3})))
    assert find(table, "a") == (20, {"x": 2})
    assert find(table, "b") == (EARLIEST, {"x": 3})
    assert find(table, "c") is None
    assert find(online.table("other"), "a") is None


def test_a_row_after_the_moment_is_not_found(table: OnlineTable) -> None:
    table.catch_up(1, adding(("a", 20, {"x": 2}), ("a", 10, {"x": 1})))
    found = [find(table, "a", moment) for moment in (LATEST, 9, 10, 19, 20)]
    assert [each and each[1]["x"] for each in found] == [2, None, 1, 1, 2]


def test_a_later_version_adds_and_replaces(table: OnlineTable) -> None:
    table.catch_up(1, adding(("a", 1, {"x": 1}), ("b", 1, {"x": 1})))
    assert find(table, "a") == (1, {"x": 1})
    table.catch_up(2, adding(("a", 1, {"x": 2}), path="b", rank=2))
    assert (find(table, "a"), find(table, "b")) == ((1, {"x": 2}), (1, {"x": 1}))
    assert table.version() == 2


def test_of_one_moment_the_row_of_the_later_place_counts_whenever_it_came(table: OnlineTable) -> None:
    table.catch_up(1, adding(("a", 1, {"x": 5}), path="late", rank=5))
    table.catch_up(2, adding(("a", 1, {"x": 3}), ("a", 1, {"x": 4}), path="early", rank=3))
    assert find(table, "a") == (1, {"x": 5})
    table.catch_up(3, removing("late", [("a", 1, {})]))
    assert find(table, "a") == (1, {"x": 4})


@pytest.mark.parametrize("known", [True, False])
def test_rows_of_a_removed_file_are_gone_and_others_come_to_light(table: OnlineTable, known: bool) -> None:
    rows: Rows = [("a", 1, {"x": 2}), ("b", 1, {"x": 2})]
    table.catch_up(1, adding(("a", 1, {"x": 1})))
    table.catch_up(2, adding(*rows, path="b", rank=2))
    assert (find(table, "a"), find(table, "b")) == ((1, {"x": 2}), (1, {"x": 2}))
    table.catch_up(3, removing("b", rows if known else None))
    assert (find(table, "a"), find(table, "b")) == ((1, {"x": 1}), None)


def test_a_merged_file_stands_for_those_that_it_replaced(table: OnlineTable) -> None:
    first: Rows = [("a", 1, {"x": 1})]
    second: Rows = [("b", 1, {"x": 2})]
    table.catch_up(1, adding(*first, path="one"))
    table.catch_up(2, adding(*second, path="two", rank=2))
    table.catch_up(3, lambda have, files: Changes(merged=[Merged(file_of("m", rank=2), ("one", "two"))]))
    assert (find(table, "a"), find(table, "b")) == ((1, {"x": 1}), (1, {"x": 2}))
    table.catch_up(4, removing("m", [*first, *second]))
    assert (find(table, "a"), find(table, "b")) == (None, None)


def test_of_a_rewritten_file_only_what_differs_is_touched(table: OnlineTable) -> None:
    table.catch_up(1, adding(*((key, 1, {"x": 1}) for key in "abc"), path="old"))
    change = Rewritten(file_of("new"), "old", [("a", 1), ("b", 1)], bodied([("b", 1, {"x": 2})]))
    table.catch_up(2, lambda have, files: Changes(rewritten=[change]))
    assert [find(table, key) for key in "abc"] == [None, (1, {"x": 2}), (1, {"x": 1})]
    table.catch_up(3, removing("new", [(key, 1, {}) for key in "bc"]))
    assert [find(table, key) for key in "abc"] == [None, None, None]


def test_a_plan_is_told_what_is_there(table: OnlineTable) -> None:
    told: list[tuple[int, list[str]]] = []

    def plan(have: int, files: list[DataFile]) -> Changes:
        told.append((have, [file.path for file in files]))
        return Changes(added=[Added(file_of(f"file {have}"), ())])

    for version in (1, 4, 4, 3, 5):
        table.catch_up(version, plan)
    assert told == [(0, []), (1, ["file 0"]), (4, ["file 0", "file 1"])]


def test_an_older_version_changes_nothing(table: OnlineTable) -> None:
    table.catch_up(2, adding(("a", 1, {"x": 2})))
    table.catch_up(1, adding(("a", 1, {"x": 1}), afresh=True))
    assert find(table, "a") == (1, {"x": 2})
    assert table.version() == 2


def test_a_fresh_start_forgets_the_rows_of_that_table_only(online: Online) -> None:
    for name in ("t", "u"):
        online.table(name).catch_up(1, adding(("a", 1, {"x": 1})))
    online.table("t").catch_up(2, adding(("b", 1, {"x": 2}), afresh=True))
    assert (find(online.table("t"), "a"), find(online.table("u"), "a")) == (None, (1, {"x": 1}))


def test_a_catching_up_that_fails_leaves_everything_as_it_was(table: OnlineTable) -> None:
    table.catch_up(1, adding(("a", 1, {"x": 1})))

    def failing() -> Iterator[Bodied]:
        yield from bodied([("b", 1, {"x": 2})])
        raise OSError("gone")

    for _ in range(2):
        with pytest.raises(OSError, match="gone"):
            table.catch_up(2, lambda have, files: Changes(afresh=True, added=[Added(file_of("b"), failing())]))
    assert (find(table, "a"), find(table, "b"), table.version()) == ((1, {"x": 1}), None, 1)
    table.catch_up(2, adding(("b", 1, {"x": 2}), path="b"))
    assert (find(table, "a"), find(table, "b"), table.version()) == ((1, {"x": 1}), (1, {"x": 2}), 2)


def test_threads_that_catch_up_at_once_do_it_in_turn(table: OnlineTable) -> None:
    def catch_up(version: int) -> None:
        def plan(have: int, files: list[DataFile]) -> Changes:
            return adding(("a", 1, {"from": have, "to": version}), path=str(version), rank=version)(have, files)

        table.catch_up(version, plan)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(catch_up, range(1, 21)))
    assert table.version() == 20
    found = find(table, "a")
    assert found is not None
    assert found[1]["to"] == 20


def test_a_reader_sees_one_version_while_another_is_written(table: OnlineTable) -> None:
    table.catch_up(1, adding(("a", 1, {"x": 1}), ("b", 1, {"x": 1})))
    seen: list[Any] = []

    def rows() -> Iterator[Bodied]:
        yield from bodied([("a", 1, {"x": 2})])
        with ThreadPoolExecutor(1) as other:
            seen.append(other.submit(table.find, ["a", "b"], [LATEST, LATEST], 1).result())
        yield from bodied([("b", 1, {"x": 2})])

    table.catch_up(2, lambda have, files: Changes(afresh=True, added=[Added(file_of("b"), rows())]))
    assert seen == [(1, [(1, {"x": 1}), (1, {"x": 1})])]
    assert table.find(["a", "b"], [LATEST, LATEST], 1) == (2, [(1, {"x": 2}), (1, {"x": 2})])


def test_old_rows_are_dropped_and_timeless_ones_stay(table: OnlineTable) -> None:
    table.catch_up(1, adding(("a", 10, {}), ("b", 30, {}), ("c", EARLIEST, {})))
    table.forget(before=20)
    assert [find(table, key) is None for key in "abc"] == [True, False, False]


def test_a_dropped_copy_is_empty_also_for_who_has_it_open(online: Online, tmp_path: Path) -> None:
    online.table("t").catch_up(1, adding(("Quarrington", 1, {"x": "Xanthippe"})))
    assert find(online.table("t"), "Quarrington") is not None
    other = Online(tmp_path / "online")
    other.drop("t")
    other.close()
    assert online.table("t").find(["Quarrington"], [LATEST], 0) == (0, [None])
    left = b"".join(file.read_bytes() for file in (tmp_path / "online").iterdir() if not file.name.endswith("-shm"))
    assert b"Quarrington" not in left
    assert b"Xanthippe" not in left


def test_dropping_what_was_never_there_makes_nothing(online: Online, tmp_path: Path) -> None:
    online.drop("t")
    assert not (tmp_path / "online").exists()


@pytest.mark.parametrize("damage", [Path.unlink, lambda file: file.write_bytes(b"not SQLite" * 1000)])
def test_a_lost_or_damaged_file_is_an_empty_copy(
    tmp_path: Path, online: Online, damage: Callable[[Path], object]
) -> None:
    online.table("t").catch_up(1, adding(("a", 1, {"x": 1})))
    online.close()
    for file in (tmp_path / "online").iterdir():
        damage(file)
    assert (online.version("t"), find(online.table("t"), "a")) == (0, None)


def look(table: OnlineTable, answers: Any) -> None:
    answers.put((os.getpid(), find(table, "a")))


def test_a_fork_shares_no_connection(table: OnlineTable) -> None:
    table.catch_up(1, adding(("a", 1, {"x": 1})))
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    child = context.Process(target=look, args=(table, answers))
    child.start()
    pid, found = answers.get(timeout=30)
    child.join()
    assert (pid != os.getpid(), found, child.exitcode) == (True, (1, {"x": 1}), 0)
    assert find(table, "a") == (1, {"x": 1})
