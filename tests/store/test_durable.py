"""A file is whole or absent."""

from __future__ import annotations

from pathlib import Path

import pytest

from trivium.store.durable import write_durably


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


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)
