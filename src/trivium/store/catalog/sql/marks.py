"""The marks of values: `?` as we and SQLite write them, `$1` as PostgreSQL does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

QUOTED_OR_MARK = re.compile(r"'[^']*'|\"[^\"]*\"|\?")


def marks(values: Sequence[object]) -> str:
    """A question mark for each."""
    return ", ".join("?" * len(values))


@lru_cache(maxsize=1000)
def numbered(statement: str) -> str:
    """The statement with `$1`, `$2` ... in place of the question marks outside of quotes."""
    parts, end = [], 0
    marks = [found for found in QUOTED_OR_MARK.finditer(statement) if found[0] == "?"]
    for number, mark in enumerate(marks, start=1):
        parts += [statement[end : mark.start()], f"${number}"]
        end = mark.end()
    return "".join([*parts, statement[end:]])
