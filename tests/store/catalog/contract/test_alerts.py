"""What every catalog guarantees about alerts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from trivium.errors import NotFound
from trivium.store.catalog import Catalog
from trivium.values.alerts import Alert, AlertCount

AtOnce = Callable[[int, Callable[[Catalog, int], Any]], list[Any]]
NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
ALERT = Alert(
    "alert-1", "flights", "x", "2024-01-01", "far", "rule", "block", "open", "3 rows are near",
    {"rows": 3, "examples": [{"x": -1.5}]}, None, NOON,
)  # fmt: skip


def record(catalog: Catalog, *alerts: Alert, resolved: tuple[str, ...] = ()) -> list[Alert]:
    return catalog.alerts.record(alerts, resolved=resolved, because="measured", actor="ada")


def test_an_alert_is_read_as_it_was_raised(catalog: Catalog) -> None:
    assert record(catalog, ALERT) == [ALERT]
    assert catalog.alerts.get_alert("alert-1") == ALERT


def test_an_alert_that_is_open_already_stays_as_it_is(catalog: Catalog) -> None:
    record(catalog, ALERT)
    assert record(catalog, replace(ALERT, id="alert-2", message="4 rows are near")) == []
    assert catalog.alerts.list_alerts() == [ALERT]


@pytest.mark.parametrize(
    "other", [{"column": "y"}, {"column": None}, {"partition": "p"}, {"check": "c"}, {"table": "t"}]
)
def test_an_alert_about_anything_else_is_another_one(catalog: Catalog, other: dict[str, Any]) -> None:
    record(catalog, ALERT)
    assert len(record(catalog, replace(ALERT, id="alert-2", **other))) == 1


def test_an_alert_about_no_column_stays_as_it_is_too(catalog: Catalog) -> None:
    record(catalog, replace(ALERT, column=None))
    assert record(catalog, replace(ALERT, column=None, id="alert-2")) == []


def test_equal_alerts_raised_at_once_open_one(catalog: Catalog, at_once: AtOnce) -> None:
    made = at_once(4, lambda each, n: record(each, replace(ALERT, id=f"alert-{n}")))
    assert sorted(len(opened) for opened in made) == [0, 0, 0, 1]


def test_a_resolved_alert_can_be_raised_again(catalog: Catalog) -> None:
    record(catalog, ALERT)
    record(catalog, resolved=("alert-1",))
    assert len(record(catalog, replace(ALERT, id="alert-2"))) == 1
    assert [each.state for each in catalog.alerts.list_alerts()] == ["open", "resolved"]


def test_resolving_keeps_when_and_why_and_happens_once(catalog: Catalog) -> None:
    record(catalog, ALERT)
    record(catalog, resolved=("alert-1",))
    after = catalog.alerts.get_alert("alert-1")
    assert (after.state, after.resolved_because) == ("resolved", "measured")
    assert after.resolved_at is not None
    record(catalog, resolved=("alert-1", "unknown"))
    assert catalog.alerts.get_alert("alert-1") == after
    assert [event.kind for event in catalog.events.list_events()] == ["alert.opened", "alert.resolved"]


def test_an_alert_is_found_by_a_unique_beginning_of_its_id(catalog: Catalog) -> None:
    record(catalog, ALERT, replace(ALERT, id="alert-2", column="y"), replace(ALERT, id="b%_3", column="z"))
    assert catalog.alerts.get_alert("b").id == "b%_3"
    assert catalog.alerts.get_alert("alert-2").id == "alert-2"


@pytest.mark.parametrize(
    ("beginning", "message"),
    [("alert", "Several alerts have an id beginning with 'alert'"), ("zz", "No alert has an id beginning with 'zz'"),
     ("", "beginning with ''"), ("%", "No alert has"), ("_", "No alert has")],
)  # fmt: skip
def test_no_alert_is_found_by_a_beginning_of_none_or_of_several(catalog: Catalog, beginning: str, message: str) -> None:
    record(catalog, ALERT, replace(ALERT, id="alert-2", column="y"))
    with pytest.raises(NotFound, match=message):
        catalog.alerts.get_alert(beginning)


def test_alerts_are_listed_newest_first_by_table_state_and_partition(catalog: Catalog) -> None:
    second = replace(ALERT, id="alert-2", partition="2024-01-02")
    record(catalog, ALERT, second, replace(second, id="alert-3", table="w"))
    record(catalog, resolved=("alert-2",))

    def listed(**about: Any) -> list[str]:
        return [each.id for each in catalog.alerts.list_alerts(**about)]

    assert listed() == ["alert-3", "alert-2", "alert-1"]
    assert listed(limit=1) == ["alert-3"]
    assert listed(table="flights") == ["alert-2", "alert-1"]
    assert listed(state="open") == ["alert-3", "alert-1"]
    assert listed(table="flights", state="resolved", partition="2024-01-02") == ["alert-2"]


def test_open_blocking_alerts_block_and_no_others(catalog: Catalog) -> None:
    record(
        catalog, ALERT, replace(ALERT, id="alert-2", severity="warn", check="c"),
        replace(ALERT, id="alert-3", table="w"),
        replace(ALERT, id="alert-4", column="y"),
    )  # fmt: skip
    record(catalog, resolved=("alert-4",))
    assert [each.id for each in catalog.alerts.list_blocking(["flights", "planes"])] == ["alert-1"]
    assert [each.id for each in catalog.alerts.list_blocking(["flights", "w"])] == ["alert-1", "alert-3"]
    assert catalog.alerts.list_blocking([]) == []


def test_a_confirmed_alert_stays_open(catalog: Catalog) -> None:
    record(catalog, ALERT)
    judged = catalog.alerts.judge("alert-1", true_alarm=True, because="it is Celsius", actor="bob")
    assert (judged.verdict, judged.verdict_by, judged.verdict_because) == ("true_alarm", "bob", "it is Celsius")
    assert judged.state == "open"
    assert catalog.alerts.get_alert("alert-1") == judged


def test_a_dismissed_alert_is_resolved_and_blocks_no_more(catalog: Catalog) -> None:
    record(catalog, ALERT)
    judged = catalog.alerts.judge("alert-1", true_alarm=False, because="a real storm", actor="bob")
    assert (judged.verdict, judged.state, judged.resolved_because) == (
        "false_alarm",
        "resolved",
        "dismissed: a real storm",
    )
    assert catalog.alerts.get_alert("alert-1") == judged
    assert catalog.alerts.list_blocking(["flights"]) == []


def test_a_verdict_is_an_event_of_the_person_who_gave_it(catalog: Catalog) -> None:
    record(catalog, ALERT)
    catalog.alerts.judge("alert-1", true_alarm=False, because="a real storm", actor="bob")
    events = catalog.events.list_events(subject="alert-1")
    assert [(event.kind, event.actor) for event in events] == [
        ("alert.opened", "ada"), ("alert.dismissed", "bob"), ("alert.resolved", "bob"),
    ]  # fmt: skip


def test_a_resolved_alert_can_still_be_judged_and_stays_resolved(catalog: Catalog) -> None:
    record(catalog, ALERT)
    record(catalog, resolved=("alert-1",))
    judged = catalog.alerts.judge("alert-1", true_alarm=True, because="it was real", actor="bob")
    assert (judged.verdict, judged.state, judged.resolved_because) == ("true_alarm", "resolved", "measured")


def test_an_alert_resolved_while_it_is_judged_stays_resolved(catalog: Catalog, at_once: AtOnce) -> None:
    for number in range(10):
        name = f"alert-{number}!"
        record(catalog, replace(ALERT, id=name, check=name))

        def act(each: Catalog, worker: int, name: str = name) -> None:
            if worker:
                each.alerts.judge(name, true_alarm=True, because="so", actor="bob")
            else:
                record(each, resolved=(name,))

        at_once(2, act)
        after = catalog.alerts.get_alert(name)
        assert (after.state, after.verdict) == ("resolved", "true_alarm")


def test_alerts_of_one_moment_are_listed_by_partition_after_later_ones(catalog: Catalog) -> None:
    parts = {"a": "p2", "b": "p3", "c": "p1"}
    made = [replace(ALERT, id=name, partition=part, column=name) for name, part in parts.items()]
    later = replace(ALERT, id="0", partition="p0", opened_at=ALERT.opened_at + timedelta(seconds=1))
    record(catalog, *made, later)
    assert [each.id for each in catalog.alerts.list_alerts()] == ["0", "b", "a", "c"]
    assert [each.id for each in catalog.alerts.list_alerts(limit=2)] == ["0", "b"]


def test_judging_an_unknown_alert_is_not_found(catalog: Catalog) -> None:
    with pytest.raises(NotFound):
        catalog.alerts.judge("zz", true_alarm=True, because="so", actor="bob")


def judge(catalog: Catalog, alert_id: str, *, true_alarm: bool) -> None:
    catalog.alerts.judge(alert_id, true_alarm=true_alarm, because="so", actor="bob")


def test_verdicts_are_those_of_the_table_and_kind_and_the_last_ones(catalog: Catalog) -> None:
    assert catalog.alerts.verdicts("flights", "rule") == {}
    kinds = {"alert-1": {}, "alert-2": {"column": "y"}, "alert-3": {"kind": "learned", "column": "z"}}
    record(catalog, *(replace(ALERT, id=name, **other) for name, other in kinds.items()))
    record(catalog, replace(ALERT, id="alert-4", table="w"), replace(ALERT, id="alert-5", column="v"))
    for name in ("alert-1", "alert-2", "alert-3", "alert-4"):
        judge(catalog, name, true_alarm=False)
    judge(catalog, "alert-1", true_alarm=True)
    assert catalog.alerts.verdicts("flights", "rule") == {"alert-1": "true_alarm", "alert-2": "false_alarm"}
    judged = catalog.alerts.list_judged("flights", "rule")
    assert [each.id for each in judged] == ["alert-1", "alert-2"]
    assert judged[0] == catalog.alerts.get_alert("alert-1")


def test_alerts_are_counted_by_column_kind_and_verdict(catalog: Catalog) -> None:
    parts = [replace(ALERT, id=f"alert-{number}", partition=f"p{number}") for number in range(4)]
    record(catalog, *parts, replace(ALERT, id="alert-8", column=None), replace(ALERT, id="alert-9", table="w"))
    judge(catalog, "alert-0", true_alarm=False)
    judge(catalog, "alert-1", true_alarm=False)
    since = NOON - timedelta(days=1)
    assert set(catalog.alerts.count_by_column(table="flights", since=since)) == {
        AlertCount("flights", "x", "rule", "false_alarm", 2),
        AlertCount("flights", "x", "rule", None, 2),
        AlertCount("flights", None, "rule", None, 1),
    }
    every = catalog.alerts.count_by_column(since=since)
    assert sum(each.alerts for each in every) == 6
    assert AlertCount("flights", None, "rule", None, 1) in every
    assert AlertCount("w", "x", "rule", None, 1) in every
    assert catalog.alerts.count_by_column(since=NOON + timedelta(seconds=1)) == []


def test_open_alerts_are_counted_by_table(catalog: Catalog) -> None:
    assert catalog.alerts.count_open() == {}
    record(catalog, *(replace(ALERT, id=f"a{n}", column=f"c{n}") for n in range(3)), replace(ALERT, id="b", table="w"))
    judge(catalog, "b", true_alarm=False)
    judge(catalog, "a0", true_alarm=True)
    assert catalog.alerts.count_open() == {"flights": 3}


def test_alerts_are_counted_by_the_day_on_which_they_were_opened(catalog: Catalog) -> None:
    moments = [NOON, NOON + timedelta(hours=11), NOON + timedelta(days=3)]
    record(catalog, *(replace(ALERT, id=f"a{n}", column=f"c{n}", opened_at=each) for n, each in enumerate(moments)))
    record(catalog, replace(ALERT, id="b", table="w"))
    assert catalog.alerts.count_by_day(table="flights", since=NOON) == {"2024-01-01": 2, "2024-01-04": 1}
    assert catalog.alerts.count_by_day(since=NOON) == {"2024-01-01": 3, "2024-01-04": 1}
    assert catalog.alerts.count_by_day(since=NOON + timedelta(hours=1)) == {"2024-01-01": 1, "2024-01-04": 1}
