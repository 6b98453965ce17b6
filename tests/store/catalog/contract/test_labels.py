"""What every catalog guarantees about questions and claims of rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from trivium.errors import Misuse, NotFound
from trivium.store.catalog import Catalog
from trivium.values.labels import Claim, LabelSpec

START = datetime(2024, 1, 1, tzinfo=UTC)  # the clock of these catalogs goes on by a second with each look
SPEC = LabelSpec("causes", "flights", ("flight_id",), "Why late?", ("weather", "carrier"), per_row=2, order="uncertain")


def claim(annotator: str, row: str = "AA1", *, seconds: int = 3600) -> Claim:
    return Claim("causes", row, annotator, f"id-{annotator}-{row}", START, START + timedelta(seconds=seconds))


def test_a_question_comes_back_as_it_was_and_may_be_worded_anew(catalog: Catalog) -> None:
    assert catalog.labels.declare(SPEC, actor="ada") == catalog.labels.get_spec("causes") == SPEC
    catalog.labels.declare(SPEC, actor="ada")
    better = replace(SPEC, question="What delayed it?", score=("p",))
    catalog.labels.declare(better, actor="ada")
    assert catalog.labels.list_specs() == [better]
    assert len(catalog.events.list_events(kind="labels.declared")) == 2


def test_a_question_cannot_move_to_another_table_or_key(catalog: Catalog) -> None:
    catalog.labels.declare(SPEC, actor="ada")
    for other in (replace(SPEC, of="trains"), replace(SPEC, key=("tail",))):
        with pytest.raises(Misuse, match="give these labels another name"):
            catalog.labels.declare(other, actor="ada")
    with pytest.raises(NotFound, match="Tables of labels: causes"):
        catalog.labels.get_spec("other")


def test_a_row_has_as_many_claims_as_it_has_places(catalog: Catalog) -> None:
    assert catalog.labels.claim(claim("ada"), places=1) == claim("ada")
    assert catalog.labels.claim(claim("grace"), places=1) is None
    assert catalog.labels.claim(claim("grace"), places=2) == claim("grace")
    assert catalog.labels.claim(claim("grace", "AA2"), places=1) == claim("grace", "AA2")
    assert [each.annotator for each in catalog.labels.list_claims("causes")] == ["ada", "grace", "grace"]


def test_who_claims_again_keeps_the_claim_for_longer(catalog: Catalog) -> None:
    first = catalog.labels.claim(claim("ada", seconds=60), places=1)
    later = replace(claim("ada", seconds=900), id="another")
    assert first is not None
    assert catalog.labels.claim(later, places=1) == replace(first, until=later.until)
    assert catalog.labels.claim(claim("ada", seconds=60), places=1) == replace(first, until=later.until)


def test_a_claim_ends_by_itself_and_when_it_is_released(catalog: Catalog) -> None:
    catalog.labels.claim(claim("ada", seconds=3), places=1)
    assert catalog.labels.claim(claim("grace"), places=1) is None
    catalog.events.append("noon", "clock", {}, actor="ada")
    assert catalog.labels.find_claim("causes", "AA1", "ada") is None
    assert catalog.labels.claim(claim("grace"), places=1) == claim("grace")
    catalog.labels.release("causes", "AA1", "grace")
    assert catalog.labels.list_claims("causes") == []


def test_of_many_who_ask_at_once_only_so_many_get_the_row(at_once: Callable[..., list[Any]], catalog: Catalog) -> None:
    got = at_once(8, lambda each, number: each.labels.claim(claim(f"person{number}"), places=3))
    assert sum(each is not None for each in got) == 3
    assert len(catalog.labels.list_claims("causes")) == 3
