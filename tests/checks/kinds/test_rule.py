from __future__ import annotations

import polars as pl
import pytest

from trivium.checks.kinds.rule import judge_rules, rule
from trivium.errors import Misuse

ROWS = pl.DataFrame({"distance": [1.0, -2.0, None, 4.0], "origin": ["a", "b", "b", None]})


@pytest.mark.parametrize(
    "text",
    [
        "1; DROP TABLE rows",
        "distance > 0) FROM rows WHERE (1=1",
        "a) AS x, (b",
        "(SELECT 1) = 1",
        "sum(distance) > 1",
        "row_number() OVER () > 1",
        "distance >",
        "",
        "*",
        "$1 = 2",
        "COPY rows TO 'x.csv'",
        "ATTACH 'x.db' AS other",
        "INSTALL httpfs",
        "PRAGMA version",
        "DELETE FROM rows",
        "1) ; COPY rows TO 'x.csv' ; SELECT (1",
        "distance IN (SELECT 1)",
        "EXISTS (FROM read_csv('/etc/passwd'))",
        "read_csv('/etc/passwd') FROM rows",
        "WITH x AS (DELETE FROM rows RETURNING *) SELECT 1",
        "getenv('HOME') = 'x'",
        "write_log('x') IS NULL",
        "current_setting('threads') > 1",
        "nextval('s') > 0",
        "1 UNION SELECT 2",
        "1 ORDER BY 1",
        "1 LIMIT 1",
        "-" * 5000 + "distance",
        "distance" + " + distance" * 5000 + " > 0",
    ],
)
def test_what_is_not_one_scalar_expression_is_refused_when_it_is_declared(text: str) -> None:
    with pytest.raises(Misuse, match="is not a rule"):
        rule(text)


def test_a_rule_names_itself_and_the_one_column_that_it_reads() -> None:
    found = rule("distance > 0")
    assert (found.name, found.column) == ("distance > 0", "distance")


def test_a_rule_over_several_columns_keeps_their_names_in_evidence() -> None:
    check = rule("distance > 0 OR origin = 'a'")
    assert check.column is None
    assert judge_rules([check], ROWS)[0].evidence["columns"] == ["distance", "origin"]


def test_a_lambda_parameter_is_no_column() -> None:
    assert rule("list_sum(list_transform(legs, lambda x: x + 1)) > 2").column == "legs"


def test_a_row_fails_when_the_rule_is_false_or_null_there() -> None:
    (found,) = judge_rules([rule("distance > 0")], ROWS)
    assert not found.passed
    assert found.failing_rows == 2
    assert [row["distance"] for row in found.examples] == [-2.0, None]


def test_absence_is_allowed_by_saying_so() -> None:
    (found,) = judge_rules([rule("distance IS NULL OR distance > -5")], ROWS)
    assert found.passed


def test_at_most_five_examples_are_kept_in_row_order() -> None:
    (found,) = judge_rules([rule("n < 10")], pl.DataFrame({"n": range(100)}))
    assert found.failing_rows == 90
    assert [row["n"] for row in found.examples] == [10, 11, 12, 13, 14]


def test_several_rules_are_judged_in_their_order() -> None:
    found = judge_rules([rule("distance > 100"), rule("origin = 'a' OR TRUE")], ROWS)
    assert [outcome.passed for outcome in found] == [False, True]


def test_a_rule_that_is_no_truth_value_is_misuse() -> None:
    with pytest.raises(Misuse, match="gives DOUBLE"):
        judge_rules([rule("distance + 1")], ROWS)


def test_a_rule_that_does_not_fit_is_named_among_those_that_do() -> None:
    with pytest.raises(Misuse, match="no_such_function"):
        judge_rules([rule("distance > 0"), rule("no_such_function(origin)")], ROWS)


def test_a_rule_that_cannot_compute_on_these_rows_fails_instead_of_raising() -> None:
    (found,) = judge_rules([rule("CAST(origin AS INTEGER) > 0")], ROWS)
    assert not found.passed
    assert "cannot be evaluated" in found.message


def test_dividing_by_zero_fails_the_row() -> None:
    (found,) = judge_rules([rule("1 / (distance - 1) < 5")], ROWS)
    assert found.failing_rows == 2


def test_a_rule_cannot_read_a_file() -> None:
    (found,) = judge_rules([rule("origin IN ('a', 'b') OR length(origin) > 0")], ROWS)
    assert found.failing_rows == 1
    with pytest.raises(Misuse):
        rule("(SELECT count(*) FROM read_csv('/etc/passwd')) > 0")


def test_an_empty_partition_passes_every_rule() -> None:
    assert judge_rules([rule("distance > 0")], ROWS.head(0))[0].passed


def test_a_rule_may_end_in_a_comment() -> None:
    assert judge_rules([rule("TRUE OR distance > 0 -- always")], ROWS)[0].passed


def test_a_column_of_another_type_fails_instead_of_raising() -> None:
    (found,) = judge_rules([rule("origin > 5")], ROWS)
    assert not found.passed
    assert "cannot be evaluated" in found.message


@pytest.mark.parametrize(("text", "failing"), [("1 = 1", 0), ("1 = 0", 2)])
def test_a_rule_that_names_no_column_is_judged_for_every_row(text: str, failing: int) -> None:
    (outcome,) = judge_rules([rule(text)], pl.DataFrame({"a": [1, 2]}))
    assert (outcome.passed, outcome.failing_rows) == (failing == 0, failing)
