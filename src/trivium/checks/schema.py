"""Schema: the columns that a table had are still there, in a type that holds the same values."""

from __future__ import annotations

import re

from trivium.values.alerts import CheckResult, Profile
from trivium.values.tables import Severity

FAMILIES = (
    ("number", re.compile(r"u?int\d+|float\d+|decimal.*")),
    ("time", re.compile(r"timestamp.*|date")),
    ("text", re.compile(r"string|categorical|enum.*")),
)


def judge_schema(profile: Profile, known: dict[str, str], *, severity: Severity) -> list[CheckResult]:
    """A failed result for every known column that is absent or changed its kind of type; a new column is welcome.

    known: column names with the types that they had. A type's kind is number, time, text, or the type itself; a column
    that holds only nulls fits every kind.
    """
    have = {column.name: column.type for column in profile.columns}
    results = []
    for name, wanted in known.items():
        if name not in have:
            near = _renamed(wanted, {new: kind for new, kind in have.items() if new not in known})
            message = f"`{name}` is missing; it was {wanted}{near}"
            results.append(_failed(profile, name, severity, message, observed="absent", expected=wanted))
        elif type_family(have[name]) not in (type_family(wanted), "null") and wanted != "null":
            message = f"`{name}` is {have[name]}; it was {wanted}"
            results.append(_failed(profile, name, severity, message, observed=have[name], expected=wanted))
    return results


def known_types(profile: Profile, known: dict[str, str]) -> dict[str, str]:
    """The types known after this profile: a column keeps the first type that held a value."""
    seen = {column.name: column.type for column in profile.columns}
    return seen | {name: kind for name, kind in known.items() if kind != "null"}


def type_family(kind: str) -> str:
    """The kind of a type: numbers convert into each other, and so do times and texts."""
    return next((family for family, form in FAMILIES if form.fullmatch(kind)), kind)


def _renamed(wanted: str, new: dict[str, str]) -> str:
    same = [name for name, kind in new.items() if type_family(kind) == type_family(wanted)]
    return f" (new: {', '.join(f'`{name}`' for name in same)})" if same else ""


def _failed(
    profile: Profile, column: str, severity: Severity, message: str, *, observed: str, expected: str
) -> CheckResult:
    return CheckResult(
        check=f"schema({column})",
        kind="schema",
        column=column,
        partition=profile.partition,
        passed=False,
        severity=severity,
        message=message,
        observed=observed,
        expected=expected,
        evidence={"rows_share": 1.0},
    )
