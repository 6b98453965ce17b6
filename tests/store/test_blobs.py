"""Bytes under their digest never change unseen."""

from __future__ import annotations

import errno
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.storage_place import Place, flip

from trivium.digest import digest_bytes
from trivium.errors import CorruptObject, NotFound, StorageFull, UnsupportedValue
from trivium.store.blobs import Blobs
from trivium.store.catalog.small_blobs import SMALL_BYTES
from trivium.store.store import Store

ALWAYS_OTHER = Path("/proc/sys/kernel/random/uuid")  # of other content each time that it is read


@pytest.fixture
def blobs(place: Place) -> Blobs:
    """An empty store of blobs."""
    return Blobs(place.open("blobs"))


def write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


@pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)) * 10_000])
def test_bytes_come_back_under_their_digest(blobs: Blobs, data: bytes) -> None:
    digest = blobs.put(data)
    assert digest == digest_bytes(data)
    assert blobs.has(digest)
    assert blobs.size(digest) == len(data)
    assert blobs.is_intact(digest)
    assert blobs.get(digest) == data
    assert blobs.local_path(digest).read_bytes() == data
    assert blobs.path(digest) == blobs.local_path(digest)


def test_a_file_is_stored_as_its_bytes_and_stays(blobs: Blobs, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"x" * 3_000_000)
    assert blobs.put_file(tmp_path / "source") == digest_bytes(b"x" * 3_000_000)
    assert blobs.get(digest_bytes(b"x" * 3_000_000)) == (tmp_path / "source").read_bytes()


@pytest.mark.skipif(not ALWAYS_OTHER.exists(), reason="the system has no such file")
def test_a_file_that_changes_while_it_is_stored_is_refused(blobs: Blobs) -> None:
    with pytest.raises(UnsupportedValue, match="was changed while it was stored"):
        blobs.put_file(ALWAYS_OTHER)
    assert list(blobs.list_digests()) == []


@pytest.mark.parametrize("in_order", [True, False])
def test_what_is_made_in_place_is_stored_under_its_digest_and_leaves_nothing_else(blobs: Blobs, in_order: bool) -> None:
    data = b"x" * 3_000_000
    for _ in range(2):
        made = blobs.put_made(lambda path: write(path, data), in_order=in_order)
        assert made == (digest_bytes(data), len(data))
    assert blobs.get(digest_bytes(data)) == blobs.local_path(digest_bytes(data)).read_bytes() == data
    assert [digest for digest, *_ in blobs.list_digests()] == [digest_bytes(data)]
    assert not list(blobs.root.glob(".made-*"))


@pytest.mark.parametrize("in_order", [True, False])
def test_what_failed_to_be_made_leaves_nothing(blobs: Blobs, in_order: bool) -> None:
    def fail(path: Path) -> None:
        path.write_bytes(b"half")
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        blobs.put_made(fail, in_order=in_order)
    assert not list(blobs.list_digests())
    assert not list(blobs.root.glob(".made-*"))


@pytest.mark.parametrize("in_order", [True, False])
def test_there_is_no_room_for_what_is_made(blobs: Blobs, in_order: bool) -> None:
    def fill(path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(StorageFull):
        blobs.put_made(fill, in_order=in_order)


@pytest.mark.parametrize("in_order", [True, False])
def test_what_was_made_and_then_changed_is_found(place: Place, blobs: Blobs, in_order: bool) -> None:
    digest, _ = blobs.put_made(lambda path: write(path, b"0123456789"), in_order=in_order)
    place.meddle(f"{digest[:2]}/{digest}", flip, "blobs")
    with pytest.raises(CorruptObject):
        blobs.local_path(digest)


def test_equal_bytes_are_stored_once_however_many_come_at_once(place: Place) -> None:
    stores = [Blobs(place.open("blobs")) for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(lambda blobs: blobs.put(b"x"), stores)) == {digest_bytes(b"x")}
    assert [(digest, size) for digest, size, _ in stores[0].list_digests()] == [(digest_bytes(b"x"), 1)]


@pytest.mark.parametrize("bit", [0, -1])
def test_one_flipped_bit_is_found(place: Place, blobs: Blobs, bit: int) -> None:
    digest = blobs.put(b"0123456789")
    place.meddle(f"{digest[:2]}/{digest}", lambda data: flip(data, bit), "blobs")
    assert not blobs.is_intact(digest)
    with pytest.raises(CorruptObject, match=f"object {digest[:12]} was changed; restore it"):
        blobs.get(digest)
    with pytest.raises(CorruptObject, match=f"{digest} in .* was changed after it was written"):
        blobs.local_path(digest)


def test_a_short_text_is_kept_by_the_catalog_and_found_like_any_blob(place: Place, store: Store) -> None:
    blobs, digest = Blobs(place.open("blobs"), store.catalog.small_blobs), digest_bytes(b"{}")
    assert blobs.put_text(b"{}") == digest
    assert (blobs.has(digest), blobs.size(digest), blobs.get(digest)) == (True, 2, b"{}")
    assert blobs.is_intact(digest)
    assert not Blobs(place.open("blobs")).has(digest)
    assert [(name, size) for name, size, _ in blobs.list_digests()] == [(digest, 2)]
    assert blobs.local_path(digest).read_bytes() == b"{}"
    blobs.delete(digest)
    assert not blobs.has(digest)


def test_a_changed_text_in_the_catalog_is_found(place: Place, store: Store) -> None:
    blobs, digest = Blobs(place.open("blobs"), store.catalog.small_blobs), digest_bytes(b"{}")
    store.catalog.small_blobs.record({digest: b"[]"})
    assert not blobs.is_intact(digest)
    with pytest.raises(CorruptObject, match=digest[:12]):
        blobs.get(digest)


def test_a_text_that_is_not_short_is_a_file(place: Place, store: Store) -> None:
    blobs = Blobs(place.open("blobs"), store.catalog.small_blobs)
    digest = blobs.put_text(b"x" * (SMALL_BYTES + 1))
    assert Blobs(place.open("blobs")).has(digest)
    assert store.catalog.small_blobs.find(digest) is None


def test_cut_bytes_are_found(place: Place, blobs: Blobs) -> None:
    digest = blobs.put(b"0123456789")
    place.meddle(f"{digest[:2]}/{digest}", lambda data: data[:5], "blobs")
    with pytest.raises(CorruptObject):
        blobs.get(digest)


def test_damaged_bytes_that_were_deleted_can_be_stored_again(place: Place, blobs: Blobs) -> None:
    digest = blobs.put(b"0123456789")
    place.meddle(f"{digest[:2]}/{digest}", flip, "blobs")
    blobs.delete(digest)
    assert blobs.put(b"0123456789") == digest
    assert blobs.get(digest) == b"0123456789"


def test_gone_bytes_are_not_found(blobs: Blobs) -> None:
    digest = blobs.put(b"x")
    blobs.delete(digest)
    blobs.delete(digest)
    assert not blobs.has(digest)
    assert blobs.size(digest) is None
    assert not blobs.is_intact(digest)
    for read in (blobs.get, blobs.local_path):
        with pytest.raises(NotFound, match=f"{digest} is gone"):
            read(digest)


def test_a_listing_names_every_digest_with_its_size_and_time(blobs: Blobs) -> None:
    digests = {blobs.put(data): len(data) for data in (b"", b"a", b"bc")}
    found = list(blobs.list_digests())
    assert {digest: size for digest, size, _ in found} == digests
    assert all(abs(modified - datetime.now(UTC)) < timedelta(minutes=1) for _, _, modified in found)


@pytest.mark.parametrize(
    "digest", ["", "abc", "../" * 20, "A" * 64, "g" * 64, "a" * 65, "a" * 64 + "\n", "/etc/passwd", "%2e" * 30]
)
def test_what_is_not_a_digest_reaches_no_file(blobs: Blobs, digest: str) -> None:
    for act in (blobs.get, blobs.has, blobs.path, blobs.local_path, blobs.size, blobs.is_intact, blobs.delete):
        with pytest.raises(NotFound, match="is not a content digest"):
            act(digest)
