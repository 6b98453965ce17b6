"""How the columns of a table grow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from trivium.errors import SchemaMismatch
from trivium.values.tables import Column

UNKNOWN = "null"


def follow_renames(name: str, renames: Iterable[Mapping[str, str]]) -> str:
    """What a column is called after these renamings, the oldest first."""
    for names in renames:
        name = names.get(name, name)
    return name


def merge_columns(table: str, known: Sequence[Column], more: Sequence[Column]) -> tuple[Column, ...]:
    """The known columns in their order, then the new ones. A column that had no values yet takes its first type.

    Raises SchemaMismatch for a column of another type.
    """
    merged = {column.name: column.type for column in known}
    for column in more:
        before = merged.get(column.name, UNKNOWN)
        if UNKNOWN not in (before, column.type) and before != column.type:
            raise SchemaMismatch(
                f"Column {column.name!r} of table {table!r} is {before}; these rows have {column.type}, which cannot "
                "be converted without changing values. Convert the column at its source, or commit to a table of "
                "another name."
            )
        merged[column.name] = column.type if before == UNKNOWN else before
    return tuple(Column(name, kind) for name, kind in merged.items())
