"""Declared checks of one partition, judged together."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

import trivium as tv
from trivium.checks.declared import judge_declared
from trivium.checks.partition import Partition
from trivium.values.alerts import CheckResult
from trivium.values.tables import CheckSpec

ROWS = pl.DataFrame(
    {"id": [1, 2, 3, 3], "x": [0.5, None, float("nan"), 9.0], "kind": ["a", None, "b", "zz"], "empty": [None] * 4}
)
HELD = [tv.between("id", 1, 3), tv.one_of("kind", ["a", "b", "zz"]), tv.matches("kind", "[a-z]+"), tv.unique("id", "x")]
FAILED = [tv.between("x", 0, 1), tv.one_of("kind", ["a"]), tv.matches("kind", "[a-z]"), tv.unique("id")]
UNFIT = [tv.one_of("x", ["a"], name="of texts"), tv.between("kind", 0, 1)]


def test_checks_judged_together_say_what_each_says_alone() -> None:
    for checks in ([*HELD, *FAILED], [*HELD, *FAILED, *UNFIT], HELD, UNFIT):
        alone = [result for check in checks for result in judge(check)]
        assert str(judge(*checks)) == str(alone)  # NaN among the examples equals nothing


def test_checks_that_hold_show_no_rows_and_those_that_fail_do() -> None:
    found = judge(*HELD, *FAILED, *UNFIT)
    assert [result.passed for result in found] == [True] * 4 + [False] * 6
    assert [len(result.examples) for result in found] == [0] * 4 + [2, 2, 1, 2, 0, 0]


def judge(*checks: CheckSpec) -> list[CheckResult]:
    spec = tv.Table("t", checks=list(checks)).spec
    return judge_declared(spec, Partition("all", ROWS), now=datetime(2024, 1, 1, tzinfo=UTC), newest=True)
