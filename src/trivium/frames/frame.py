"""Frames of any kind in, frames of the asked kind out: polars inside, conversion at the edge."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import polars as pl

from trivium.errors import UnsupportedValue
from trivium.frames.outside import frame_of_stream
from trivium.frames.python_values import exact_series
from trivium.frames.spark.from_files import spark_of
from trivium.frames.spark.kind import is_spark_frame, is_spark_type
from trivium.frames.spark.staged import read_spark
from trivium.frames.storable import check_storable


def frame_of(value: Any) -> pl.DataFrame:
    """A polars DataFrame of anything tabular in memory: polars, pandas, Arrow, a DuckDB relation, records, columns.

    Every value is kept as it is. Raises UnsupportedValue for what is not tabular or could not be kept.
    """
    with refusing():
        frame = _collect(value)
        check_storable(frame)
        return frame


def _collect(value: Any) -> pl.DataFrame:
    if isinstance(value, pl.DataFrame):
        return value
    if isinstance(value, pl.LazyFrame):
        return value.collect()
    if is_spark_frame(value):
        return read_spark(value)
    if hasattr(value, "__arrow_c_stream__"):
        return frame_of_stream(value)
    if isinstance(value, Mapping):
        return _of_columns(value)
    if isinstance(value, list) and all(isinstance(record, Mapping) for record in value):
        return _of_records(value)
    raise UnsupportedValue(
        f"A {type(value).__name__} is not a table: give a polars, pandas or Arrow frame, a DuckDB relation, "
        "a list of records, or where rows are: a file, a folder, or the address of a database or an object."
    )


def _of_records(records: Sequence[Mapping[Any, Any]]) -> pl.DataFrame:
    # Every record is looked at: a type guessed from the first hundred would change values and lose columns.
    names = dict.fromkeys(name for record in records for name in record)
    return _of_columns({name: [record.get(name) for record in records] for name in names})


def _of_columns(columns: Mapping[Any, Any]) -> pl.DataFrame:
    odd = next((name for name in columns if not isinstance(name, str)), None)
    if odd is not None:
        raise UnsupportedValue(f"The column {odd!r} is not named by a text; rename it.")
    return pl.DataFrame(
        {name: exact_series(name, values) if isinstance(values, (list, tuple)) else values
         for name, values in columns.items()}
    )  # fmt: skip


@contextmanager
def refusing() -> Iterator[None]:
    """Inside the block, an error of the engine about rows is an UnsupportedValue, also one that it panics with."""
    try:
        yield
    except UnsupportedValue:
        raise
    except BaseException as error:
        if not engine_error(error):
            raise
        story = next(iter(str(error).splitlines()), type(error).__name__)
        raise UnsupportedValue(f"These rows do not make a table: {story}") from None


def engine_error(error: BaseException) -> bool:
    """Whether an engine failed at the rows; a panic of one is no Exception of Python's, but an error all the same."""
    return isinstance(error, TABULAR) or type(error).__name__ == "PanicException"


TABULAR = (pl.exceptions.PolarsError, TypeError, ValueError, OverflowError, NotImplementedError, RuntimeError, OSError)


def from_frame(frame: pl.DataFrame | pl.LazyFrame, wanted: Any) -> Any:
    """The frame as the annotated type: polars DataFrame or LazyFrame, pandas DataFrame, pyarrow Table, DuckDB relation,
    Spark DataFrame (where a session is active).

    Anything else (Any, no annotation) gets a polars DataFrame.
    """
    module, kind = getattr(wanted, "__module__", ""), getattr(wanted, "__name__", "")
    name = wanted if isinstance(wanted, str) else f"{module}.{kind}"
    if name.startswith("polars.") and name.endswith("LazyFrame"):
        return frame.lazy()
    if is_spark_type(name):
        return spark_of(frame.lazy())
    rows = frame.collect() if isinstance(frame, pl.LazyFrame) else frame
    if name.startswith("pandas."):
        return rows.to_pandas()
    if name.startswith("pyarrow."):
        return rows.to_arrow()
    if name.endswith("DuckDBPyRelation"):
        return sys.modules["duckdb"].from_arrow(ArrowStream(rows))
    return rows


class ArrowStream:
    """A frame that shows only the Arrow stream protocol, so that DuckDB reads it without pyarrow."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        if self.frame.n_chunks() > 1:  # a frame would be copied into one chunk first, a column of structs is not
            return self.frame.to_struct().__arrow_c_stream__(requested_schema)
        return self.frame.__arrow_c_stream__(requested_schema)
