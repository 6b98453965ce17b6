"""What every catalog guarantees about small blobs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from trivium.digest import digest_bytes
from trivium.store.catalog import Catalog
from trivium.store.catalog.small_blobs import SMALL_BYTES, is_small
from trivium.values.runs import ArtifactRef, TaskRun

TEXTS = [b"", b'{"count":1}', "Zürich\n\t'; --\u2028\U0001f600".encode(), b"x" * SMALL_BYTES]


@pytest.mark.parametrize("data", TEXTS)
def test_a_text_comes_back_byte_for_byte(catalog: Catalog, data: bytes) -> None:
    assert is_small(data)
    catalog.small_blobs.record({digest_bytes(data): data})
    assert catalog.small_blobs.find(digest_bytes(data)) == data


@pytest.mark.parametrize("data", [b"a\0b", b"\xff\xfe", b"\xed\xa0\x80", b"x" * (SMALL_BYTES + 1)])
def test_what_is_no_short_text_is_not_small(data: bytes) -> None:
    assert not is_small(data)


def test_a_text_under_a_digest_is_never_replaced(catalog: Catalog) -> None:
    catalog.small_blobs.record({"d": b"first"})
    catalog.small_blobs.record({"d": b"second", "e": b"other"})
    assert [catalog.small_blobs.find(digest) for digest in ("d", "e", "f")] == [b"first", b"other", None]


def test_a_deleted_text_is_gone_and_can_be_recorded_again(catalog: Catalog) -> None:
    catalog.small_blobs.record({"d": b"first"})
    catalog.small_blobs.delete("d")
    catalog.small_blobs.delete("d")
    assert catalog.small_blobs.find("d") is None
    catalog.small_blobs.record({"d": b"second"})
    assert catalog.small_blobs.find("d") == b"second"


def test_a_listing_names_every_digest_with_its_size_and_time(catalog: Catalog) -> None:
    catalog.small_blobs.record({"b": "ü".encode(), "a": b""})
    found = catalog.small_blobs.list_digests()
    assert [(digest, size) for digest, size, _ in found] == [("a", 0), ("b", 2)]
    assert all(datetime(2024, 1, 1, tzinfo=UTC) < moment for _, _, moment in found)


def test_a_task_and_the_texts_that_it_names_are_recorded_together_or_not_at_all(
    catalog: Catalog, open_again: Callable[..., Catalog]
) -> None:
    task = TaskRun(
        "run-1",
        "train",
        "train",
        "k",
        "executed",
        datetime(2024, 1, 1, tzinfo=UTC),
        outputs=(ArtifactRef("json", "d"),),
    )
    catalog.runs.record_tasks([task], {"d": b"1"})
    assert (open_again().small_blobs.find("d"), open_again().runs.find_cached("k")) == (b"1", task)
    with pytest.raises(UnicodeDecodeError):
        catalog.runs.record_tasks([task], {"e": b"2", "f": b"\xff"})
    assert open_again().small_blobs.find("e") is None
