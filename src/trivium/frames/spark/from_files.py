"""A Spark frame of Parquet files that were written here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from trivium.errors import Misuse
from trivium.frames.spark.column_types import spark_fields
from trivium.frames.spark.package import STAGING, active_session, import_spark
from trivium.ids import new_id

UPCASTS = {
    pl.Int8: (pl.Int16, pl.Int32, pl.Int64),
    pl.Int16: (pl.Int32, pl.Int64),
    pl.Int32: (pl.Int64,),
    pl.Float32: (pl.Float64,),
}
TEXTS = (pl.String, pl.Categorical, pl.Enum)
WIDENED = pl.ScanCastOptions(integer_cast="upcast", float_cast="upcast")


def spark_frame(paths: Sequence[Path], schema: Mapping[str, Any]) -> Any:
    """The rows of these files as a frame of the active session, read where they lie.

    schema: the columns of all files together; one that a file lacks is null there. A file in which a column has a type
    that Spark does not widen is copied to the session's staging folder first. Raises UnsupportedValue for a column that
    Spark has no type for, by name.
    """
    session, package = active_session(), import_spark()
    fields = spark_fields(schema)
    absent = [name for name, dtype in schema.items() if dtype == pl.Null]
    nanos = {
        name: dtype for name, dtype in schema.items() if isinstance(dtype, pl.Datetime) and dtype.time_unit == "ns"
    }
    for field in fields["fields"]:
        field["type"] = "long" if field["name"] in nanos else field["type"]
    read = {**fields, "fields": [field for field in fields["fields"] if field["name"] not in absent]}
    read_as = package.types.StructType.fromJson(read)
    ready = [f"file:{_suited(path, schema, session).absolute()}" for path in paths]
    # Names are paths as they are: brackets and braces in them are no patterns.
    frame = session.read.schema(read_as).option("__globPaths__", "false").parquet(*ready) if ready else None
    frame = session.createDataFrame([], read_as) if frame is None else frame
    return frame.select(*(_column(package.functions, name, schema[name], absent, nanos) for name in schema))


def spark_of(rows: pl.LazyFrame) -> Any:
    """The rows as a frame of the active session, by way of a file in its staging folder."""
    path = _staging(active_session()) / f"{new_id()}.parquet"
    rows.sink_parquet(path, compression="lz4")
    return spark_frame([path], rows.collect_schema())


def _staging(session: Any) -> Path:
    folder = session.conf.get(STAGING, None)
    if folder is None:
        raise Misuse("Rows become a frame of Spark in tasks only; elsewhere use `spark.createDataFrame(rows)`.")
    return Path(folder)


def _column(functions: Any, name: str, dtype: Any, absent: Sequence[str], nanos: Mapping[str, Any]) -> Any:
    quoted = f"`{name.replace('`', '``')}`"
    if name in absent:
        return functions.lit(None).alias(name)
    if name not in nanos:
        return functions.col(quoted)
    # Spark's moments are whole microseconds; one that is finer is refused where it is read.
    fine = f"Column {name!r} has moments finer than a microsecond, which Spark has not; round them before."
    text = fine.replace("\\", "\\\\").replace("'", "\\'")
    exact = f"IF({quoted} % 1000 = 0, timestamp_micros({quoted} DIV 1000), raise_error('{text}'))"
    kind = "timestamp" if dtype.time_zone else "timestamp_ntz"
    return functions.expr(f"CAST(IF({quoted} IS NULL, NULL, {exact}) AS {kind})").alias(name)


def _suited(path: Path, schema: Mapping[str, Any], session: Any) -> Path:
    have = pl.scan_parquet(path, glob=False).collect_schema()
    if all(_reads(have[name], dtype) for name, dtype in schema.items() if name in have):
        return path
    copy = _staging(session) / f"{new_id()}.parquet"
    rows = pl.scan_parquet(
        path, schema=dict(schema), missing_columns="insert", extra_columns="ignore", cast_options=WIDENED, glob=False
    )
    rows.sink_parquet(copy, compression="lz4")
    return copy


def _reads(have: Any, wanted: Any) -> bool:
    """Whether Spark reads values of one type as the other."""
    if wanted in (have, pl.Null):
        return True
    if have.base_type() in TEXTS:
        return wanted.base_type() in TEXTS
    return wanted.base_type() in UPCASTS.get(have.base_type(), ())
