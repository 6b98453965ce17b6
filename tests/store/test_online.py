"""The newest rows by key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from trivium.store.online import Keyed, Online


@pytest.fixture
def online(tmp_path: Path) -> Iterator[Online]:
    """An empty online store."""
    opened = Online(tmp_path / "online.db")
    yield opened
    opened.close()


def adding(*rows: Keyed, afresh: bool = False) -> Callable[[int], tuple[bool, Iterable[Keyed]]]:
    return lambda have: (afresh, rows)


def test_the_newest_row_of_a_key_is_found(online: Online) -> None:
    online.catch_up("t", 1, adding(("a", "2024-01-01", {"x": 1}), ("a", "2024-01-02", {"x": 2}), ("b", "", {"x": 3})))
    assert online.get("t", "a") == (1, "2024-01-02", {"x": 2})
    assert online.get("t", "b") == (1, "", {"x": 3})
    assert online.get("t", "c") is None
    assert online.get("other", "a") is None


def test_a_row_after_the_moment_is_not_found(online: Online) -> None:
    online.catch_up("t", 1, adding(("a", "2024-01-02", {"x": 2}), ("a", "2024-01-01", {"x": 1})))
    found = [online.get("t", "a", at=day) for day in ("2023-12-31", "2024-01-01", "2024-01-01T23", "2024-01-02")]
    assert [each and each[2]["x"] for each in found] == [None, 1, 1, 2]


def test_a_later_version_adds_and_replaces(online: Online) -> None:
    online.catch_up("t", 1, adding(("a", "1", {"x": 1}), ("b", "1", {"x": 1})))
    online.catch_up("t", 2, adding(("a", "1", {"x": 2})))
    assert (online.get("t", "a"), online.get("t", "b")) == ((2, "1", {"x": 2}), (1, "1", {"x": 1}))
    assert online.version("t") == 2


def test_an_older_version_changes_nothing(online: Online) -> None:
    online.catch_up("t", 2, adding(("a", "1", {"x": 2})))
    online.catch_up("t", 1, adding(("a", "1", {"x": 1}), afresh=True))
    assert online.get("t", "a") == (2, "1", {"x": 2})
    assert online.version("t") == 2


def test_a_fresh_start_forgets_the_rows_of_that_table_only(online: Online) -> None:
    for table in ("t", "u"):
        online.catch_up(table, 1, adding(("a", "1", {"x": 1})))
    online.catch_up("t", 2, adding(("b", "1", {"x": 2}), afresh=True))
    assert (online.get("t", "a"), online.get("u", "a")) == (None, (1, "1", {"x": 1}))


def test_a_catching_up_that_fails_leaves_everything_as_it_was(online: Online) -> None:
    online.catch_up("t", 1, adding(("a", "1", {"x": 1})))

    def failing(have: int) -> tuple[bool, Iterable[Keyed]]:
        def rows() -> Iterator[Keyed]:
            yield ("b", "1", {"x": 2})
            raise OSError("gone")

        return True, rows()

    with pytest.raises(OSError, match="gone"):
        online.catch_up("t", 2, failing)
    assert (online.get("t", "a"), online.get("t", "b"), online.version("t")) == ((1, "1", {"x": 1}), None, 1)


def test_threads_that_catch_up_at_once_do_it_in_turn(online: Online) -> None:
    def catch_up(version: int) -> None:
        online.catch_up("t", version, lambda have: (False, [("a", "1", {"from": have, "to": version})]))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(catch_up, range(1, 21)))
    assert online.version("t") == 20
    found = online.get("t", "a")
    assert found is not None
    assert found[2]["to"] == 20


def test_old_rows_are_dropped_and_timeless_ones_stay(online: Online) -> None:
    online.catch_up("t", 1, adding(("a", "2024-01-01", {}), ("b", "2024-01-03", {}), ("c", "", {})))
    online.forget("t", before="2024-01-02")
    assert [online.get("t", key) is None for key in "abc"] == [True, False, False]


def test_a_lost_file_is_an_empty_store(tmp_path: Path, online: Online) -> None:
    online.catch_up("t", 1, adding(("a", "1", {"x": 1})))
    online.close()
    for file in tmp_path.glob("online.db*"):
        file.unlink()
    assert (online.version("t"), online.get("t", "a")) == (0, None)
