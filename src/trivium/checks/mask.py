"""Which rows an expression is true for."""

from __future__ import annotations

import duckdb
import polars as pl

from trivium.checks.expression import Expression
from trivium.checks.sandbox import open_sandbox
from trivium.errors import Misuse
from trivium.frames import ArrowStream


def mask_rows(expression: Expression, rows: pl.DataFrame) -> pl.Series:
    """(n,) booleans in the rows' order: whether the expression is true. What is unknown (null) is not true.

    Raises Misuse when the expression does not fit the rows' columns and their types.
    """
    with open_sandbox() as connection:
        connection.register("rows", ArrowStream(rows))
        try:
            hit = pl.DataFrame(connection.sql(f"SELECT ({expression.text}\n) AS hit FROM rows"))["hit"]  # noqa: S608 # parsed as one scalar expression
        except (duckdb.Error, pl.exceptions.PolarsError) as error:
            raise Misuse(f"{expression.text!r} cannot be evaluated: {str(error).splitlines()[0]}") from None
    if hit.dtype != pl.Boolean:
        raise Misuse(f"{expression.text!r} is not true or false but {hit.dtype}; write a comparison, such as 'id = 7'.")
    return hit.fill_null(value=False)
