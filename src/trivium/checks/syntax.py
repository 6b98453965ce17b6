"""SQL as DuckDB's parser sees it: parsed, never run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from trivium.checks.sandbox import open_sandbox

Node = dict[str, Any]
OUTWARD = frozenset({"current_setting", "currval", "getenv", "getvariable", "nextval", "setseed", "write_log"})


class NotSelect(ValueError):
    """The text is no SELECT; the message is the parser's reason."""


def parse_selects(sql: str) -> list[Node]:
    """The syntax trees of the text's SELECT statements. Raises NotSelect when it holds anything else."""
    quoted = sql.replace("'", "''")  # a bound parameter would make DuckDB import pandas
    try:
        with open_sandbox() as connection:
            found = connection.execute(f"SELECT json_serialize_sql('{quoted}')").fetchone()  # only parsed
        answer = msgspec.json.decode(found[0] if found else "{}")
    except RecursionError:
        raise NotSelect("it is nested too deeply") from None
    if answer["error"]:
        raise NotSelect(str(answer["error_message"]))
    return [statement["node"] for statement in answer["statements"]]


def walk(tree: Any) -> Iterator[Node]:
    """Every node of the tree, in order of appearance."""
    left = [tree]
    while left:
        node = left.pop()
        if isinstance(node, dict):
            yield node
            left.extend(reversed(list(node.values())))
        elif isinstance(node, list):
            left.extend(reversed(node))


def outward_call(node: Node) -> str | None:
    """The function that this node calls, when it reads or changes what is not data."""
    name = str(node.get("function_name", "")).lower()
    return name if name in OUTWARD else None
