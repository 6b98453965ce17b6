"""Many rows as one text, which the database packs: of a hundred thousand rows, each costs more than what is in it."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from trivium.store.catalog.sql.rows import nested_fields

# Of all rows, of one row, and of a column that holds JSON itself.
WORDS = {
    "sqlite": ("json_group_array({})", "json_array({})", "json({})"),
    "postgresql": ("CAST(COALESCE(json_agg({}), '[]') AS TEXT)", "json_build_array({})", "CAST({} AS json)"),
}


@lru_cache(maxsize=100)
def packed(database: str, kind: type[msgspec.Struct], statement: str) -> str:
    """The statement that gives the rows of this one as an array of arrays; its columns are the struct's fields."""
    every, one, nested = WORDS[database]
    within = nested_fields(kind)
    columns = [nested.format(f'"{name}"') if name in within else f'"{name}"' for name in kind.__struct_fields__]
    return f"SELECT {every.format(one.format(', '.join(columns)))} FROM ({statement}) AS found"
