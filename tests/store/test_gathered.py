"""Small blobs wait until the fact that names them is recorded."""

from __future__ import annotations

from trivium.digest import digest_bytes
from trivium.store.catalog.small_blobs import SMALL_BYTES
from trivium.store.gathered import gather
from trivium.store.store import Store

DATA = b'{"count":1}'
DIGEST = digest_bytes(DATA)


def test_what_is_gathered_is_found_by_its_writer_alone_until_it_is_stored(store: Store) -> None:
    gathered, blobs = gather(store)
    assert blobs.put_text(DATA) == DIGEST
    assert blobs.get(DIGEST) == DATA
    assert not store.blobs.has(DIGEST)
    store.catalog.small_blobs.record(gathered.take())
    assert store.blobs.get(DIGEST) == blobs.get(DIGEST) == DATA
    assert gathered.take() == {}


def test_what_is_deleted_is_neither_waiting_nor_stored(store: Store) -> None:
    gathered, blobs = gather(store)
    blobs.put_text(DATA)
    store.blobs.put_text(DATA)
    blobs.delete(DIGEST)
    assert (blobs.has(DIGEST), store.blobs.has(DIGEST), gathered.take()) == (False, False, {})


def test_what_is_not_small_is_a_file_at_once(store: Store) -> None:
    gathered, blobs = gather(store)
    digest = blobs.put_text(b"x" * (SMALL_BYTES + 1))
    assert store.blobs.path(digest).is_file()
    assert gathered.take() == {}
