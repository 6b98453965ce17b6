"""Checks look at large partitions chunk by chunk, and say the same."""

from __future__ import annotations

from importlib import import_module

import polars as pl
import pytest

from trivium.checks.kinds.between import between, judge_between
from trivium.checks.kinds.coverage import coverage, judge_coverage
from trivium.checks.kinds.matches import judge_matches, matches
from trivium.checks.kinds.one_of import judge_one_of, one_of
from trivium.checks.kinds.outcome import Outcome
from trivium.checks.kinds.rule import judge_rules, rule

ROWS = pl.DataFrame(
    {"n": [None if n % 11 == 0 else n % 13 for n in range(200)], "s": [f"{'x' * (n % 7 == 6)}{n}" for n in range(200)]}
)


def judge_all() -> list[Outcome]:
    """Checks of every kind that looks at rows one by one: failing early, late, everywhere and nowhere."""
    return [
        *judge_rules([rule("n < 12"), rule("s <> '199'"), rule("n IS NULL"), rule("s <> ''")], ROWS),
        judge_coverage(coverage("n"), ROWS),
        judge_between(between("n", 1, 11), ROWS),
        judge_one_of(one_of("n", [0, 1, 2]), ROWS),
        judge_matches(matches("s", r"\d+"), ROWS),
        judge_matches(matches("s", r"x?\d+"), ROWS),
    ]


@pytest.mark.parametrize("chunk", [1, 7, 199])
def test_checks_say_of_chunks_what_they_say_of_all_rows(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = judge_all()
    for module in ("rule", "outcome"):
        monkeypatch.setattr(import_module(f"trivium.checks.kinds.{module}"), "CHUNK", chunk)
    assert judge_all() == whole
    assert {outcome.passed for outcome in whole} == {True, False}
    assert max(len(outcome.examples) for outcome in whole) == 5
