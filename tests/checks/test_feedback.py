"""A verdict re-tunes its column: storms alarm once, faults alarm for ever."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from trivium.checks.alert import raise_alerts
from trivium.checks.feedback import FURTHER, NO_FEEDBACK, WIDEST_BY_FAMILY, Feedback, Reach, reaches_of
from trivium.checks.history import History
from trivium.checks.judge import judge, judge_partition
from trivium.checks.partition import Partition
from trivium.checks.profile import profile_partition
from trivium.checks.replay import Replay
from trivium.values.alerts import Alert, CheckResult, Finding, Judgement
from trivium.values.tables import TableSpec

SPEC = TableSpec(name="weather", key=("id",), time="at")
NOW = datetime(2024, 6, 1, tzinfo=UTC)
CALM, DAYS = 60, 90


def make_day(number: int, storm: float = 0.0) -> Partition:
    """A day of 200 readings: the wind, which a storm raises and spreads, and the pressure, which it lowers."""
    rng, day = np.random.default_rng(number), date(2024, 1, 1) + timedelta(days=number)
    level = 10 + rng.normal(0, 0.4)
    wind = rng.normal(level + storm, 1 + storm / 8, 200)
    return Partition(
        day.isoformat(),
        pl.DataFrame(
            {
                "id": [f"{number}-{each}" for each in range(200)],
                "wind": wind,
                "pressure": 1013 + rng.normal(0, 0.5) + rng.normal(0, 2, 200) - storm,
                "site": rng.choice(["a", "b", "c"], 200),
            }
        ),
    )


@pytest.fixture(scope="module")
def calm() -> History:
    return History.of_profiles(profile_partition("weather", make_day(number)) for number in range(CALM))


def judged(part: Partition, history: History, feedback: Feedback = NO_FEEDBACK) -> Judgement:
    return judge_partition(SPEC, part, history, now=NOW, feedback=feedback)


def alarms(part: Partition, history: History, feedback: Feedback = NO_FEEDBACK) -> dict[str | None, CheckResult]:
    return {each.column: each for each in judged(part, history, feedback).results if not each.passed}


def answered(judgement: Judgement, verdict: Finding) -> list[Alert]:
    made = raise_alerts(SPEC, [judgement], commit=None, now=NOW, ids=lambda: judgement.partition)
    return [
        Alert(**{name: getattr(each, name) for name in each.__struct_fields__} | {"verdict": verdict}) for each in made
    ]


def test_a_storm_alarms_and_its_like_is_quiet_once_it_is_dismissed(calm: History) -> None:
    storm = judged(make_day(70, storm=6), calm)
    taught = Feedback.of_alerts(answered(storm, "false_alarm"))
    assert {each.column for each in storm.results if not each.passed} >= {"wind"}
    for number in range(71, 81):
        assert alarms(make_day(number, storm=6), calm), "without the verdict each of them alarms"
        assert not alarms(make_day(number, storm=6), calm, taught)


def test_storms_of_a_season_alarm_at_most_once_each_and_never_after_the_strongest(calm: History) -> None:
    history, alerts = calm, list[Alert]()
    said = list[int]()
    for number in range(CALM, DAYS):
        judgement = judged(make_day(number, storm=6 if number % 6 == 5 else 0.0), history, Feedback.of_alerts(alerts))
        if judgement.state != "valid":
            said.append(number)
            alerts += answered(judgement, "false_alarm")
    assert said == [65], "only the first storm; they are kept aside, so the history learns none of them"


def test_far_stronger_than_what_was_dismissed_alarms_still(calm: History) -> None:
    taught = Feedback.of_alerts(answered(judged(make_day(70, storm=6), calm), "false_alarm"))
    assert "wind" in alarms(make_day(71, storm=18), calm, taught)


def test_other_columns_and_other_families_are_as_sensitive_as_before(calm: History) -> None:
    taught = Feedback.of_alerts(answered(judged(make_day(70, storm=6), calm), "false_alarm"))
    part = make_day(71)
    lost = part.rows.with_columns(wind=pl.when(pl.int_range(pl.len()) % 4 != 0).then("wind"))
    named = part.rows.with_columns(site=pl.col("site").str.to_uppercase())
    for rows, column in ((lost, "wind"), (named, "site")):
        before, after = (alarms(Partition(part.name, rows), calm, each)[column] for each in (NO_FEEDBACK, taught))
        assert (before.surprise, before.expected) == (after.surprise, after.expected)


def test_a_confirmed_fault_is_never_quieted_by_a_dismissal_of_a_stronger_alarm(calm: History) -> None:
    fault = judged(make_day(72, storm=5), calm)
    storm = judged(make_day(70, storm=8), calm)
    taught = Feedback.of_alerts([*answered(storm, "false_alarm"), *answered(fault, "true_alarm")])
    assert "wind" in alarms(make_day(72, storm=5), calm, taught)
    assert any(each.bounded for each in taught.widenings() if each.column == "wind")


def test_the_band_that_is_shown_is_the_one_that_judged(calm: History) -> None:
    taught = Feedback.of_alerts(answered(judged(make_day(70, storm=3), calm), "false_alarm"))
    plain, wider = (alarms(make_day(71, storm=12), calm, each)["wind"] for each in (NO_FEEDBACK, taught))
    factors = {each.family: each.factor for each in taught.widenings() if each.column == "wind"}
    assert plain.evidence["fact"] == wider.evidence["fact"] == "median"
    spans = [each.evidence["high"] - each.evidence["low"] for each in (plain, wider)]
    assert spans[1] > 1.2 * spans[0]
    assert plain.evidence["facts"]["median"] / wider.evidence["facts"]["median"] > 1.2
    assert factors["place"] > 1.2


def test_a_verdict_that_is_taken_back_teaches_nothing(calm: History) -> None:
    storm = judged(make_day(70, storm=6), calm)
    taken_back = Feedback.of_alerts(answered(storm, "true_alarm"))
    before, after = (alarms(make_day(71, storm=6), calm, each)["wind"] for each in (NO_FEEDBACK, taken_back))
    assert before == after


def test_a_dismissed_fact_is_quiet_however_far_it_was_but_its_family_is_not_blind(calm: History) -> None:
    part = make_day(70)
    empty, negative = (
        Partition(part.name, part.rows.with_columns(wind=wind))
        for wind in (
            pl.lit(None, dtype=pl.Float64),
            pl.when(pl.int_range(pl.len()) % 2 == 0).then("wind").otherwise(0.0),
        )
    )
    alerts = answered(judged(empty, calm), "false_alarm")
    assert max(each.surprise for alert in alerts for each in reaches_of(alert)) > 5 * WIDEST_BY_FAMILY
    taught = Feedback.of_alerts(alerts)
    assert "wind" not in alarms(empty, calm, taught)
    assert "zero_rate" in alarms(negative, calm, taught)["wind"].evidence["facts"]


def test_the_widening_fades_when_the_history_has_learned_the_storm(calm: History) -> None:
    storm = make_day(70, storm=6)
    taught = Feedback.of_alerts(answered(judged(storm, calm), "false_alarm"))
    released = calm.extended(profile_partition("weather", storm))
    far = make_day(75, storm=40)
    widths = []
    for history in (calm, released):
        plain, wider = (alarms(far, history, each)["wind"].evidence for each in (NO_FEEDBACK, taught))
        widths.append((plain["high"] - plain["low"], wider["high"] - wider["low"]))
    (before, taught_before), (after, taught_after) = widths
    assert after > before, "the history itself expects more"
    assert taught_after / after < taught_before / before
    assert taught_after == pytest.approx(max(taught_before, after), rel=0.2)


def test_a_day_of_few_rows_that_was_dismissed_is_quiet_as_a_whole(calm: History) -> None:
    def holiday(number: int) -> Partition:
        part = make_day(number)
        return Partition(part.name, part.rows.head(60))

    first = judged(holiday(70), calm)
    assert [each.column for each in first.results if not each.passed] == [None]
    taught = Feedback.of_alerts(answered(first, "false_alarm"))
    assert not alarms(holiday(71), calm, taught)


def test_a_reach_gives_the_band_of_its_alarm(calm: History) -> None:
    (alert,) = (each for each in answered(judged(make_day(70, storm=6), calm), "false_alarm") if each.column == "wind")
    lead = next(each for each in reaches_of(alert) if each.family == "place")
    low, high = lead.band(1.0)
    assert low < 10 < high
    assert lead.band(FURTHER * lead.surprise)[1] > high


def test_declared_checks_teach_nothing(calm: History) -> None:
    (alert, *_) = answered(judged(make_day(70, storm=6), calm), "false_alarm")
    declared = Alert(**{name: getattr(alert, name) for name in alert.__struct_fields__} | {"kind": "rule"})
    assert Feedback.of_alerts([declared]) == NO_FEEDBACK


def test_a_replay_judges_by_the_verdicts_of_today(calm: History) -> None:
    storm = make_day(70, storm=6)
    taught = Feedback.of_alerts(answered(judged(storm, calm), "false_alarm"))
    parts = [*(make_day(number) for number in range(30)), make_day(31, storm=6)]
    states = [
        [judgement.state for _, judgement in Replay(SPEC, parts, NOW, feedback=each).walk()][-1]
        for each in (NO_FEEDBACK, taught)
    ]
    assert states[0] != "valid"
    assert states[1] == "valid"


def test_a_batch_is_judged_by_the_verdicts(calm: History) -> None:
    taught = Feedback.of_alerts(answered(judged(make_day(70, storm=6), calm), "false_alarm"))
    batch = [make_day(71, storm=6), make_day(72)]
    assert [each.state for each in judge(SPEC, batch, calm, now=NOW, feedback=taught)] == ["valid", "valid"]


def test_the_band_of_a_share_or_a_correlation_stays_where_these_can_be() -> None:
    def told(fact: str, key: str = "x\x1fy") -> tuple[float, float]:
        return Reach("x", key, fact, middle=0.02, width=1.0, reach=2.0, log=False).band(2.0)

    assert told("undetermined") == told("null_mismatch") == told("null_rate", "x") == (0.0, 1.0)
    assert told("rank_correlation") == (-1.0, 1.0)
    assert told("median", "x") == (-1.98, 2.02)
