"""What every catalog guarantees about splits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from trivium.errors import InvalidName, NotFound
from trivium.store.catalog import Catalog
from trivium.values.models import ModelVersion
from trivium.values.runs import TableInput
from trivium.values.splits import Examined, Split, SplitRule, SplitUse

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
RULE = SplitRule("latest", "30d", time="at", key=("id",))
DRAFT = Split(
    "exam", 0, RULE, (TableInput("flights", 3, "d" * 64),), 80, "p1", "pb1", ("2024-01-01", "2024-01-08"),
    20, "e1", "eb1", None, "run-1", "ada", NOON, "90d",
)  # fmt: skip
USE = SplitUse("run-1", "split", "", 0)
MODEL = ModelVersion("late", 0, "m" * 64, "r" * 64, None, "ada", NOON, (), {"auc": 0.7})


def test_a_kept_split_comes_back_as_it_was(catalog: Catalog) -> None:
    made = catalog.splits.keep(DRAFT, refresh=False, use=USE)
    assert made == replace(DRAFT, version=1, created_at=made.created_at)
    assert catalog.splits.get_split("exam") == catalog.splits.get_split("exam", 1) == made
    assert catalog.splits.find_use("run-1", "split", "exam") == replace(USE, name="exam", version=1)


def test_a_split_stays_as_it_is_until_a_refresh_is_asked_for(catalog: Catalog) -> None:
    first = catalog.splits.keep(DRAFT, refresh=False, use=None)
    other = replace(DRAFT, exam_digest="e2", run="run-2")
    assert catalog.splits.keep(other, refresh=False, use=None) == first
    second = catalog.splits.keep(other, refresh=True, use=None)
    assert (second.version, second.exam_digest) == (2, "e2")
    assert catalog.splits.keep(other, refresh=True, use=None) == second


def test_a_split_that_follows_its_data_has_one_version_for_the_same_rows(catalog: Catalog) -> None:
    first = catalog.splits.follow(DRAFT, use=None)
    second = catalog.splits.follow(replace(DRAFT, past_digest="p2"), use=None)
    assert (first.version, second.version) == (1, 2)
    assert catalog.splits.follow(DRAFT, use=replace(USE, run="run-3")) == first
    assert catalog.splits.find_use("run-3", "split", "exam") == SplitUse("run-3", "split", "exam", 1)
    assert catalog.splits.follow(replace(DRAFT, rule=replace(RULE, amount="7d")), use=None).version == 3


def test_a_policy_may_change_without_a_new_version(catalog: Catalog) -> None:
    catalog.splits.keep(DRAFT, refresh=False, use=None)
    assert catalog.splits.keep(replace(DRAFT, fresh="7d"), refresh=False, use=None).fresh == "7d"
    assert catalog.splits.follow(replace(DRAFT, fresh=None), use=None).fresh is None
    assert [(str(each), each.fresh) for each in catalog.splits.list_splits()] == [("exam@1", None)]
    assert len(catalog.events.list_events(kind="split.policy_changed")) == 2


def test_many_at_once_get_the_same_first_version(at_once: Callable[..., list[Any]], catalog: Catalog) -> None:
    made = at_once(
        6, lambda each, number: each.splits.keep(replace(DRAFT, exam_digest=f"e{number}"), refresh=False, use=None)
    )
    assert len(set(map(str, made))) == 1
    assert len({each.exam_digest for each in made}) == 1
    assert len(catalog.splits.list_splits()) == 1


def test_a_task_keeps_the_version_it_used_first(catalog: Catalog) -> None:
    catalog.splits.record_use(SplitUse("run-1", "split", "exam", 1))
    catalog.splits.record_use(SplitUse("run-1", "split", "exam", 2))
    catalog.splits.record_use(SplitUse("run-2", "split", "exam", 1))
    assert catalog.splits.find_use("run-1", "split", "exam") == SplitUse("run-1", "split", "exam", 1)
    assert catalog.splits.find_use("run-1", "split", "other") is None
    assert [use.run for use in catalog.splits.list_uses("exam", 1)] == ["run-2", "run-1"]


def test_versions_are_listed_newest_first_page_by_page(catalog: Catalog) -> None:
    for number in range(5):
        catalog.splits.keep(replace(DRAFT, name=f"exam{number % 2}", exam_digest=str(number)), refresh=True, use=None)
    everything = catalog.splits.list_splits()
    assert [str(each) for each in everything] == ["exam0@3", "exam1@2", "exam0@2", "exam1@1", "exam0@1"]
    page = catalog.splits.list_splits(limit=2)
    last = (page[-1].created_at, page[-1].name, page[-1].version)
    assert page + catalog.splits.list_splits(before=last) == everything
    assert [str(each) for each in catalog.splits.list_newest()] == ["exam0@3", "exam1@2"]
    assert [str(each) for each in catalog.splits.list_splits(name="exam1")] == ["exam1@2", "exam1@1"]
    assert [str(each) for each in catalog.splits.list_by_exam("2")] == ["exam0@2"]


def test_models_examined_on_the_rows_are_listed_newest_first_page_by_page(catalog: Catalog) -> None:
    for number in range(3):
        model = catalog.models.register(replace(MODEL, artifact=str(number), registered_at=catalog_time(number)))
        for _ in range(2):
            catalog.splits.record_examined(Examined("e1", "late", model.version, model.registered_at))
    found = catalog.splits.list_examined("e1")
    assert [(each.version, each.metrics) for each in found] == [(each, {"auc": 0.7}) for each in (3, 2, 1)]
    first = found[0]
    rest = catalog.splits.list_examined("e1", before=(first.registered_at, first.name, first.version), limit=1)
    assert [each.version for each in rest] == [2]
    assert catalog.splits.list_examined("e2") == []


def catalog_time(hour: int) -> datetime:
    return NOON.replace(hour=hour)


def test_what_came_from_a_table_is_found(catalog: Catalog) -> None:
    other = replace(DRAFT, name="other", inputs=(TableInput("flight-s", 1, ""), TableInput("flight_s", 1, "")))
    for each in (DRAFT, other):
        catalog.splits.keep(each, refresh=False, use=None)
    found = {table: [each.name for each in catalog.splits.list_of_table(table)] for table in ("flights", "flight_s")}
    assert found == {"flights": ["exam"], "flight_s": ["other"]}
    assert catalog.splits.list_of_table("flight") == []


def test_a_new_version_is_an_event(catalog: Catalog) -> None:
    catalog.splits.keep(DRAFT, refresh=False, use=None)
    catalog.splits.keep(DRAFT, refresh=True, use=None)
    (event,) = catalog.events.list_events(kind="split.recorded")
    assert (event.subject, event.actor, event.detail["version"]) == ("exam", "ada", 1)


def test_what_is_not_there_is_named_with_what_is(catalog: Catalog) -> None:
    with pytest.raises(NotFound, match=r"no split 'exam'\. Splits: none yet"):
        catalog.splits.get_split("exam")
    catalog.splits.keep(DRAFT, refresh=False, use=None)
    with pytest.raises(NotFound, match="no version 7; its newest is 1"):
        catalog.splits.get_split("exam", 7)
    with pytest.raises(InvalidName):
        catalog.splits.keep(replace(DRAFT, name="../exam"), refresh=False, use=None)
