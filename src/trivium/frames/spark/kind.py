"""What is a frame or a session of Spark, told by name, so that nothing has to be loaded."""

from __future__ import annotations

from typing import Any

HOME = "pyspark.sql."


def is_spark_type(path: str) -> bool:
    """Whether a type at this path ("pyspark.sql.dataframe.DataFrame") is a frame of Spark."""
    return path.startswith(HOME) and path.endswith(".DataFrame")


def is_session_type(path: str) -> bool:
    """Whether a type at this path, or with this bare name, is a Spark session."""
    return path == "SparkSession" or (path.startswith(HOME) and path.endswith(".SparkSession"))


def is_spark_frame(value: Any) -> bool:
    """Whether the value is a frame of Spark."""
    kind = type(value)
    return is_spark_type(f"{kind.__module__}.{kind.__qualname__}")


def is_session(value: Any) -> bool:
    """Whether the value is a Spark session."""
    kind = type(value)
    return is_session_type(f"{kind.__module__}.{kind.__qualname__}")
