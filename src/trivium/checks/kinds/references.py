"""References: every key of one table is a key of another one."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from trivium.checks.kinds.outcome import Outcome, describe_failing, example_rows, unevaluable
from trivium.checks.partition import Partition
from trivium.checks.surroundings import Surroundings, own_rows
from trivium.errors import Misuse
from trivium.frames.conversion import may_convert
from trivium.values.tables import CheckSpec, Severity


def references(
    columns: str | Sequence[str],
    table: str,
    key: str | Sequence[str] | None = None,
    *,
    name: str | None = None,
    severity: Severity = "block",
    owner: str | None = None,
) -> CheckSpec:
    """A check that every value of a column (or of several together) is in the newest version of another table.

    key: the other table's columns; None: its declared key, else the columns of the same names. A row with a null in
    one of the columns refers to nothing and passes, as a foreign key does in SQL (ISO/IEC 9075-2, MATCH SIMPLE). A
    table may refer to itself: its own new rows count. A table without a published version has no keys.

    Raises Misuse without a column, or when there are not as many columns as key columns.
    """
    ours, theirs = _names(columns), None if key is None else _names(key)
    if not ours or (theirs is not None and len(theirs) != len(ours)):
        raise Misuse(f"references({columns!r}, {table!r}, {key!r}) needs as many columns as the key has, at least one.")
    shown = f"references({', '.join(ours)} in {table})"
    arguments = {"columns": ours, "table": table, "key": theirs}
    return CheckSpec(name or shown, "references", ours[0] if len(ours) == 1 else None, arguments, severity, owner)


def judge_references(check: CheckSpec, part: Partition, around: Surroundings) -> Outcome:
    """Every row whose key is not there fails."""
    ours, table = list(check.arguments["columns"]), str(check.arguments["table"])
    version = around.find_version(table)
    if version is None and table != around.own:
        return unevaluable(check, f"table {table!r} has no published version to refer to")
    theirs = check.arguments["key"] or _declared_key(around, table, ours)
    known = [around.scan(table)] if version is not None else []
    if table == around.own:
        known += [rows.lazy() for rows in own_rows(around, part)]
    keys = [_keys(each, ours, theirs, part.rows.schema) for each in known]
    if (reason := next((each for each in keys if isinstance(each, str)), None)) is not None:
        return unevaluable(check, f"{reason} in table {table!r}", version=version)
    failing = _unknown(part.rows, ours, [each for each in keys if not isinstance(each, str)])
    return Outcome(
        passed=failing.height == 0,
        message=f"`{', '.join(ours)}`: {describe_failing(failing.height, part.rows.height)}, expected one of the "
        f"`{', '.join(theirs)}` of {table}",
        observed=float(failing.height),
        expected=f"a {', '.join(theirs)} of {table}",
        failing_rows=failing.height,
        examples=example_rows(failing),
        evidence={"columns": ours, "versions": {table: version}},
    )


def _names(columns: str | Sequence[str]) -> list[str]:
    return [columns] if isinstance(columns, str) else list(columns)


def _declared_key(around: Surroundings, table: str, ours: list[str]) -> list[str]:
    spec = around.find_spec(table)
    key = list(spec.key) if spec is not None and spec.key else ours
    if len(key) != len(ours):
        raise Misuse(
            f"`{', '.join(ours)}` cannot refer to table {table!r}, whose key is {', '.join(key)}: name the columns "
            "that are meant, as in references(columns, table, key)."
        )
    return key


def _keys(rows: pl.LazyFrame, ours: list[str], theirs: list[str], types: pl.Schema) -> pl.LazyFrame | str:
    """The keys in the names and types of ours; or why they cannot be compared."""
    have = rows.collect_schema()
    for our, their in zip(ours, theirs, strict=True):
        if their not in have:
            return f"there is no column `{their}`"
        if not may_convert(have[their], types[our]) and types[our] != pl.Null:
            return f"`{our}` is {types[our]}, which is never equal to the {have[their]} of `{their}`"
    cast = [pl.col(their).cast(types[our], strict=False).alias(our) for our, their in zip(ours, theirs, strict=True)]
    return rows.select(cast).drop_nulls()


def _unknown(rows: pl.DataFrame, ours: list[str], keys: list[pl.LazyFrame]) -> pl.DataFrame:
    """The rows, in their order, whose key is in none of these."""
    absent = rows.select(ours).drop_nulls().unique()
    for each in keys:
        held = each.join(absent.lazy(), on=ours, how="semi").unique().collect(engine="streaming")
        absent = absent.join(held, on=ours, how="anti")
    return rows.join(absent, on=ours, how="semi", maintain_order="left") if absent.height else rows.head(0)
