"""Profiles as JSON: the newest facts of each column, and the history of each fact."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trivium.values.alerts import ColumnProfile, Profile


def profile_facts(table: str, profiles: Sequence[Profile]) -> dict[str, Any]:
    """The newest profile of each column, with the history of each fact, oldest first (null where there was none)."""
    newest = profiles[-1] if profiles else None
    return {
        "table": table,
        "partitions": [profile.partition for profile in profiles],
        "rows": [profile.rows for profile in profiles],
        "facts": newest.facts if newest else {},
        "columns": [column_facts(column, profiles) for column in newest.columns] if newest else [],
    }


def column_facts(column: ColumnProfile, profiles: Sequence[Profile]) -> dict[str, Any]:
    """One column: its facts now, its most frequent values, and the history of each fact."""
    past = [find_column(profile, column.name) for profile in profiles]
    return {
        "name": column.name,
        "type": column.type,
        "facts": column.facts,
        "top": column.top,
        "history": {fact: [each.facts.get(fact) if each else None for each in past] for fact in column.facts},
    }


def find_column(profile: Profile, name: str) -> ColumnProfile | None:
    """The column's profile in this partition, or None."""
    return next((column for column in profile.columns if column.name == name), None)
