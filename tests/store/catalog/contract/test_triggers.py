"""What every catalog guarantees about triggers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from trivium.errors import NotFound
from trivium.store.catalog import Catalog
from trivium.values.events import Firing, FiringState, TriggerSpec

AtOnce = Callable[[int, Callable[[Catalog, int], Any]], list[Any]]
NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
SPEC = TriggerSpec("retrain", "table.committed", "flights", "run", "lateness", "7d", {"depth": 6})


def declare(catalog: Catalog, name: str = "retrain", **more: Any) -> TriggerSpec:
    return catalog.triggers.declare(replace(SPEC, name=name, **more), actor="ada")


def firing(name: str, event: int, trigger: str = "retrain") -> Firing:
    return Firing(name, trigger, event, "pending", NOON, "2024-01-01")


def kinds(catalog: Catalog) -> list[str]:
    return [event.kind for event in catalog.events.list_events()]


def test_a_declaration_is_read_as_it_was_made(catalog: Catalog) -> None:
    assert declare(catalog) == SPEC
    assert catalog.triggers.get_trigger("retrain") == SPEC
    assert catalog.triggers.list_triggers() == [SPEC]


def test_repeating_a_declaration_changes_nothing(catalog: Catalog) -> None:
    declare(catalog)
    declare(catalog)
    assert kinds(catalog) == ["trigger.declared"]


def test_events_before_the_first_declaration_do_not_fire(catalog: Catalog) -> None:
    for _ in range(3):
        catalog.events.append("table.committed", "flights", {}, actor="ada")
    declare(catalog)
    assert catalog.triggers.cursor("retrain") >= 3


def test_a_changed_declaration_keeps_its_place_and_its_pause(catalog: Catalog) -> None:
    declare(catalog)
    catalog.triggers.fire("retrain", 9, None)
    catalog.triggers.pause("retrain", paused=True, actor="ada")
    changed = declare(catalog, every="1d")
    assert (changed.every, changed.paused) == ("1d", True)
    assert catalog.triggers.get_trigger("retrain") == changed
    assert catalog.triggers.cursor("retrain") == 9


def test_repeating_the_declaration_of_a_paused_trigger_changes_nothing(catalog: Catalog) -> None:
    declare(catalog)
    catalog.triggers.pause("retrain", paused=True, actor="ada")
    before = kinds(catalog)
    assert declare(catalog).paused
    assert kinds(catalog) == before


def test_a_trigger_is_paused_and_goes_on(catalog: Catalog) -> None:
    declare(catalog)
    assert catalog.triggers.pause("retrain", paused=True, actor="ada").paused
    assert catalog.triggers.get_trigger("retrain").paused
    assert not catalog.triggers.pause("retrain", paused=False, actor="ada").paused
    assert kinds(catalog) == ["trigger.declared", "trigger.paused", "trigger.continued"]


def test_an_unknown_trigger_is_not_found(catalog: Catalog) -> None:
    with pytest.raises(NotFound, match="There is no trigger 'retrain'"):
        catalog.triggers.get_trigger("retrain")
    with pytest.raises(NotFound):
        catalog.triggers.pause("retrain", paused=True, actor="ada")
    with pytest.raises(NotFound, match="There is no firing 'zz'"):
        catalog.triggers.update_firing("zz", state="done", reason="", run=None, at=None)


def test_triggers_are_listed_by_name(catalog: Catalog) -> None:
    for name in ("c", "a", "b"):
        declare(catalog, name)
    assert [spec.name for spec in catalog.triggers.list_triggers()] == ["a", "b", "c"]


def test_an_event_fires_a_trigger_once(catalog: Catalog) -> None:
    declare(catalog)
    first = catalog.triggers.fire("retrain", 5, firing("f1", 5))
    assert first == firing("f1", 5)
    assert catalog.triggers.fire("retrain", 5, firing("f2", 5)) == first
    assert catalog.triggers.list_firings() == [first]
    assert kinds(catalog).count("trigger.fired") == 1


def test_an_event_fires_each_of_two_triggers(catalog: Catalog) -> None:
    for name in ("a", "b"):
        declare(catalog, name)
        catalog.triggers.fire(name, 5, firing(f"f-{name}", 5, name))
    assert [each.trigger for each in catalog.triggers.list_firings()] == ["b", "a"]


def test_many_workers_at_once_fire_each_event_once(catalog: Catalog, at_once: AtOnce) -> None:
    declare(catalog)

    def look(each: Catalog, worker: int) -> list[Firing | None]:
        return [each.triggers.fire("retrain", event, firing(f"f{worker}-{event}", event)) for event in range(2, 8)]

    seen = at_once(4, look)
    assert all(one == seen[0] for one in seen)
    assert sorted(each.event for each in catalog.triggers.list_firings()) == [2, 3, 4, 5, 6, 7]


def test_a_look_without_firing_moves_the_cursor(catalog: Catalog) -> None:
    declare(catalog)
    assert catalog.triggers.fire("retrain", 5, None) is None
    assert catalog.triggers.cursor("retrain") == 5
    assert catalog.triggers.list_firings() == []


def test_the_cursor_never_goes_back(catalog: Catalog) -> None:
    declare(catalog)
    for event in (5, 3, 7, 6):
        catalog.triggers.fire("retrain", event, None)
    assert catalog.triggers.cursor("retrain") == 7


def test_a_firing_keeps_its_state_reason_and_run(catalog: Catalog) -> None:
    declare(catalog)
    catalog.triggers.fire("retrain", 5, firing("f1", 5))
    done = catalog.triggers.update_firing("f1", state="done", reason="run succeeded", run="run-1", at=NOON)
    assert (done.state, done.reason, done.run, done.ended_at) == ("done", "run succeeded", "run-1", NOON)
    assert catalog.triggers.list_firings() == [done]


def test_attempts_count_how_often_a_firing_ran(catalog: Catalog) -> None:
    declare(catalog)
    catalog.triggers.fire("retrain", 5, firing("f1", 5))
    states: list[FiringState] = ["running", "refused", "running", "done"]
    for state in states:
        last = catalog.triggers.update_firing("f1", state=state, reason="", run=None, at=None)
    assert last.attempts == 2


def test_the_same_state_for_the_same_reason_is_one_event(catalog: Catalog) -> None:
    declare(catalog)
    catalog.triggers.fire("retrain", 5, firing("f1", 5))
    for reason in ("alert 1", "alert 1", "alert 2"):
        catalog.triggers.update_firing("f1", state="refused", reason=reason, run=None, at=None)
    assert kinds(catalog).count("trigger.acted") == 2


def test_firings_are_listed_newest_first_by_trigger_and_state(catalog: Catalog) -> None:
    for name in ("a", "b"):
        declare(catalog, name)
    for number, name in enumerate("aab"):
        catalog.triggers.fire(name, number + 10, firing(f"f{number}", number + 10, name))
    catalog.triggers.update_firing("f0", state="done", reason="", run=None, at=NOON)

    def listed(**about: Any) -> list[str]:
        return [each.id for each in catalog.triggers.list_firings(**about)]

    assert listed() == ["f2", "f1", "f0"]
    assert listed(trigger="a") == ["f1", "f0"]
    assert listed(state="pending", limit=1) == ["f2"]
