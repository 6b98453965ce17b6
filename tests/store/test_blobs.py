"""Bytes under their digest never change unseen."""

from __future__ import annotations

from pathlib import Path

import pytest

from trivium.digest import digest_bytes
from trivium.errors import CorruptObject, NotFound
from trivium.store import blobs as blobs_module
from trivium.store.blobs import Blobs


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    """An empty folder of blobs."""
    return Blobs(tmp_path / "blobs")


@pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)) * 10_000])
def test_bytes_come_back_under_their_digest(blobs: Blobs, data: bytes) -> None:
    digest = blobs.put(data)
    assert digest == digest_bytes(data)
    assert blobs.has(digest)
    assert blobs.get(digest) == data


def test_a_file_is_stored_as_its_bytes_and_stays(blobs: Blobs, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"x" * 3_000_000)
    assert blobs.put_file(tmp_path / "source") == digest_bytes(b"x" * 3_000_000)
    assert blobs.get(digest_bytes(b"x" * 3_000_000)) == (tmp_path / "source").read_bytes()


def test_equal_bytes_are_stored_once(blobs: Blobs) -> None:
    first = blobs.path(blobs.put(b"x"))
    before = first.stat().st_ino
    blobs.put(b"x")
    assert first.stat().st_ino == before
    assert len([path for path in blobs.root.rglob("*") if path.is_file()]) == 1


@pytest.mark.parametrize("bit", [0, 13, 79])
def test_one_flipped_bit_is_found(blobs: Blobs, bit: int) -> None:
    digest = blobs.put(b"0123456789")
    content = bytearray(blobs.path(digest).read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    blobs.path(digest).write_bytes(content)
    with pytest.raises(CorruptObject, match=f"object {digest[:12]} was changed on disk; restore it"):
        blobs.get(digest)


def test_cut_bytes_are_found(blobs: Blobs) -> None:
    digest = blobs.put(b"0123456789")
    blobs.path(digest).write_bytes(b"01234")
    with pytest.raises(CorruptObject):
        blobs.get(digest)


def test_gone_bytes_are_not_found(blobs: Blobs) -> None:
    digest = blobs.put(b"x")
    blobs.path(digest).unlink()
    assert not blobs.has(digest)
    with pytest.raises(NotFound, match=f"object {digest[:12]} is gone"):
        blobs.get(digest)


@pytest.mark.parametrize(
    "digest", ["", "abc", "../" * 20, "A" * 64, "g" * 64, "a" * 65, "a" * 64 + "\n", "/etc/passwd"]
)
def test_what_is_not_a_digest_reaches_no_file(blobs: Blobs, digest: str) -> None:
    for act in (blobs.get, blobs.has, blobs.path):
        with pytest.raises(NotFound, match="is not a content digest"):
            act(digest)


def test_a_write_that_fails_midway_leaves_no_file(blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(path: Path, data: bytes) -> None:
        path.write_bytes(data[: len(data) // 2])
        raise OSError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(blobs_module, "_write", half)
        with pytest.raises(OSError, match="disk full"):
            blobs.put(b"0123456789")
    assert [path for path in blobs.root.rglob("*") if path.is_file()] == []
    assert blobs.get(blobs.put(b"0123456789")) == b"0123456789"
