"""Objectives as people write them, and the arithmetic of their error budgets."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from trivium.checks.kinds import rule
from trivium.checks.objective import objective
from trivium.errors import Misuse
from trivium.values.objectives import CheckOutcome, ErrorBudget, measure_budget, parse_objective

DAY = timedelta(days=1)


def outcomes(*passed: bool, step: timedelta = DAY) -> list[CheckOutcome]:
    """One partition after the other, from the first of January on."""
    start = datetime(2024, 1, 1)  # noqa: DTZ001 # as partitions begin
    moments = [start + each * step for each in range(len(passed))]
    return [CheckOutcome(f"{at:%Y-%m-%dT%H}", f"c{at}", at, ok) for at, ok in zip(moments, passed, strict=True)]


def budget(text: str, *passed: bool, step: timedelta = DAY, width: timedelta | None = DAY) -> ErrorBudget:
    return measure_budget(
        outcomes(*passed, step=step), table="t", check="c", owner=None, objective=text, width=width
    )  # fmt: skip


@pytest.mark.parametrize("text", ["99 % of days in 30 d", "99% of days in 30d", " 99.0% OF Days in 30 d "])
def test_an_objective_is_read_however_it_is_spaced(text: str) -> None:
    found = parse_objective(text)
    assert (found.share, found.unit, found.window) == (0.99, "days", timedelta(days=30))


@pytest.mark.parametrize(
    ("text", "message"),
    [("99 %", "is no objective"), ("always", "is no objective"), ("99 % of weeks in 30 d", "is no objective"),
     ("100 % of days in 30 d", "leaves no error budget"), ("0 % of days in 30 d", "asks for nothing"),
     ("101 % of days in 30 d", "leaves no error budget"), ("99 % of days in soon", "is not a length of time"),
     ("99 % of days in 2 h", "is shorter than one of its days"), ("99 % of days in 0 d", "is shorter")],
)  # fmt: skip
def test_what_is_no_objective_is_refused_where_it_is_written(text: str, message: str) -> None:
    with pytest.raises(Misuse, match=message):
        objective(rule("x > 0"), text)


def test_an_objective_keeps_the_check_and_names_who_answers_for_it() -> None:
    check = rule("x > 0", owner="ada")
    assert objective(check, "99 % of days in 30 d").owner == "ada"
    named = objective(check, "99 % of days in 30 d", owner="bob")
    assert (named.owner, named.name, named.kind, named.arguments) == ("bob", check.name, "rule", check.arguments)


def test_without_any_result_the_whole_budget_is_left() -> None:
    found = budget("90 % of days in 10 d")
    assert (found.judged, found.remaining, found.burn_rate, found.exhausted) == (0, 1.0, 0.0, False)


def test_a_budget_is_a_share_of_the_whole_window_however_young_the_table_is() -> None:
    found = budget("90 % of days in 20 d", True, False)
    assert (found.allowed, found.remaining, found.exhausted) == (2.0, 0.5, False)


def test_a_budget_is_exhausted_when_nothing_is_left_and_can_be_overdrawn() -> None:
    assert budget("90 % of days in 20 d", False, False).exhausted
    assert budget("99 % of days in 30 d", True, False).remaining == pytest.approx(1 - 1 / 0.3, abs=1e-6)


def test_failures_leave_the_window_with_time() -> None:
    found = budget("90 % of days in 10 d", False, *[True] * 9)
    assert found.failures == ("2024-01-01",)
    assert budget("90 % of days in 10 d", False, *[True] * 10).failures == ()


def test_the_burn_rate_is_the_failing_share_of_the_newest_quarter_over_the_share_allowed() -> None:
    assert budget("90 % of days in 8 d", *[True] * 7, False).burn_rate == pytest.approx(0.5 / 0.1)
    assert budget("90 % of days in 8 d", False, *[True] * 7).burn_rate == 0


def test_hours_of_an_hourly_table_count_as_days_when_days_are_promised() -> None:
    hour = timedelta(hours=1)
    found = budget("90 % of days in 10 d", *[True] * 30, False, False, step=hour, width=hour)
    assert (found.judged, found.failures) == (2, ("2024-01-02",))
    assert budget("90 % of hours in 48 h", *[True] * 30, False, False, step=hour, width=hour).failed == 2
    assert budget("50 % of partitions in 4 h", True, False, step=hour, width=hour).allowed == 2.0


def test_without_event_time_every_commit_is_a_partition() -> None:
    found = budget("50 % of partitions in 10 d", True, False, True, True, width=None)
    assert (found.judged, found.allowed, found.remaining) == (4, 2.0, 0.5)
