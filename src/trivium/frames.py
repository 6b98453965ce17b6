"""Frames of any kind in, frames of the asked kind out: polars inside, conversion at the edge."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import polars as pl

from trivium.errors import Misuse, UnsupportedValue
from trivium.values.tables import Column

TYPE_NAMES: dict[Any, str] = {
    pl.Int8: "int8",
    pl.Int16: "int16",
    pl.Int32: "int32",
    pl.Int64: "int64",
    pl.UInt8: "uint8",
    pl.UInt16: "uint16",
    pl.UInt32: "uint32",
    pl.UInt64: "uint64",
    pl.Float32: "float32",
    pl.Float64: "float64",
    pl.Boolean: "bool",
    pl.String: "string",
    pl.Binary: "binary",
    pl.Date: "date",
    pl.Time: "time",
    pl.Categorical: "categorical",
    pl.Null: "null",
}
DTYPES = {name: dtype for dtype, name in TYPE_NAMES.items()}
WRITERS: dict[str, Callable[..., None]] = {
    ".parquet": pl.DataFrame.write_parquet,
    ".csv": pl.DataFrame.write_csv,
    ".jsonl": pl.DataFrame.write_ndjson,
    ".ndjson": pl.DataFrame.write_ndjson,
}


def to_frame(value: Any) -> pl.DataFrame:
    """A polars DataFrame of anything tabular: polars, pandas, Arrow, a DuckDB relation, records, or a file's path.

    Raises UnsupportedValue for what is not tabular, Misuse for a file that cannot be read.
    """
    if isinstance(value, (str, Path)):
        return read_file(Path(value))
    try:
        return _checked(_collect(value))
    except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
        raise UnsupportedValue(f"These rows do not make a table: {error}") from None


def _collect(value: Any) -> pl.DataFrame:
    if isinstance(value, pl.DataFrame):
        return value
    if isinstance(value, pl.LazyFrame):
        return value.collect()
    records = isinstance(value, list) and all(isinstance(record, dict) for record in value)
    if hasattr(value, "__arrow_c_stream__") or isinstance(value, dict) or records:
        # Every record is looked at: a type guessed from the first hundred would change values and lose columns.
        return pl.DataFrame(value, infer_schema_length=None)
    raise UnsupportedValue(
        f"A {type(value).__name__} is not a table: give a polars, pandas or Arrow frame, a DuckDB relation, "
        "a list of records, or the path of a Parquet, CSV or JSON lines file."
    )


def _checked(frame: pl.DataFrame) -> pl.DataFrame:
    opaque = [name for name, dtype in frame.schema.items() if dtype == pl.Object]
    if opaque:
        raise UnsupportedValue(f"Columns {opaque} hold Python objects, which no table keeps; make them plain values.")
    return frame


def read_file(path: Path) -> pl.DataFrame:
    """The rows of a Parquet, CSV or JSON lines file. Raises Misuse when it is not one."""
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise Misuse(f"{path} is not a Parquet (.parquet), CSV (.csv) or JSON lines (.jsonl) file.")
    if not path.is_file():
        raise Misuse(f"There is no file {path}.")
    try:
        return reader(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise Misuse(f"{path} cannot be read as {path.suffix}: {str(error).splitlines()[0]}") from None


def write_file(rows: pl.DataFrame, path: Path) -> None:
    """The rows are a Parquet, CSV or JSON lines file, whole or not at all. Raises Misuse for another ending."""
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        raise Misuse(f"{path} cannot be written: name a .parquet, .csv or .jsonl file.")
    if not path.parent.is_dir():
        raise Misuse(f"There is no folder {path.parent} to write {path.name} into.")
    aside = path.with_name(f".{path.name}.part")
    writer(rows, aside)
    aside.replace(path)


def _read_csv(path: Path) -> pl.DataFrame:
    """Types are guessed from the first rows; only where those misled (an error, never a silent change) from all."""
    options: dict[str, Any] = {"try_parse_dates": True, "null_values": ["", "NA", "null"]}
    try:
        return pl.read_csv(path, infer_schema_length=10_000, **options)
    except pl.exceptions.ComputeError:
        return pl.read_csv(path, infer_schema_length=None, **options)


def _read_json_lines(path: Path) -> pl.DataFrame:
    # Every line is looked at: a column that only later lines have would be dropped in silence.
    return pl.read_ndjson(path, infer_schema_length=None)


READERS: dict[str, Callable[[Path], pl.DataFrame]] = {
    ".parquet": pl.read_parquet,
    ".csv": _read_csv,
    ".jsonl": _read_json_lines,
    ".ndjson": _read_json_lines,
}


def from_frame(frame: pl.DataFrame | pl.LazyFrame, wanted: Any) -> Any:
    """The frame as the annotated type: polars DataFrame or LazyFrame, pandas DataFrame, pyarrow Table, DuckDB relation.

    Anything else (Any, no annotation) gets a polars DataFrame.
    """
    module, kind = getattr(wanted, "__module__", ""), getattr(wanted, "__name__", "")
    name = wanted if isinstance(wanted, str) else f"{module}.{kind}"
    if name.startswith("polars.") and name.endswith("LazyFrame"):
        return frame.lazy()
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
        return self.frame.__arrow_c_stream__(requested_schema)


def columns_of(frame: pl.DataFrame) -> tuple[Column, ...]:
    """The frame's columns with their type names."""
    return tuple(Column(name, type_name(dtype)) for name, dtype in frame.schema.items())


def type_name(dtype: Any) -> str:
    """A polars type spelled as Arrow does."""
    for kind, spell in SPELLINGS.items():
        if isinstance(dtype, kind):
            return spell(dtype)
    return TYPE_NAMES.get(dtype.base_type(), str(dtype).lower())


SPELLINGS: dict[Any, Callable[[Any], str]] = {
    pl.Datetime: lambda dtype: f"timestamp[{dtype.time_unit}{f', {dtype.time_zone}' if dtype.time_zone else ''}]",
    pl.Duration: lambda dtype: f"duration[{dtype.time_unit}]",
    pl.Decimal: lambda dtype: f"decimal[{dtype.precision}, {dtype.scale}]",
    pl.List: lambda dtype: f"list<{type_name(dtype.inner)}>",
    pl.Struct: lambda dtype: "struct<" + ", ".join(f"{f.name}: {type_name(f.dtype)}" for f in dtype.fields) + ">",
    pl.Enum: lambda dtype: "enum<" + ", ".join(dtype.categories.to_list()) + ">",
}


def has_dtype(name: str) -> bool:
    """Whether `dtype_of` knows this type name."""
    return name in DTYPES or name.startswith("timestamp[")


def dtype_of(name: str) -> pl.DataType:
    """The polars type of a scalar type name. Raises UnsupportedValue for a nested or unknown one."""
    if name.startswith("timestamp["):
        unit, _, zone = name[len("timestamp[") : -1].partition(", ")
        return pl.Datetime(unit, zone or None)  # type: ignore[arg-type] # unit is "ns", "us" or "ms" by construction
    if name in DTYPES:
        return cast(pl.DataType, DTYPES[name]())
    raise UnsupportedValue(f"The type {name!r} has no plain column type.")
