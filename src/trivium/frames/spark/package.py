"""Spark, where it is installed with a Java to run on."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from trivium.errors import MissingExtra, Misuse

STAGING = "trivium.staging"  # the setting of a session that names the folder for its files
JAVA = "Java 17 or newer (Debian: apt install openjdk-17-jre-headless; or set JAVA_HOME to where it is)"


def import_spark() -> Any:
    """The module `pyspark.sql`. Raises MissingExtra when it is not installed."""
    try:
        return import_module("pyspark.sql")
    except ModuleNotFoundError:
        raise MissingExtra("Spark tasks need the package 'pyspark': pip install 'trivium[spark]'.") from None


def import_context() -> Any:
    """The class `pyspark.SparkContext`, which knows the process of Java."""
    return import_module("pyspark").SparkContext


def check_java(environ: Mapping[str, str] = os.environ) -> None:
    """Raises MissingExtra when there is no Java that Spark would find."""
    home = environ.get("JAVA_HOME")
    if home and not (Path(home) / "bin" / "java").is_file():
        raise MissingExtra(f"JAVA_HOME is {home}, where there is no bin/java; Spark needs {JAVA}.")
    if not home and shutil.which("java", path=environ.get("PATH", os.defpath)) is None:
        raise MissingExtra(f"Spark needs {JAVA}, and there is no java on the PATH.")


def silence_repeats() -> None:
    """Spark's errors are raised, and not also written to the log with the whole stack of Java."""
    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):
        import_module("pyspark.logger").PySparkLogger.getLogger(name).setLevel(logging.CRITICAL)


def active_session() -> Any:
    """The session of the Spark task that runs here. Raises Misuse when there is none."""
    session = import_spark().SparkSession.getActiveSession()
    if session is None:
        raise Misuse(
            "A frame of Spark is asked for where no Spark session is: take it in a task whose parameter is annotated "
            "pyspark.sql.DataFrame, or ask for another kind of frame."
        )
    return session
