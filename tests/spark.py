"""Spark for tests: skipped where it is not installed, and quick to start where it is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from importlib.util import find_spec

import pytest

ABSENT = next(
    (
        why
        for why, absent in (
            ("pyspark is not installed: make spark", find_spec("pyspark") is None),
            ("there is no Java for Spark to run on", shutil.which("java") is None and "JAVA_HOME" not in os.environ),
        )
        if absent
    ),
    "",
)


def light_java() -> Iterator[None]:
    """Inside, Java compiles little and collects garbage on one thread: what tests ask of it is over soon."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
        yield
