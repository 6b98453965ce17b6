"""Columns about persons: their values are masked in everything that checks keep, show and send."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from msgspec.structs import replace

from trivium.digest import digest_of
from trivium.values.alerts import CheckResult, ColumnProfile, Profile

MASK = "***"
SILENCE = "(not shown, for it could quote a masked column)"
Rows = tuple[dict[str, Any], ...]


def mask_profile(profile: Profile, pii: Collection[str]) -> Profile:
    """The profile with the frequent values of these columns as pseudonyms: equal values have equal ones.

    A pseudonym keeps a value out of sight, so that novel values are still noticed; it is no anonymisation, for whoever
    guesses the value can confirm it (GDPR, article 4 (5) and recital 26).
    """
    if not any(column.name in pii and column.top for column in profile.columns):
        return profile
    columns = tuple(_masked(profile.table, each) if each.name in pii else each for each in profile.columns)
    return replace(profile, columns=columns)


def mask_result(result: CheckResult, pii: Collection[str]) -> CheckResult:
    """The result with no value of these columns in its examples, and no error of an engine, which would quote them."""
    if not pii or result.passed:
        return result
    error = str(result.evidence.get("error", ""))
    return replace(
        result,
        message=result.message.replace(error, SILENCE) if error else result.message,
        examples=tuple({name: _value(value, name in pii) for name, value in row.items()} for row in result.examples),
        evidence=result.evidence | ({"error": SILENCE} if error else {}),
    )


def mask_others(examples: Rows, columns: tuple[Collection[str], Collection[str]]) -> Rows:
    """Rows that a query made up, masked unless a column has the name of a known one that is not about persons.

    columns: (all that are known, those about persons). Without columns about persons nothing is masked.
    """
    known, private = columns
    if not private:
        return examples
    return tuple(
        {name: _value(value, name in private or name not in known) for name, value in row.items()} for row in examples
    )


def _masked(table: str, column: ColumnProfile) -> ColumnProfile:
    top = {digest_of("pii", [table, column.name, value])[:12]: share for value, share in column.top.items()}
    return replace(column, top=top)


def _value(value: Any, private: bool) -> Any:
    return MASK if private and value is not None else value
