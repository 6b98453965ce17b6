"""One scalar SQL expression over a row, and nothing that could be more than that."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from msgspec import Struct

from trivium.checks.sandbox import open_sandbox
from trivium.checks.syntax import Node, NotSelect, outward_call, parse_selects, walk
from trivium.errors import Misuse

REFUSED = {
    "SUBQUERY": "a subquery",
    "WINDOW": "a window function",
    "STAR": "`*`",
    "PARAMETER": "a parameter",
    "DEFAULT": "DEFAULT",
}


class Expression(Struct, frozen=True):
    """A parsed expression: its text, the columns that it reads in order of appearance, and its syntax tree."""

    text: str
    columns: tuple[str, ...]
    tree: Node


@cache
def parse_expression(text: str) -> Expression:
    """The expression, parsed by DuckDB.

    >>> parse_expression("distance > 0 AND origin <> dest").columns
    ('distance', 'origin', 'dest')

    Raises Misuse when the text is not one scalar expression: a statement, several, an aggregate, a subquery, a window.
    """
    nodes = list(walk(_parse(text)))
    for node in nodes:
        if (found := REFUSED.get(node.get("class", ""))) is not None:
            raise _refusal(text, f"it contains {found}")
        if (called := outward_call(node)) is not None:
            raise _refusal(text, f"it calls {called}(), which is not about the row")
        if node.get("function_name") in _aggregates():
            raise _refusal(text, f"it aggregates by {node['function_name']}() over several rows")
    bound = {ref["column_names"][-1] for node in nodes if node.get("class") == "LAMBDA" for ref in _refs(node["lhs"])}
    names = (ref["column_names"][0] for ref in _refs(nodes[0]))
    return Expression(text, tuple(dict.fromkeys(name for name in names if name not in bound)), nodes[0])


def _parse(text: str) -> Node:
    try:
        found = parse_selects(f"SELECT ({text}\n)")
    except NotSelect as error:
        raise _refusal(text, str(error)) from None
    node = found[0]
    simple = len(found) == 1 and node["type"] == "SELECT_NODE" and not node["modifiers"]
    if not simple or len(node["select_list"]) != 1 or node["from_table"]["type"] != "EMPTY" or node["where_clause"]:
        raise _refusal(text, "it is more than an expression")
    expression: Node = node["select_list"][0]
    return expression


def _refusal(text: str, because: str) -> Misuse:
    return Misuse(
        f"{text!r} is not a rule: {because}. A rule is one SQL expression over the columns of a row that is true or "
        "false, such as 'distance > 0'."
    )


def _refs(node: Node) -> Iterator[Node]:
    return (part for part in walk(node) if part.get("class") == "COLUMN_REF")


@cache
def _aggregates() -> frozenset[str]:
    """Functions that are only aggregates, by DuckDB's own list."""
    with open_sandbox() as connection:
        found = connection.execute(
            "SELECT function_name FROM duckdb_functions() GROUP BY 1 HAVING bool_and(function_type = 'aggregate')"
        ).fetchall()
    return frozenset(name for (name,) in found)
