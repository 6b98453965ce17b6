from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest

from trivium.checks.kinds import between, coverage, fresh, matches, one_of, row_count, unique
from trivium.checks.kinds.between import judge_between
from trivium.checks.kinds.coverage import judge_coverage
from trivium.checks.kinds.fresh import judge_fresh
from trivium.checks.kinds.matches import judge_matches
from trivium.checks.kinds.one_of import judge_one_of
from trivium.checks.kinds.row_count import judge_row_count
from trivium.checks.kinds.unique import judge_unique
from trivium.errors import Misuse

NOW = datetime(2024, 5, 2, 12, tzinfo=UTC)


def test_default_names_say_what_is_checked() -> None:
    checks = [
        coverage("tail_number", at_least=0.95),
        unique("flight_id"),
        unique("origin", "at"),
        fresh(within="26h"),
        between("humid", 0, 100),
        between("humid", low=0),
        one_of("origin", ["EWR"]),
        matches("code", "[A-Z]+"),
        row_count(at_least=10),
    ]
    assert [check.name for check in checks] == [
        "coverage(tail_number)",
        "unique(flight_id)",
        "unique(origin, at)",
        "fresh(26h)",
        "humid between 0 and 100",
        "humid at least 0",
        "one_of(origin)",
        "matches(code)",
        "row_count at least 10",
    ]


def test_nan_is_no_value_for_coverage() -> None:
    rows = pl.DataFrame({"x": [1.0, float("nan"), None, 4.0]})
    found = judge_coverage(coverage("x", at_least=0.6), rows)
    assert (found.passed, found.observed, found.failing_rows) == (False, 0.5, 2)
    assert judge_coverage(coverage("x", at_least=0.5), rows).passed


def test_no_rows_are_fully_covered() -> None:
    assert judge_coverage(coverage("x"), pl.DataFrame({"x": pl.Series([], dtype=pl.Int64)})).passed


def test_every_row_of_a_repeated_key_fails_and_null_keys_are_not_compared() -> None:
    found = judge_unique(unique("k"), pl.DataFrame({"k": ["a", "a", "b", None, None]}))
    assert found.failing_rows == 2


def test_several_columns_are_unique_together() -> None:
    assert judge_unique(unique("a", "b"), pl.DataFrame({"a": [1, 1], "b": [1, 2]})).passed


def test_nulls_are_between_and_nan_is_not() -> None:
    found = judge_between(between("x", 0, 10), pl.DataFrame({"x": [0.0, 10.0, None, float("nan"), 11.0]}))
    assert found.failing_rows == 2


def test_dates_can_be_bounds() -> None:
    check = between("d", low=date(2024, 1, 1))
    found = judge_between(check, pl.DataFrame({"d": [date(2023, 12, 31), date(2024, 1, 1)]}))
    assert found.failing_rows == 1


def test_values_outside_of_the_set_fail_and_nulls_pass() -> None:
    found = judge_one_of(one_of("c", ["a", "b"]), pl.DataFrame({"c": ["a", "B", None]}))
    assert found.failing_rows == 1


def test_the_whole_text_has_to_match() -> None:
    found = judge_matches(matches("c", "[A-Z]{2}"), pl.DataFrame({"c": ["AB", "ABC", None, "ab"]}))
    assert found.failing_rows == 2


def test_the_number_of_rows_is_bounded_on_both_sides() -> None:
    rows = pl.DataFrame({"x": range(5)})
    assert judge_row_count(row_count(at_least=5, at_most=5), rows).passed
    assert not judge_row_count(row_count(at_least=6), rows).passed
    assert not judge_row_count(row_count(at_most=4), rows).passed


def test_freshness_compares_the_newest_event_with_now() -> None:
    rows = pl.DataFrame({"at": [datetime(2024, 5, 1, 9), datetime(2024, 5, 1, 11)]})  # noqa: DTZ001 # wall times
    assert judge_fresh(fresh(within="26h"), rows, "at", NOW).passed
    assert not judge_fresh(fresh(within="24h"), rows, "at", NOW).passed


def test_freshness_only_warns() -> None:
    assert fresh(within="26h").severity == "warn"


def test_event_times_with_a_zone_are_compared_as_instants() -> None:
    at = pl.Series("at", [datetime(2024, 5, 2, 7, 30)]).dt.replace_time_zone("America/New_York")  # noqa: DTZ001
    assert judge_fresh(fresh(within="1h"), pl.DataFrame({"at": at}), "at", NOW).passed


@pytest.mark.parametrize(
    "declare",
    [
        lambda: coverage("x", at_least=95),
        unique,
        lambda: fresh(within="soon"),
        lambda: between("x"),
        lambda: between("x", 2, 1),
        lambda: one_of("x", []),
        lambda: one_of("x", "abc"),
        lambda: matches("x", "(["),
        row_count,
    ],
)
def test_a_declaration_that_cannot_mean_anything_is_misuse(declare: object) -> None:
    assert callable(declare)
    with pytest.raises(Misuse):
        declare()
