"""The picture of one column."""

from __future__ import annotations

from collections.abc import Sequence

from trivium.pictures.distribution import compare
from trivium.pictures.picture import ColumnPicture, Distribution, Mark
from trivium.pictures.series import Past, choose_facts, draw_series, strongest

WHOLE = ""


def picture_column(
    past: Past, name: str, marks: Sequence[Mark], *, private: bool = False, in_full: bool = False
) -> ColumnPicture:
    """The column over the partitions of `past`, and its values now beside those before.

    private: the column is about persons, so its values are not shown. in_full: every fact is a series, not only three.
    """
    kind = type_of(past, name)
    return ColumnPicture(
        name=name,
        type=kind,
        series=tuple(
            draw_series(past, name, kind, fact)
            for fact in choose_facts(past, name, marks, in_full=in_full, private=private)
        ),
        marks=tuple(marks),
        distribution=None if private else distribution_of(past, name),
        surprise=strongest(past, name),
    )


def distribution_of(past: Past, name: str) -> Distribution | None:
    """The column's values now beside those before; None where it is not there."""
    newest = past.columns[past.now].get(name) if past.columns else None
    if newest is None:
        return None
    before = [columns[name] for columns in past.columns[: past.now] if name in columns]
    return compare(before, newest, past.profiles[past.now].partition)


def type_of(past: Past, name: str) -> str:
    """The newest type of the column, "" for the rows as a whole."""
    return next((columns[name].type for columns in reversed(past.columns) if name in columns), "")
