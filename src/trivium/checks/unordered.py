"""The profile of rows whose order says nothing."""

from __future__ import annotations

from msgspec.structs import replace

from trivium.values.alerts import ColumnProfile, Profile

OF_ORDER = frozenset(
    {"repeat_rate", "longest_run", "fingerprint", "below_before", "above_before", "serial_1", "serial_3"}
)


def forget_order(profile: Profile) -> Profile:
    """The profile without what the order of the rows tells."""
    return replace(profile, columns=tuple(_unordered(column) for column in profile.columns))


def _unordered(column: ColumnProfile) -> ColumnProfile:
    facts = {name: value for name, value in column.facts.items() if name not in OF_ORDER}
    return replace(column, facts=facts, sketch=b"")
