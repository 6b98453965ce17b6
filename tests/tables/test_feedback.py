"""A verdict changes what the next commit is told: at once, for one column, and as long as the verdict stands."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from trivium.checks.feedback import NO_FEEDBACK
from trivium.store.store import Store
from trivium.tables.backtest import check_newest, check_rows, replay_table
from trivium.tables.learned_feedback import answer_alert, learned_feedback, recorded_feedback
from trivium.tables.table import Table
from trivium.values.alerts import Alert

WEATHER = Table("weather", key="id", time="at")
CALM = 40
STORM = 12.0


def days(*numbers: int, storm: float = 0.0) -> pl.DataFrame:
    """Days of 100 readings of the wind; a storm raises it."""
    return pl.concat(one_day(number, storm) for number in numbers)


def one_day(number: int, storm: float) -> pl.DataFrame:
    rng, day = np.random.default_rng(number), date(2024, 1, 1) + timedelta(days=number)
    wind = rng.normal(10 + rng.normal(0, 0.4) + storm, 1, 100)
    at = pl.datetime_range(day, day + timedelta(days=1), "14m", closed="left", eager=True).head(100)
    return pl.DataFrame({"id": [f"{number}-{each}" for each in range(100)], "at": at, "wind": wind})


@pytest.fixture
def dismissed(store: Store) -> Alert:
    """The alert of a storm after forty calm days, dismissed."""
    WEATHER.append(days(*range(CALM)))
    WEATHER.append(days(CALM, storm=STORM))
    (alert,) = store.catalog.alerts.list_alerts(table="weather", state="open")
    return answer_alert(store, alert.id, true_alarm=False, because="a storm")[0]


def test_the_next_storm_is_quiet_and_a_fault_is_not(store: Store, dismissed: Alert) -> None:
    assert WEATHER.append(days(CALM + 1, storm=STORM)).state == "valid"
    assert WEATHER.append(days(CALM + 2, storm=60)).state != "valid"


def test_a_dismissal_and_the_state_of_the_commit_are_two_acts(store: Store) -> None:
    WEATHER.append(days(*range(CALM)))
    kept = WEATHER.append(days(CALM).with_columns(wind=pl.col("wind") * 1000))
    assert kept.state == "quarantined"
    for alert in store.catalog.alerts.list_alerts(table="weather", state="open"):
        answer_alert(store, alert.id, true_alarm=False, because="new unit")
    assert store.catalog.tables.get_commit(kept.id).state == "quarantined"
    assert WEATHER.release(kept.id, because="new unit").state == "flagged"


def test_a_dismissal_that_is_taken_back_by_a_confirmation_teaches_nothing(store: Store, dismissed: Alert) -> None:
    _, retuned = answer_alert(store, dismissed.id, true_alarm=True, because="it was the sensor")
    assert {each.factor_after for each in retuned} == {1.0}
    assert WEATHER.append(days(CALM + 1, storm=STORM)).state != "valid"


def test_the_bands_before_and_after_are_told(store: Store) -> None:
    WEATHER.append(days(*range(CALM)))
    WEATHER.append(days(CALM, storm=STORM))
    (alert,) = store.catalog.alerts.list_alerts(table="weather", state="open")
    _, retuned = answer_alert(store, alert.id, true_alarm=False, because="a storm")
    first = retuned[0]
    assert (first.columns, first.fact, first.factor_before) == (("wind",), alert.evidence["fact"], 1.0)
    assert first.before == pytest.approx((alert.evidence["low"], alert.evidence["high"]))
    assert first.before[1] < float(alert.evidence["observed"]) < first.after[1]
    assert answer_alert(store, alert.id, true_alarm=False, because="a storm, as I said")[1] == []


def test_a_verdict_of_another_process_is_seen_at_the_next_look(store: Store, dismissed: Alert) -> None:
    known = learned_feedback(store, WEATHER.spec)
    assert known.dismissed
    assert learned_feedback(store, WEATHER.spec) is known, "as long as no verdict changes, nothing is read again"
    store.catalog.alerts.judge(dismissed.id, true_alarm=True, because="after all", actor="eve")
    assert learned_feedback(store, WEATHER.spec).dismissed == ()


def test_a_check_of_rows_and_a_replay_use_the_verdicts(store: Store, dismissed: Alert) -> None:
    assert [each.state for each in check_rows(store, "weather", days(CALM + 1, storm=STORM))] == ["valid"]
    assert replay_table(store, "weather").feedback == recorded_feedback(store, "weather")
    WEATHER.append(days(CALM + 1, storm=STORM))
    assert [each.state for each in check_newest(store, "weather")] == ["valid"]


def test_changed_rows_are_judged_by_the_verdicts_too(store: Store, dismissed: Alert) -> None:
    WEATHER.append(days(CALM + 1))
    assert WEATHER.upsert(days(CALM + 1, storm=STORM)).state == "valid"
    assert WEATHER.overwrite(days(CALM + 1, storm=STORM)).state == "valid"


def test_a_table_that_nobody_watches_takes_no_look(store: Store, dismissed: Alert) -> None:
    assert learned_feedback(store, Table("weather", key="id", time="at", watch="off").spec) is NO_FEEDBACK


def test_what_a_verdict_taught_goes_with_the_new_name_of_its_column(store: Store, dismissed: Alert) -> None:
    WEATHER.rename({"wind": "speed"})
    assert {each.column for each in recorded_feedback(store, "weather").dismissed} == {"speed"}
    assert WEATHER.append(days(CALM + 1, storm=STORM).rename({"wind": "speed"})).state == "valid"
    _, retuned = answer_alert(store, dismissed.id, true_alarm=True, because="it was the sensor")
    assert retuned[0].columns == ("speed",)
    WEATHER.restore(1)
    assert {each.column for each in recorded_feedback(store, "weather").confirmed} == {"wind"}
