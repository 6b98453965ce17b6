"""What a task says about Spark, and which Spark it is then given."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from trivium.errors import Misuse
from trivium.pipelines.resources import parse_memory
from trivium.settings import Settings

SHARE_OF_JAVA = 0.6
SECRET = re.compile(r"secret|password|token|access[.]?key", re.IGNORECASE)
OURS = {
    "spark.master": "set `spark` in trivium.toml, or TRIVIUM_SPARK",
    "spark.remote": "Spark Connect is not supported; set `spark` in trivium.toml to the cluster's own address",
    "spark.driver.memory": '@task(memory="8GB") says how much it may use',
    "spark.sql.session.timeZone": "tasks work in UTC",
}
FIXED = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.legacy.parquet.nanosAsLong": "true",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "100000",  # a job that lists files costs more than a look
}


class SparkConfig(Struct, frozen=True):
    """A Spark to work on: where it is, and its settings. Two tasks with equal ones can share it."""

    master: str
    options: tuple[tuple[str, str], ...] = ()

    @property
    def local(self) -> bool:
        """Whether it works in a process of this machine."""
        return self.master.startswith("local")


def checked_spark_options(options: Any) -> dict[str, str]:
    """Settings of Spark by name, as texts. Raises Misuse for what cannot be one, or is not a task's to say."""
    if not isinstance(options, Mapping):
        raise Misuse(f'spark={options!r} has to be a dict, such as spark={{"spark.sql.shuffle.partitions": 64}}.')
    for name in options:
        if not isinstance(name, str) or not name.startswith("spark."):
            raise Misuse(f"{name!r} is no setting of Spark: their names begin with 'spark.'.")
        if name in OURS:
            raise Misuse(f"A task does not set {name}: {OURS[name]}.")
    return {name: _text(options[name]) for name in sorted(options)}


def options_in_key(options: Mapping[str, str]) -> list[list[str]]:
    """Those that may change what a query gives; the others are resources."""
    return [[name, value] for name, value in sorted(options.items()) if name.startswith("spark.sql.")]


def spark_config(settings: Settings, *, cpus: float, memory: str | None, options: Mapping[str, str]) -> SparkConfig:
    """The Spark of a task with these resources. Raises Misuse for a cluster that cannot work on this project."""
    master = settings.spark or f"local[{max(1, int(cpus))}]"
    _check_master(master, settings)
    config = SparkConfig(master)
    bytes_of_java = int(parse_memory(memory) * SHARE_OF_JAVA) >> 20
    given = {"spark.driver.memory": f"{bytes_of_java}m"} if bytes_of_java and config.local else {}
    return SparkConfig(master, tuple(sorted({**given, **options}.items())))


def start_options(config: SparkConfig, home: Path, java_options: str) -> dict[str, str]:
    """All settings that Spark is started with. home: a folder for what it writes while it works."""
    asked = dict(config.options)
    java = f"{java_options} {asked.pop('spark.driver.extraJavaOptions', '')}".strip()
    found = {
        "spark.app.name": "trivium",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.local.dir": str(home / "local"),
        "spark.sql.warehouse.dir": f"file:{home / 'warehouse'}",
        "spark.driver.extraJavaOptions": java,
    }
    if config.local:
        found |= {
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.executorEnv.PYTHONPATH": os.pathsep.join(each for each in sys.path if each),
        }
    return {**found, **FIXED, **asked}


def describe_config(config: SparkConfig) -> str:
    """The master and the settings in a line, without values that are secret by their names."""
    shown = [f"{name}={'...' if SECRET.search(name) else value}" for name, value in config.options]
    return ", ".join([config.master, *shown])


def _check_master(master: str, settings: Settings) -> None:
    if master.startswith("sc://"):
        raise Misuse(f"spark={master!r} is Spark Connect, which has no files in common with this process; {MASTERS}")
    if not re.match(r"local(\[[\d*, ]+\])?$|(spark|k8s)://|yarn$", master):
        raise Misuse(f"spark={master!r} is no master of Spark; {MASTERS}")
    if not master.startswith("local") and "://" in settings.storage:
        raise Misuse(
            f"The Spark at {master} cannot read the tables in {settings.storage}: a cluster reads them from a folder "
            "that its machines share. Set `storage` to one, or leave `spark` empty to work on this machine."
        )


MASTERS = (
    "use local[4], spark://host:7077, yarn or k8s://..., or leave it empty for as many threads as a task has cpus."
)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
