"""Profiles as the terminal shows them: one line a column, with its last partitions as a line of bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trivium.cli.sparkline import sparkline
from trivium.values.alerts import ColumnProfile, Profile

CENTRES = ("median", "true_rate", "distinct", "length_mean")


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


def column_line(column: dict[str, Any]) -> dict[str, Any]:
    """One column as a row of a table."""
    centre = next((fact for fact in CENTRES if fact in column["facts"]), None)
    return {
        "column": column["name"],
        "type": column["type"],
        "nulls": f"{column['facts'].get('null_rate', 0.0):.1%}",
        "nulls over time": sparkline(column["history"].get("null_rate", [])),
        "typical": f"{centre.replace('_', ' ')} {column['facts'][centre]:.4g}" if centre else None,
        "over time": sparkline(column["history"][centre]) if centre else None,
        "most frequent": ", ".join(f"{value} {share:.0%}" for value, share in list(column["top"].items())[:3]),
    }
