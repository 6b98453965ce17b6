"""The noise report counts what there is, and says what to do about it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from trivium.errors import NotFound
from trivium.store.store import Store
from trivium.tables.noise import LOUDEST, Noise, by_weeks, measure_noise
from trivium.values.alerts import Alert
from trivium.values.tables import TableSpec

ALERT = Alert(
    "", "orders", "amount", "p", "learned(amount)", "learned", "warn", "open", "far off", {}, None,
    datetime(2024, 1, 1, tzinfo=UTC),
)  # fmt: skip
MISSED = {
    "column": "amount", "key": "amount", "fact": "median", "middle": 10.0, "width": 2.0, "reach": 4.0, "log": False
}  # fmt: skip


def raise_alarms(store: Store, number: int, verdicts: str = "", *, weeks_ago: int = 0, **about: Any) -> None:
    """So many alarms; verdicts: the first ones are confirmed ("c") or dismissed ("d")."""
    opened = store.clock() - timedelta(weeks=weeks_ago)
    made = [
        replace(ALERT, id=store.ids(), partition=f"{weeks_ago}-{n}", opened_at=opened, **about) for n in range(number)
    ]
    store.catalog.alerts.record(made, resolved=(), because="", actor="ada")
    for alert, verdict in zip(made, verdicts, strict=False):
        store.catalog.alerts.judge(alert.id, true_alarm=verdict == "c", because="so", actor="ada")


def advice(noise: Noise) -> str:
    return "\n".join(noise.advice)


def test_alarms_are_counted_by_the_week_in_which_they_were_opened(store: Store) -> None:
    raise_alarms(store, 3)
    raise_alarms(store, 2, weeks_ago=2)
    raise_alarms(store, 5, weeks_ago=4)
    noise = measure_noise(store, weeks=4)
    assert list(noise.weeks.values()) == [0, 2, 0, 3]
    assert noise.alerts == 5
    assert all(date.fromisoformat(monday).weekday() == 0 for monday in noise.weeks)


def test_a_sunday_and_the_monday_after_it_are_of_two_weeks() -> None:
    days = {"2024-05-05": 1, "2024-05-06": 2}
    assert by_weeks(days, date(2024, 4, 29), 2) == {"2024-04-29": 1, "2024-05-06": 2}


def test_precision_is_of_the_judged_alarms_with_its_interval(store: Store) -> None:
    raise_alarms(store, 10, "cccd")
    noise = measure_noise(store, "orders")
    assert (noise.judged.hits, noise.judged.total) == (4, 10)
    assert (noise.precision.hits, noise.precision.total, noise.precision.share) == (3, 4, 0.75)
    assert noise.precision.low == pytest.approx(0.3006, abs=1e-4)
    assert noise.precision.high == pytest.approx(0.9544, abs=1e-4)


def test_nothing_is_known_of_the_precision_without_verdicts(store: Store) -> None:
    raise_alarms(store, 2)
    noise = measure_noise(store)
    assert noise.precision.share is None
    assert noise.advice[0].startswith("Nobody answered an alert yet")


def test_the_loudest_columns_come_first_and_others_are_counted(store: Store) -> None:
    for number in range(LOUDEST + 2):
        raise_alarms(store, number + 1, "d" * (number // 2), column=f"c{number}")
    noise = measure_noise(store)
    first = noise.columns[0]
    assert (first.name, first.alerts, first.dismissed, first.dismissed_share) == ("orders.c11", 12, 5, 1.0)
    assert (len(noise.columns), noise.others) == (LOUDEST, 2)


def test_a_report_of_one_table_leaves_the_others_out(store: Store) -> None:
    raise_alarms(store, 2)
    raise_alarms(store, 3, table="planes", column=None)
    assert measure_noise(store, "orders").alerts == 2
    assert [each.name for each in measure_noise(store, "planes").columns] == ["planes.*"]
    assert measure_noise(store).alerts == 5
    with pytest.raises(NotFound):
        measure_noise(store, "ordres")


def test_what_verdicts_widened_is_told_whenever_they_were_given(store: Store) -> None:
    raise_alarms(store, 1, "d", weeks_ago=30, evidence={"reached": [MISSED]})
    store.catalog.tables.declare(TableSpec(name="orders"), actor="ada")
    (widened,) = measure_noise(store, "orders").widened
    assert (widened.column, widened.family, widened.factor, widened.bounded) == ("amount", "place", 3.0, False)


def test_a_confirmed_alarm_as_near_as_a_dismissed_one_is_told(store: Store) -> None:
    raise_alarms(store, 2, "dc", evidence={"reached": [MISSED]})
    noise = measure_noise(store, "orders")
    assert [(each.factor, each.bounded) for each in noise.widened] == [(1.6, True)]
    assert "a declared check could tell them apart" in advice(noise)


def test_the_advice_depends_on_what_people_answered(store: Store) -> None:
    raise_alarms(store, 4, column="a")
    raise_alarms(store, 4, "ddd", column="b", kind="rule", check="b > 0")
    raise_alarms(store, 3, "ccc", column="c")
    said = advice(measure_noise(store))
    assert "orders.a alarmed 4 times unanswered" in said
    assert "orders.b: its declared checks failed 4 times and are never re-tuned" in said
    assert "orders.c: 3 true alarms and no false one" in said
    assert "11 alarms this week" in said
