"""What every catalog guarantees about the checkpoints that are kept apart from it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from trivium.store.catalog import Catalog
from trivium.values.audit import Witness

AtOnce = Callable[[int, Callable[[Catalog, int], Any]], list[Any]]
WHEN = datetime(2024, 1, 1, tzinfo=UTC)


def test_a_project_has_no_id_until_it_needs_one_and_then_one_for_ever(
    catalog: Catalog, open_again: Callable[[], Catalog]
) -> None:
    assert catalog.audit.find_project_id() is None
    made = catalog.audit.project_id()
    assert open_again().audit.project_id() == catalog.audit.find_project_id() == made
    assert catalog.events.newest_number() == 0


def test_all_that_ask_for_the_first_time_at_once_get_the_same_id(at_once: AtOnce) -> None:
    assert len(set(at_once(4, lambda each, _: each.audit.project_id()))) == 1


def test_the_last_checkpoint_of_a_file_is_remembered(catalog: Catalog) -> None:
    first, other = Witness("/a", "here", "k", "1", 1, WHEN), Witness("/a", "there", "k", "2", 2, WHEN)
    later = Witness("/a", "here", "k", "3", 3, WHEN)
    for witness in (first, other, later):
        catalog.audit.note_witness(witness)
    assert catalog.audit.list_witnesses() == [later, other]


def test_events_are_read_as_they_are_stored(catalog: Catalog) -> None:
    written = [catalog.events.append("drill.made", name, {"n": 1}, actor="ada") for name in "abc"]
    stored = list(catalog.events.read_stored())
    assert [(each.seq, each.subject, each.hash) for each in stored] == [(e.seq, e.subject, e.hash) for e in written]
    assert {each.detail for each in stored} == {'{"n":1}'}
    assert (catalog.events.newest_number(), catalog.events.count(through=2)) == (3, 2)
