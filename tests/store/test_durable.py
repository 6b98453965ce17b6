"""A file is whole or absent."""

from __future__ import annotations

from pathlib import Path

import pytest

from trivium.errors import VersionConflict
from trivium.store.durable import delete_durably, write_durably


@pytest.mark.parametrize("sync", [True, False])
def test_a_file_in_new_folders_holds_what_was_written(tmp_path: Path, sync: bool) -> None:
    write_durably(tmp_path / "a" / "b" / "file", lambda aside: _write(aside, b"x"), sync=sync)
    assert (tmp_path / "a" / "b" / "file").read_bytes() == b"x"
    assert len(list((tmp_path / "a" / "b").iterdir())) == 1


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_a_write_that_fails_midway_leaves_nothing(tmp_path: Path, error: BaseException) -> None:
    def fail(aside: Path) -> None:
        aside.write_bytes(b"half")
        raise error

    with pytest.raises(type(error)):
        write_durably(tmp_path / "file", fail)
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")

    def fail(aside: Path) -> None:
        aside.write_bytes(b"half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_durably(tmp_path / "file", fail)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"file": b"old"}


def test_a_fresh_file_never_replaces_another(tmp_path: Path) -> None:
    write_durably(tmp_path / "file", lambda aside: _write(aside, b"old"), fresh=True)
    write_durably(tmp_path / "file", lambda aside: _write(aside, b"old"), fresh=True)
    with pytest.raises(VersionConflict, match="is there with other bytes"):
        write_durably(tmp_path / "file", lambda aside: _write(aside, b"new"), fresh=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"file": b"old"}


def test_a_file_system_without_hard_links_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, target: Path) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    test_a_fresh_file_never_replaces_another(tmp_path)


@pytest.mark.parametrize("sync", [True, False])
def test_deleting_what_is_not_there_is_no_error(tmp_path: Path, sync: bool) -> None:
    (tmp_path / "file").write_bytes(b"x")
    for _ in range(2):
        delete_durably(tmp_path / "file", sync=sync)
    assert list(tmp_path.iterdir()) == []


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)
