"""A table's declared checks on one partition."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import polars as pl

from trivium.checks.kinds.between import between_test, judge_between
from trivium.checks.kinds.coverage import judge_coverage
from trivium.checks.kinds.distribution import judge_distribution
from trivium.checks.kinds.fresh import judge_fresh
from trivium.checks.kinds.function import judge_function
from trivium.checks.kinds.matches import judge_matches, matches_test
from trivium.checks.kinds.one_of import judge_one_of, one_of_test
from trivium.checks.kinds.outcome import Outcome, RowTest, as_result, find_passed, unevaluable
from trivium.checks.kinds.query import judge_query
from trivium.checks.kinds.references import judge_references
from trivium.checks.kinds.row_count import judge_row_count
from trivium.checks.kinds.rule import judge_rules
from trivium.checks.kinds.schema import judge_columns
from trivium.checks.kinds.unique import judge_unique, unique_test
from trivium.checks.metric import KINDS as OF_PREDICTIONS
from trivium.checks.metric import names_columns
from trivium.checks.partition import Partition
from trivium.checks.predictions import judge_table
from trivium.checks.surroundings import Surroundings
from trivium.checks.whole import MANY_ROWS
from trivium.errors import Misuse
from trivium.values.alerts import CheckResult
from trivium.values.tables import CheckSpec, TableSpec

JUDGES: dict[str, Callable[[CheckSpec, pl.DataFrame], Outcome]] = {
    "between": judge_between,
    "coverage": judge_coverage,
    "function": judge_function,
    "matches": judge_matches,
    "one_of": judge_one_of,
    "row_count": judge_row_count,
    "unique": judge_unique,
}
ROW_TESTS: dict[str, Callable[[CheckSpec, pl.DataFrame], RowTest]] = {
    "between": between_test,
    "matches": matches_test,
    "one_of": one_of_test,
    "unique": unique_test,
}
WIDER: dict[str, Callable[[CheckSpec, Partition, Surroundings], Outcome]] = {
    "distribution": judge_distribution,
    "query": judge_query,
    "references": judge_references,
}  # they look beyond the partition
UNFIT = (pl.exceptions.PolarsError, TypeError, ValueError)  # the rows do not fit the check
ALONE = frozenset({"rule", "fresh", "schema"})  # each judged in a way of its own


def judge_declared(
    spec: TableSpec,
    part: Partition,
    *,
    now: datetime,
    newest: bool,
    broken: Sequence[str] = (),
    around: Surroundings | None = None,
) -> list[CheckResult]:
    """The result of every declared check of the table on this partition.

    newest: whether no later partition is known (freshness is judged only there). broken: columns that are known to be
    absent or of another type; a check that reads one fails instead of being misuse. around: other tables and the past,
    for the checks that look there.
    Raises Misuse for a check of an unknown kind, or on a column that the table never had.
    """
    for check in spec.checks:
        _refuse_unknown(spec, check, part.rows.columns, broken)
    judged = [check for check in spec.checks if not _is_elsewhere(check) and (check.kind != "fresh" or newest)]
    sound = [check for check in judged if not any(name in broken for name in columns_read(check))]
    rules = [check for check in sound if check.kind == "rule"]
    outcomes = dict(zip((id(rule) for rule in rules), judge_rules(rules, part.rows), strict=True))
    outcomes |= _find_passed(sound, part.rows)
    results = list[CheckResult]()
    for check in judged:
        if check not in sound:
            found = [_broken(check, broken)]
        elif check.kind == "fresh":
            found = [judge_fresh(check, part.rows, spec.time, now)]
        elif check.kind == "schema":
            found = judge_columns(check, part.rows)
        elif check.kind in OF_PREDICTIONS:
            results += _judge_predictions(spec, check, part, around)
            continue
        else:
            found = [outcomes.get(id(check)) or _judge_one(check, part, around, broken)]
        column = spec.time if check.kind == "fresh" else None
        results += [as_result(check, part.name, outcome, column=column) for outcome in found]
    return results


def columns_read(check: CheckSpec) -> list[str]:
    """The columns that a check reads."""
    return list(check.arguments.get("columns", ())) or ([check.column] if check.column else [])


def _is_elsewhere(check: CheckSpec) -> bool:
    """Whether it is about the predictions of an endpoint, which judges it when truth has arrived."""
    return check.kind in OF_PREDICTIONS and not names_columns(check)


def _find_passed(checks: Sequence[CheckSpec], rows: pl.DataFrame) -> dict[int, Outcome]:
    """By the checks' ids the outcomes of those that no row of a small partition fails, found by one query.

    None where a check does not fit the rows: each is judged by itself then, as are those that some row fails.
    """
    asking = [check for check in checks if check.kind in ROW_TESTS and rows.height <= MANY_ROWS]
    try:
        found = find_passed(rows, [ROW_TESTS[check.kind](check, rows) for check in asking])
    except UNFIT:
        return {}
    return {id(check): outcome for check, outcome in zip(asking, found, strict=True) if outcome is not None}


def _judge_predictions(
    spec: TableSpec, check: CheckSpec, part: Partition, around: Surroundings | None
) -> list[CheckResult]:
    try:
        return judge_table(check, part, table=spec, around=around)
    except UNFIT as error:
        return [as_result(check, part.name, _unfit(check, part, error))]


def _judge_one(check: CheckSpec, part: Partition, around: Surroundings | None, broken: Sequence[str]) -> Outcome:
    try:
        return _judge_wider(check, part, around) if check.kind in WIDER else JUDGES[check.kind](check, part.rows)
    except UNFIT as error:
        return _unfit(check, part, error)
    except Misuse as misuse:
        if not broken:
            raise
        return unevaluable(check, str(misuse))  # the columns that it misses are known to be


def _unfit(check: CheckSpec, part: Partition, error: Exception) -> Outcome:
    reason = str(error).splitlines()[0]
    kind = ", ".join(f"`{name}` is {part.rows.schema[name]}" for name in columns_read(check))
    return unevaluable(check, f"{kind}: {reason}" if kind else reason)


def _judge_wider(check: CheckSpec, part: Partition, around: Surroundings | None) -> Outcome:
    if around is None:
        raise Misuse(
            f"Check {check.name!r} looks beyond the rows of a partition, and there is nothing to look at here."
        )
    return WIDER[check.kind](check, part, around)


def _refuse_unknown(spec: TableSpec, check: CheckSpec, columns: Sequence[str], broken: Sequence[str]) -> None:
    kinds = {*JUDGES, *WIDER, *ALONE, *OF_PREDICTIONS}
    if check.kind not in kinds:
        known = ", ".join(sorted(kinds))
        raise Misuse(
            f"Check {check.name!r} of table {spec.name!r} has the unknown kind {check.kind!r}; known: {known}."
        )
    there = {name.lower() for name in (*columns, *broken)} if check.kind == "rule" else {*columns, *broken}
    for name in columns_read(check) if not _is_elsewhere(check) else ():
        if (name.lower() if check.kind == "rule" else name) not in there:
            raise Misuse(
                f"Check {check.name!r} of table {spec.name!r} reads column {name!r}, which these rows do not have; "
                f"they have {', '.join(columns)}."
            )


def _broken(check: CheckSpec, broken: Sequence[str]) -> Outcome:
    shown = ", ".join(f"`{name}`" for name in columns_read(check) if name in broken)
    return Outcome(passed=False, message=f"{check.name}: cannot be evaluated, {shown} is absent or of another type")
