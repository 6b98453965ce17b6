"""One project's memory, opened and closed."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from trivium.errors import Misuse
from trivium.settings import Settings, load_settings
from trivium.store.store import connect, current_store, open_store, use_store


def test_what_was_remembered_is_there_when_the_project_is_opened_again(tmp_path: Path) -> None:
    with connect(tmp_path, actor="ada") as store:
        store.catalog.events.append("drill.made", "x", {}, actor=store.actor)
        digest = store.blobs.put(b"x")
    with connect(tmp_path) as store:
        assert [event.actor for event in store.catalog.events.list_events()] == ["ada"]
        assert store.blobs.get(digest) == b"x"


def test_inside_the_block_the_project_is_the_current_one(tmp_path: Path) -> None:
    with connect(tmp_path / "a") as outer:
        with connect(tmp_path / "b") as inner:
            assert current_store() is inner
        assert current_store() is outer
        with use_store(inner):
            assert current_store() is inner


def test_outside_of_any_block_the_project_around_the_working_folder_is_opened_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRIVIUM_ROOT", raising=False)
    (tmp_path / "deep").mkdir()
    (tmp_path / "trivium.toml").write_text('actor = "ada"')
    monkeypatch.chdir(tmp_path / "deep")
    store = current_store()
    assert (store.settings.root, store.actor) == (tmp_path, "ada")
    assert current_store() is store
    monkeypatch.chdir(tmp_path)
    assert current_store() is store
    monkeypatch.setenv("TRIVIUM_ROOT", str(tmp_path / "other"))
    other = current_store()
    assert other.settings.root == tmp_path / "other"
    store.close()
    other.close()


def test_whoever_asks_for_a_store_of_which_there_was_nothing_is_told_before_it_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = list[tuple[Path, bool]]()

    def note(settings: Settings) -> None:
        told.append((settings.root, settings.state.exists()))

    with connect(tmp_path / "old"):
        current_store(before_new=note)
    monkeypatch.chdir(tmp_path)
    opened = []
    for name in ("old", "new", "new"):
        monkeypatch.setenv("TRIVIUM_ROOT", str(tmp_path / name))
        opened.append(current_store(before_new=note))
    for store in opened:
        store.close()
    assert told == [(tmp_path / "new", False)]


def test_two_projects_know_nothing_of_each_other(tmp_path: Path) -> None:
    with connect(tmp_path / "a") as one, connect(tmp_path / "b") as other:
        one.catalog.events.append("drill.made", "x", {}, actor="ada")
        assert other.catalog.events.list_events() == []


def test_closing_gives_back_the_connections_of_every_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[sqlite3.Connection] = []
    connect_sqlite = sqlite3.connect

    def counted(*arguments: object, **options: object) -> sqlite3.Connection:
        opened.append(connect_sqlite(*arguments, **options))  # type: ignore[call-overload] # passed on as they came
        return opened[-1]

    monkeypatch.setattr(sqlite3, "connect", counted)
    store = open_store(load_settings(tmp_path, environ={"TRIVIUM_ROOT": str(tmp_path)}))

    def look() -> None:
        store.catalog.events.list_events()
        store.online.version("t")

    for _ in range(3):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    store.close()
    assert len(opened) >= 6
    for connection in opened:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.execute("SELECT 1")


def test_an_unknown_durability_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misuse, match="'some'"), connect(tmp_path, durability="some"):
        pass
