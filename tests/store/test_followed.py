"""A file that is hashed and synced while it is written is what its digest says."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from trivium.digest import digest_bytes, digest_file
from trivium.store.followed import write_followed

LARGE = os.urandom(1 << 20) * 40


def append(path: Path, pieces: list[bytes]) -> None:
    with path.open("wb", buffering=0) as file:
        for piece in pieces:
            file.write(piece)


@pytest.mark.parametrize("sync", [True, False])
@pytest.mark.parametrize("pieces", [[], [b""], [b"x"], [LARGE], [b"head", LARGE[:-7], b"tail"], [b"1234567"] * 9_000])
def test_the_digest_is_that_of_the_bytes_read_back(tmp_path: Path, pieces: list[bytes], sync: bool) -> None:
    path = tmp_path / "file"
    data = b"".join(pieces)
    assert write_followed(path, lambda file: append(file, pieces), sync=sync) == (digest_bytes(data), len(data))
    assert digest_file(path) == digest_bytes(data)


def replaced(path: Path) -> None:
    path.with_name("other").write_bytes(LARGE)
    path.with_name("other").replace(path)


def cut(path: Path) -> None:
    append(path, [LARGE])
    os.truncate(path, 5)


@pytest.mark.parametrize("write", [replaced, cut])
def test_a_file_of_which_other_bytes_were_followed_is_read_anew(tmp_path: Path, write: Callable[[Path], None]) -> None:
    digest, size = write_followed(tmp_path / "file", write)
    assert (digest, size) == (digest_file(tmp_path / "file"), (tmp_path / "file").stat().st_size)


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_nobody_follows_a_file_that_failed_to_be_written(tmp_path: Path, error: BaseException) -> None:
    before = threading.active_count()

    def fail(path: Path) -> None:
        append(path, [LARGE])
        raise error

    with pytest.raises(type(error)):
        write_followed(tmp_path / "file", fail, sync=True)
    assert threading.active_count() == before


def test_a_sync_that_fails_midway_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = threading.Event()

    def fail(descriptor: int) -> None:
        tried.set()
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    def write(path: Path) -> None:
        append(path, [LARGE])
        tried.wait()

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output error"):
        write_followed(tmp_path / "file", write, sync=True)
