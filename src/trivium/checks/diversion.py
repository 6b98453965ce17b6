"""Diversion: rows for which a rule does not hold are taken out of a commit, so that the others can be published."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from msgspec import Struct
from msgspec.structs import replace

from trivium.checks.expression import parse_expression
from trivium.checks.kinds.outcome import Outcome, as_result
from trivium.checks.kinds.rule import judge_rules
from trivium.checks.mask import mask_rows
from trivium.checks.partition import Partition
from trivium.checks.pii import mask_result
from trivium.errors import Misuse
from trivium.values.alerts import CheckResult, Judgement
from trivium.values.tables import CheckSpec, TableSpec

MARK = "diverted"


class Diversion(Struct, frozen=True):
    """The partitions without the rows that go, those rows by their partition, and the results that say why."""

    kept: tuple[Partition, ...]
    aside: tuple[Partition, ...] = ()
    results: dict[str, tuple[CheckResult, ...]] = {}


def divert_rows(spec: TableSpec, batch: Sequence[Partition]) -> Diversion:
    """The batch, divided by the table's rules of severity "divert".

    Nothing is diverted when a partition would be left without rows: then the rule fails for the commit as a whole. A
    rule that cannot be evaluated on the rows diverts none, and fails later, when they are judged.
    """
    rules = [check for check in spec.checks if check.severity == "divert"]
    parts = [_divide(spec, rules, part) for part in batch] if rules else []
    if not any(failing.height for _, failing, _ in parts) or not all(kept.rows.height for kept, _, _ in parts):
        return Diversion(tuple(batch))
    return Diversion(
        kept=tuple(kept for kept, _, _ in parts),
        aside=tuple(Partition(kept.name, failing) for kept, failing, _ in parts if failing.height),
        results={kept.name: results for kept, failing, results in parts if failing.height},
    )


def tell_diversion(judgement: Judgement, diversion: Diversion) -> Judgement:
    """The judgement of the rows that were kept, with the results of those that were not: at least flagged."""
    told = {result.check: result for result in diversion.results.get(judgement.partition, ())}
    if not told:
        return judgement
    others = (result for result in judgement.results if result.check not in told)
    state = "flagged" if judgement.state == "valid" else judgement.state
    return replace(judgement, state=state, results=(*others, *told.values()))


def is_diversion(result: CheckResult) -> bool:
    """Whether the rows that this result is about were diverted."""
    return MARK in result.evidence


def _divide(
    spec: TableSpec, rules: Sequence[CheckSpec], part: Partition
) -> tuple[Partition, pl.DataFrame, tuple[CheckResult, ...]]:
    there = {name.lower() for name in part.rows.columns}
    fitting = [rule for rule in rules if all(name.lower() in there for name in rule.arguments["columns"])]
    if not fitting or _all_hold(fitting, part.rows):
        return part, part.rows.clear(), ()
    outcomes = zip(fitting, judge_rules(fitting, part.rows), strict=True)
    failed = [(rule, outcome) for rule, outcome in outcomes if outcome.failing_rows]
    if not failed:
        return part, part.rows.clear(), ()
    hold = _hold([rule for rule, _ in failed], part.rows)
    results = tuple(mask_result(_result(part, rule, outcome), spec.pii) for rule, outcome in failed)
    return replace(part, rows=part.rows.filter(hold)), part.rows.filter(~hold), results


def _all_hold(rules: Sequence[CheckSpec], rows: pl.DataFrame) -> bool:
    """Whether every rule holds for every row. One that cannot be evaluated does not."""
    try:
        return bool(_hold(rules, rows).all())
    except Misuse:
        return False


def _hold(rules: Sequence[CheckSpec], rows: pl.DataFrame) -> pl.Series:
    """(n,) booleans in the rows' order: whether all of the rules are known to hold."""
    every = parse_expression(" AND ".join(f"({rule.arguments['expression']}\n)" for rule in rules))
    named = {name.lower() for name in every.columns}
    wanted = [name for name in rows.columns if name.lower() in named]
    return mask_rows(every, rows.select(wanted or rows.columns[:1]))


def _result(part: Partition, rule: CheckSpec, outcome: Outcome) -> CheckResult:
    told = replace(
        outcome,
        message=f"{outcome.message} and are kept aside",
        evidence={**outcome.evidence, MARK: outcome.failing_rows},
    )
    return as_result(rule, part.name, told)
