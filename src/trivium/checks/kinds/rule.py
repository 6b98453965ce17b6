"""Rule: an SQL expression that is true for every row."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import polars as pl

from trivium.checks.comparison import as_comparison
from trivium.checks.expression import parse_expression
from trivium.checks.kinds.outcome import EXAMPLES, Outcome, describe_failing, example_rows
from trivium.checks.present import CHUNK
from trivium.checks.sandbox import is_wrong_sql, query_rows
from trivium.checks.whole import MANY_ROWS
from trivium.errors import Misuse
from trivium.values.tables import CheckSpec, Severity

ROW = "__row"


def rule(
    expression: str, *, name: str | None = None, severity: Severity = "block", owner: str | None = None
) -> CheckSpec:
    """A check that this SQL expression (DuckDB's dialect) is true for every row.

    A row for which it is null fails: a rule holds only where it is known to hold. Allow absence by saying so, as in
    `rule("arr_delay IS NULL OR arr_delay < 2000")`. severity: "block" keeps a commit aside with all its rows, "divert"
    only the rows that fail, and publishes the others; "warn" publishes all of them.

    Raises Misuse when the text is not one scalar expression over a row.
    """
    columns = parse_expression(expression).columns
    return CheckSpec(
        name=name or expression,
        kind="rule",
        column=columns[0] if len(columns) == 1 else None,
        arguments={"expression": expression, "columns": list(columns)},
        severity=severity,
        owner=owner,
    )


def judge_rules(checks: Sequence[CheckSpec], rows: pl.DataFrame) -> list[Outcome]:
    """Every rule's outcome: by comparing where that tells that a rule holds, by DuckDB of all the others.

    Raises Misuse for a rule that does not fit the table's columns or is not a truth value.
    """
    held = _find_held(checks, rows)
    queried = iter(_query([check for check, holds in zip(checks, held, strict=True) if not holds], rows))
    return [
        _outcome(check, rows, 0, "BOOLEAN", []) if holds else next(queried)
        for check, holds in zip(checks, held, strict=True)
    ]


def _find_held(checks: Sequence[CheckSpec], rows: pl.DataFrame) -> list[bool]:
    """Which of the rules only compare, and hold for every row of a small partition."""
    if rows.height > MANY_ROWS:
        return [False] * len(checks)
    trees = [parse_expression(check.arguments["expression"]).tree for check in checks]
    schema = rows.schema
    found = {str(place): as_comparison(tree, schema) for place, tree in enumerate(trees)}
    tests = {place: test.fill_null(value=False).all() for place, test in found.items() if test is not None}
    answers = rows.select(**tests).to_dict(as_series=False) if tests else {}
    return [answers.get(place) == [True] for place in found]


def _query(checks: Sequence[CheckSpec], rows: pl.DataFrame) -> list[Outcome]:
    """The outcomes of all of them in one scan; where that fails, one by one to name the culprit."""
    if not checks:
        return []
    try:
        found = _scan(checks, rows)
    except duckdb.Error as error:
        if len(checks) > 1:
            return [outcome for check in checks for outcome in _query([check], rows)]
        return [_unevaluable(checks[0], error)]
    return [_outcome(check, rows, *each) for check, each in zip(checks, found, strict=True)]


def _scan(checks: Sequence[CheckSpec], rows: pl.DataFrame) -> Sequence[tuple[int, object, list[int]]]:
    """Of each rule how many rows fail, its type, and where the first ones are; these are looked for where some do."""
    read = dict.fromkeys(name for check in checks for name in check.arguments["columns"])
    lookup = {name.lower(): name for name in rows.columns}
    wanted = [lookup[name.lower()] for name in read if name.lower() in lookup]
    kept = rows.select(wanted or rows.columns[:1])  # without any column there would be no rows
    tests = ", ".join(f"({check.arguments['expression']}\n) AS r{i}" for i, check in enumerate(checks))
    failing = [f"FILTER (WHERE CAST(r{i} AS BOOLEAN) IS NOT TRUE)" for i in range(len(checks))]
    facts = ", ".join(f"count(*) {where}, any_value(typeof(r{i}))" for i, where in enumerate(failing))
    found = query_rows(f"SELECT {facts} FROM (SELECT {tests} FROM rows)", kept)  # noqa: S608 # parsed, sandboxed
    counts, kinds = [int(str(count)) for count in found[::2]], found[1::2]
    first = ", ".join(f"min({ROW}, {EXAMPLES}) {where}" for where in failing)
    sql = f"SELECT {first} FROM (SELECT {ROW}, {tests} FROM rows)"  # noqa: S608 # parsed, sandboxed
    return list(zip(counts, kinds, _first_places(sql, kept, counts), strict=True))


def _first_places(sql: str, rows: pl.DataFrame, counts: Sequence[int]) -> list[list[int]]:
    """Of each rule the first rows that fail. sql: finds those of one chunk. counts: how many there are of each."""
    found: list[list[int]] = [[] for _ in counts]
    for start in range(0, rows.height, CHUNK):
        if all(len(each) >= min(count, EXAMPLES) for each, count in zip(found, counts, strict=True)):
            break
        near = query_rows(sql, rows.slice(start, CHUNK).with_row_index(ROW, start))
        found = [[*each, *(more or [])][:EXAMPLES] for each, more in zip(found, near, strict=True)]  # type: ignore[misc] # lists
    return found


def _outcome(check: CheckSpec, rows: pl.DataFrame, count: int, kind: object, first: list[int]) -> Outcome:
    if kind not in ("BOOLEAN", "NULL", '"NULL"', None):
        raise Misuse(f"The rule {check.arguments['expression']!r} gives {kind}, not true or false; write a comparison.")
    return Outcome(
        passed=count == 0,
        message=f"{check.name}: {describe_failing(count, rows.height)}",
        observed=float(count),
        expected=f"{check.arguments['expression']} for every row",
        failing_rows=count,
        examples=example_rows(rows[first]) if first else (),
        evidence={"columns": check.arguments["columns"]},
    )


def _unevaluable(check: CheckSpec, error: duckdb.Error) -> Outcome:
    reason = str(error).splitlines()[0]
    if is_wrong_sql(error):
        raise Misuse(f"The rule {check.arguments['expression']!r} does not fit these rows: {reason}") from None
    return Outcome(
        passed=False,
        message=f"{check.name}: cannot be evaluated on these rows: {reason}",
        expected=f"{check.arguments['expression']} for every row",
        evidence={"columns": check.arguments["columns"], "error": reason},
    )
