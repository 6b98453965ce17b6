"""Rows as a matrix of floats, which is what training computes with, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trivium.errors import Misuse

Precision = Literal["float32", "float64"]
Matrix = NDArray[np.floating[Any]]
EXACT = {"float32": 1 << 24, "float64": 1 << 53}  # integers up to here have a float of their own
ROWS_AT_ONCE = 1 << 12  # the rows that are being filled stay in the processor's cache from column to column
NARROW = (pl.Int8, pl.Int16, pl.UInt8, pl.UInt16, pl.Boolean)


def check_numbers(schema: Mapping[str, pl.DataType], remedy: str) -> None:
    """Raises Misuse when a column is not of numbers or booleans, and says what to do: `remedy`."""
    other = [f"{name!r} ({dtype})" for name, dtype in schema.items() if not (dtype.is_numeric() or dtype == pl.Boolean)]
    if other:
        raise Misuse(f"A matrix holds numbers, and {', '.join(other)} cannot be one: {remedy}")


class Memory:
    """Memory for matrices that follow each other: fresh pages cost as much as filling them."""

    def __init__(self) -> None:
        self._held: Matrix | None = None

    def matrix(self, rows: int, columns: int, precision: Precision) -> Matrix:
        """(rows, columns) floats of any value; the matrix that was handed out before is not valid any more."""
        if self._held is None or len(self._held) < rows:
            self._held = np.empty((rows, columns), precision)
        return self._held[:rows]


def matrix_of(
    parts: Iterable[pl.DataFrame], shape: tuple[int, int], precision: Precision, memory: Memory | None = None
) -> Matrix:
    """(n, columns) floats of these rows after each other, row after row in memory: a null is NaN, true is 1.

    shape: how many rows and columns the parts have together; each part is let go before the next one is made.
    memory: where the matrix is made, in the place of the one before; None: in memory of its own.
    Raises Misuse for an integer that a float of this precision cannot hold, rather than change it.
    """
    matrix = (memory or Memory()).matrix(*shape, precision)
    first = 0
    for rows in parts:
        check_integers(rows, precision)
        fill_matrix(matrix[first : first + rows.height], rows)
        first += rows.height
    return matrix


def fill_matrix(matrix: Matrix, rows: pl.DataFrame) -> None:
    """The matrix holds these rows, a null as NaN."""
    dtype = pl.Float32 if matrix.dtype == np.float32 else pl.Float64
    columns = [(values if values.dtype == dtype else values.cast(dtype)).to_numpy() for values in rows.get_columns()]
    for first in range(0, len(matrix), ROWS_AT_ONCE):
        part = slice(first, first + ROWS_AT_ONCE)
        for at, values in enumerate(columns):
            matrix[part, at] = values[part]


def check_integers(rows: pl.DataFrame, precision: Precision) -> None:
    """Raises Misuse for an integer that a float of this precision cannot hold."""
    wide = [name for name, dtype in rows.schema.items() if dtype.is_integer() and dtype not in NARROW]
    for name in wide:
        refuse_wide(name, (rows[name].min(), rows[name].max()), precision)


def refuse_wide(name: str, values: Iterable[Any], precision: str) -> None:
    """Raises Misuse when one of these integers of a column has no float of this precision of its own."""
    for value in values:
        if value is not None and abs(value) > EXACT[precision]:
            ways = ["leave the column out", "cast it to float in the table or in `apply`"]
            ways += ["say precision='float64'"] if precision == "float32" and abs(value) <= EXACT["float64"] else []
            raise Misuse(f"{name!r} holds {value}, which a {precision} cannot tell from others: {', or '.join(ways)}.")


def frame_of_matrix(matrix: Matrix, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """The matrix as rows in the columns' own types; NaN is null in a column that is not of floats."""
    rows = pl.DataFrame(np.asarray(matrix), schema=list(schema), orient="row")
    return rows.with_columns(
        (pl.col(name) if dtype.is_float() else pl.col(name).fill_nan(None)).cast(dtype)
        for name, dtype in schema.items()
    )
