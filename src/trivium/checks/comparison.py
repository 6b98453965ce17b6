"""Expressions that only compare, as polars evaluates them: on a small partition a query of DuckDB costs much more.

Taken is what means the same in both: columns of one type, whole numbers, decimal fractions beside 64-bit floats, texts;
AND, OR, NOT, BETWEEN, IS NULL. NaN is equal to itself and above all other numbers in both. All else is DuckDB's.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import polars as pl

from trivium.checks.syntax import Node, walk

COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "COMPARE_EQUAL": operator.eq,
    "COMPARE_NOTEQUAL": operator.ne,
    "COMPARE_LESSTHAN": operator.lt,
    "COMPARE_LESSTHANOREQUALTO": operator.le,
    "COMPARE_GREATERTHAN": operator.gt,
    "COMPARE_GREATERTHANOREQUALTO": operator.ge,
}
JUNCTIONS = {"CONJUNCTION_AND": operator.and_, "CONJUNCTION_OR": operator.or_}
OPERATORS = {"OPERATOR_IS_NULL": pl.Expr.is_null, "OPERATOR_IS_NOT_NULL": pl.Expr.is_not_null}
WHOLE = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32)
FLOATS = (pl.Float32, pl.Float64)
ALIKE = (*WHOLE, *FLOATS, pl.UInt64, pl.Boolean, pl.String, pl.Date)
LARGEST = 2**24  # every whole number up to here is a 32-bit float
MOST_DIGITS = 15
MOST_NODES = 200


class NotComparable(Exception):
    """The expression holds something that is left to DuckDB."""


def as_comparison(tree: Node, schema: Mapping[str, pl.DataType]) -> pl.Expr | None:
    """The expression over rows of this schema, true, false or null for each; None where it is left to DuckDB.

    tree: the syntax tree of one expression, as `parse_expression` gives it.
    """
    columns = {name.lower(): (name, dtype) for name, dtype in schema.items()}
    if len(columns) < len(schema) or sum(1 for _ in walk(tree)) > MOST_NODES:
        return None
    try:
        return _Reading(columns).truth(tree)
    except NotComparable:
        return None


class _Reading:
    """How a tree reads over columns. columns: by their names in small letters their names and types."""

    def __init__(self, columns: dict[str, tuple[str, pl.DataType]]) -> None:
        self.columns = columns

    def truth(self, node: Node) -> pl.Expr:
        """A node that is true, false or null."""
        kind, children = node["type"], node.get("children", ())
        if kind in JUNCTIONS:
            return reduce(JUNCTIONS[kind], map(self.truth, children))
        if kind in OPERATORS and len(children) == 1:
            return OPERATORS[kind](self._column(children[0])[0])
        if kind == "OPERATOR_NOT":
            return ~self.truth(children[0])
        if kind == "COMPARE_BETWEEN":
            low = self._compare(operator.ge, node["input"], node["lower"])
            return low & self._compare(operator.le, node["input"], node["upper"])
        if kind in COMPARISONS:
            return self._compare(COMPARISONS[kind], node["left"], node["right"])
        raise NotComparable

    def _compare(self, compare: Callable[[Any, Any], Any], left: Node, right: Node) -> pl.Expr:
        if left["class"] == "COLUMN_REF" and right["class"] == "COLUMN_REF":
            (one, dtype), (other, wanted) = self._column(left), self._column(right)
            if dtype != wanted:
                raise NotComparable
        elif right["class"] == "COLUMN_REF":
            other, dtype = self._column(right)
            one, other = _constant(left, dtype), _widened(other, dtype)
        else:
            one, dtype = self._column(left)
            one, other = _widened(one, dtype), _constant(right, dtype)
        compared: pl.Expr = compare(one, other)
        return compared

    def _column(self, node: Node) -> tuple[pl.Expr, pl.DataType]:
        path: Sequence[str] = node.get("column_names", ()) if node["class"] == "COLUMN_REF" else ()
        if len(path) != 1 or path[0].lower() not in self.columns:
            raise NotComparable
        name, dtype = self.columns[path[0].lower()]
        if not isinstance(dtype, ALIKE) and not (isinstance(dtype, pl.Datetime) and dtype.time_unit == "us"):
            raise NotComparable
        return pl.col(name), dtype


def _widened(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """The column as what a constant beside it is made of."""
    if isinstance(dtype, WHOLE):
        return column.cast(pl.Int64)
    return column.cast(pl.Float64) if isinstance(dtype, FLOATS) else column


def _constant(node: Node, dtype: pl.DataType) -> pl.Expr:
    """A constant beside a column of this type."""
    if node["class"] != "CONSTANT" or node["value"]["is_null"]:
        raise NotComparable
    kind, value = node["value"]["type"], node["value"]["value"]
    if kind["id"] == "INTEGER" and abs(value) <= LARGEST and isinstance(dtype, (*WHOLE, *FLOATS)):
        return pl.lit(value, pl.Int64 if isinstance(dtype, WHOLE) else pl.Float64)
    if kind["id"] == "DECIMAL" and kind["type_info"]["width"] <= MOST_DIGITS and isinstance(dtype, pl.Float64):
        return pl.lit(value / 10 ** kind["type_info"]["scale"], pl.Float64)
    if kind["id"] == "VARCHAR" and isinstance(dtype, pl.String):
        return pl.lit(value, pl.String)
    raise NotComparable
