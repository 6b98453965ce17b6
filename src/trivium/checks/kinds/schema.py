"""Schema: the columns of a table, and their types."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import polars as pl

from trivium.checks.kinds.outcome import Outcome
from trivium.errors import Misuse
from trivium.frames import TYPE_NAMES, type_name
from trivium.values.tables import CheckSpec, Severity

ANY = "any"
WORDS = {
    "integer": re.compile(r"u?int\d+"),
    "float": re.compile(r"float\d+"),
    "number": re.compile(r"u?int\d+|float\d+|decimal.*"),
    "text": re.compile(r"string|categorical|enum.*"),
    "time": re.compile(r"timestamp.*|date"),
    ANY: re.compile(r".*", re.DOTALL),
}
PYTHON: dict[Any, str] = {int: "integer", float: "float", str: "text", bool: "bool", bytes: "binary", date: "date",
                          datetime: "time", object: ANY}  # fmt: skip
SPELLED = re.compile(r"\w+(\[.*\])?", re.DOTALL)


def schema(
    columns: Mapping[str, Any] | Sequence[str],
    *,
    optional: Sequence[str] = (),
    extra: bool = True,
    name: str | None = None,
    severity: Severity = "block",
    owner: str | None = None,
) -> CheckSpec:
    """A check that these columns are there, each in its type.

    columns: names to types, or only names. A type is one as the table shows it ("int64", "timestamp[us, UTC]"), a kind
    of type ("integer", "float", "number", "text", "time", "any"), a Python type or a polars type. A column without any
    value fits every type. optional: columns that may be absent. extra: whether other columns are welcome.

    Raises Misuse without a column, for an optional one that is not among them, or for what is no type.
    """
    types = columns if isinstance(columns, Mapping) else dict.fromkeys(columns, ANY)
    if isinstance(columns, str) or not types or not set(optional) <= set(types):
        raise Misuse(f"schema() needs columns with their types, the optional ones among them; not {columns!r}.")
    wanted = {column: _spelled(column, kind) for column, kind in types.items()}
    arguments = {"types": wanted, "optional": list(optional), "extra": extra}
    shown = name or f"schema({', '.join(wanted)})"
    return CheckSpec(shown, "schema", None, arguments, severity, owner)


def judge_columns(check: CheckSpec, rows: pl.DataFrame) -> list[Outcome]:
    """A failed outcome for each column that is absent, of another type or not welcome; else one that passed."""
    wanted: dict[str, str] = check.arguments["types"]
    have = {column: type_name(dtype) for column, dtype in rows.schema.items()}
    failed = [
        _failed(column, "absent", kind)
        for column, kind in wanted.items()
        if column not in have and column not in check.arguments["optional"]
    ]
    failed += [
        _failed(column, have[column], kind)
        for column, kind in wanted.items()
        if column in have and not fits(have[column], kind)
    ]
    if not check.arguments["extra"]:
        failed += [_failed(column, kind, "no such column") for column, kind in have.items() if column not in wanted]
    passed = Outcome(passed=True, message=f"{check.name}: all {len(wanted)} columns are as declared")
    return failed or [passed]


def fits(have: str, wanted: str) -> bool:
    """Whether a type is the wanted one, or of the wanted kind.

    >>> fits("int32", "integer"), fits("float64", "integer"), fits("null", "float64")
    (True, False, True)
    """
    return have in (wanted, "null") or (wanted in WORDS and WORDS[wanted].fullmatch(have) is not None)


def _failed(column: str, observed: str, expected: str) -> Outcome:
    return Outcome(
        passed=False,
        message=f"`{column}` is {observed}, expected {expected}",
        observed=observed,
        expected=expected,
        evidence={"rows_share": 1.0},
        column=column,
    )


def _spelled(column: str, kind: Any) -> str:
    """A type by its name."""
    if isinstance(kind, str) and (kind in WORDS or SPELLED.fullmatch(kind)):
        if kind in WORDS or kind in TYPE_NAMES.values() or "[" in kind:
            return kind
    elif isinstance(kind, type) and kind in PYTHON:
        return PYTHON[kind]
    elif isinstance(kind, pl.DataType) or (isinstance(kind, type) and issubclass(kind, pl.DataType)):
        return type_name(kind() if isinstance(kind, type) else kind)
    raise Misuse(
        f"{kind!r} is no type for column {column!r}: give a name such as 'int64', 'string' or 'timestamp[us, UTC]', a "
        f"kind of type ({', '.join(WORDS)}), a Python type or a polars type."
    )
