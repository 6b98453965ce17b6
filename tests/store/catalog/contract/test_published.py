"""What every catalog guarantees about published pipelines."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from trivium.errors import InvalidName, NotFound
from trivium.store.catalog import Catalog
from trivium.values.published import Publication, PublishedParameter

DRAFT = Publication(
    "features", 0, "k" * 64, (PublishedParameter("days", {"type": "builtins:int"}), PublishedParameter("x", {}, "1")),
    {"any_of": [{"type": "builtins:int"}, {}]}, ("flights",), "e" * 64, "ada", datetime(2024, 1, 1, tzinfo=UTC), "why",
)  # fmt: skip


def test_a_publication_comes_back_as_it_was(catalog: Catalog) -> None:
    made = catalog.published.publish(DRAFT)
    assert made == replace(DRAFT, version=1, created_at=made.created_at)
    assert catalog.published.get_publication("features") == catalog.published.get_publication("features", 1) == made
    (event,) = catalog.events.list_events(kind="pipeline.published")
    assert (event.subject, event.detail) == ("features", {"version": 1, "code": "k" * 64})


def test_only_what_differs_is_another_version(catalog: Catalog) -> None:
    first = catalog.published.publish(DRAFT)
    assert catalog.published.publish(replace(DRAFT, actor="bo", note="again", environment="f" * 64)) == first
    second = catalog.published.publish(replace(DRAFT, tables=None))
    assert (second.version, second.tables) == (2, None)
    assert catalog.published.publish(DRAFT).version == 3
    assert [str(each) for each in catalog.published.list_publications(name="features")] == [
        "features@3", "features@2", "features@1",
    ]  # fmt: skip
    assert len(catalog.published.list_publications(limit=2)) == 2
    assert catalog.published.list_publications(name="others") == []


def test_what_is_not_there_is_named_with_what_is(catalog: Catalog) -> None:
    with pytest.raises(NotFound, match="there are: none yet"):
        catalog.published.get_publication("features")
    catalog.published.publish(DRAFT)
    with pytest.raises(NotFound, match="there are: features"):
        catalog.published.get_publication("other")
    with pytest.raises(NotFound, match="has no version 2; its newest is 1"):
        catalog.published.get_publication("features", 2)
    with pytest.raises(InvalidName):
        catalog.published.publish(replace(DRAFT, name="No name"))
