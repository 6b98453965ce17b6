"""What every event log guarantees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trivium.store.catalog import Catalog

AtOnce = Callable[[int, Callable[[Catalog, int], Any]], list[Any]]


def add(catalog: Catalog, *subjects: str, kind: str = "drill.made") -> None:
    for subject in subjects:
        catalog.events.append(kind, subject, {"about": subject}, actor="ada")


def test_an_appended_event_is_read_as_it_was_written(catalog: Catalog) -> None:
    written = catalog.events.append("drill.made", "lateness", {"kills": 3, "by": ["x", None, 1.5]}, actor="ada")
    assert catalog.events.list_events() == [written]
    assert (written.seq, written.actor, written.kind, written.subject) == (1, "ada", "drill.made", "lateness")
    assert written.detail == {"kills": 3, "by": ["x", None, 1.5]}
    assert written.at.utcoffset() is not None


def test_sequence_numbers_count_without_gaps(catalog: Catalog) -> None:
    add(catalog, *"abcdef")
    assert [event.seq for event in catalog.events.list_events()] == [1, 2, 3, 4, 5, 6]


def test_events_are_read_oldest_first_after_a_number(catalog: Catalog) -> None:
    add(catalog, *"abcdef")
    assert [event.subject for event in catalog.events.list_events(after=2, limit=3)] == ["c", "d", "e"]


def test_events_are_selected_by_kind_and_subject(catalog: Catalog) -> None:
    add(catalog, "a", "b")
    add(catalog, "a", kind="review.made")
    assert [event.seq for event in catalog.events.list_events(subject="a")] == [1, 3]
    assert [event.seq for event in catalog.events.list_events(kind="drill.made")] == [1, 2]
    assert [event.seq for event in catalog.events.list_events(kind="drill.made", subject="a")] == [1]


def test_the_newest_events_come_newest_first(catalog: Catalog) -> None:
    add(catalog, *"abcab")
    assert [event.seq for event in catalog.events.list_newest(limit=2)] == [5, 4]
    assert [event.seq for event in catalog.events.list_newest(subject="a")] == [4, 1]


def test_an_untouched_chain_verifies(catalog: Catalog) -> None:
    assert catalog.events.verify().problems == ()
    add(catalog, *"abc")
    report = catalog.events.verify()
    assert (report.events, report.problems) == (3, ())
    assert report.head == catalog.events.list_newest(limit=1)[0].hash


def test_equal_events_have_different_hashes_because_each_covers_the_one_before(catalog: Catalog) -> None:
    add(catalog, "a", "a")
    first, second = catalog.events.list_events()
    assert first.hash != second.hash


def test_writers_at_once_make_one_chain(catalog: Catalog, at_once: AtOnce) -> None:
    at_once(4, lambda each, number: add(each, *[f"writer-{number}"] * 10))
    report = catalog.events.verify()
    assert (report.events, report.problems) == (40, ())


def test_a_detail_without_a_number_still_verifies(catalog: Catalog) -> None:
    catalog.events.append("drill.made", "a", {"nan": float("nan"), "text": "ä\n\x00🙂"}, actor="ada")
    assert catalog.events.verify().problems == ()
    assert catalog.events.list_events()[0].detail["text"] == "ä\n\x00🙂"
