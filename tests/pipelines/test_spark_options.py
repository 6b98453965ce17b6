"""What a task may say about Spark, and which Spark it gets; none is started."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from trivium.errors import MissingExtra, Misuse
from trivium.frames.spark.package import check_java
from trivium.pipelines.cache_key import cache_key, key_parts
from trivium.pipelines.graph import build_graph
from trivium.pipelines.spark.options import describe_config, spark_config
from trivium.pipelines.task import Task, task
from trivium.settings import Settings


def config(*, spark: str = "", storage: str = ".trivium", **task: Any) -> str:
    """The Spark of a task, in a line."""
    chosen: dict[str, Any] = {"cpus": 1, "memory": None, "options": {}, **task}
    return describe_config(spark_config(Settings(Path(), "ada", spark=spark, storage=storage), **chosen))


def test_spark_has_as_many_threads_as_the_task_has_cpus() -> None:
    assert config(cpus=4) == "local[4]"
    assert config(cpus=0.5) == "local[1]"
    assert config(cpus=4, spark="local[*]") == "local[*]"
    assert config(cpus=4, spark="spark://head:7077") == "spark://head:7077"


def test_java_gets_its_share_of_the_memory_of_the_task() -> None:
    assert config(memory="10GiB") == "local[1], spark.driver.memory=6144m"
    assert config(memory="10GiB", spark="yarn") == "yarn"


def test_a_secret_setting_is_not_shown() -> None:
    assert config(options={"spark.hadoop.fs.s3a.secret.key": "abc"}) == "local[1], spark.hadoop.fs.s3a.secret.key=..."


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"spark": "sc://host"}, "is Spark Connect"),
        ({"spark": "http://host"}, "is no master of Spark; use local"),
        ({"spark": "spark://head:7077", "storage": "s3://bucket"}, "cannot read the tables in s3://bucket"),
    ],
)
def test_a_spark_that_cannot_work_on_the_project_is_refused(settings: dict[str, str], message: str) -> None:
    with pytest.raises(Misuse, match=message):
        config(**settings)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("spark.x", "has to be a dict"),
        ({"shuffle": 1}, "'shuffle' is no setting of Spark: their names begin with 'spark.'"),
        ({"spark.master": "yarn"}, "set `spark` in trivium.toml, or TRIVIUM_SPARK"),
        ({"spark.driver.memory": "2g"}, "says how much it may use"),
        ({"spark.sql.session.timeZone": "CET"}, "tasks work in UTC"),
    ],
)
def test_a_setting_that_is_not_a_tasks_to_say_is_refused(options: Any, message: str) -> None:
    with pytest.raises(Misuse, match=message):
        task(spark=options)


def key(**options: Any) -> str:
    """The key of a call of the task with these options."""

    def counted(n: int) -> int:
        return n

    graph = build_graph("whole", lambda: Task(counted, "counted", task(**options)(counted).options)(1), {})
    return cache_key(key_parts(graph.nodes[0], {}, {}, ""))


def test_only_settings_of_sql_are_part_of_the_cache_key() -> None:
    assert key() == key(spark={}) == key(spark={"spark.executor.memory": "4g"})
    assert key() != key(spark={"spark.sql.ansi.enabled": False})


def test_the_absence_of_java_is_told_with_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(MissingExtra, match=r"Java 17 or newer .*there is no java on the PATH"):
        check_java({"PATH": str(tmp_path)})
    with pytest.raises(MissingExtra, match=r"JAVA_HOME is .*, where there is no bin/java"):
        check_java({"JAVA_HOME": str(tmp_path)})


def test_a_task_knows_a_session_by_its_name_where_spark_is_not_loaded() -> None:
    def counted(spark: SparkSession, n: int) -> int:  # type: ignore[name-defined] # noqa: F821 # as under TYPE_CHECKING
        return n

    graph = build_graph("whole", lambda: task(counted)(3), {})
    assert dict(graph.nodes[0].arguments) == {"n": 3}
    with pytest.raises(Misuse, match=r"unexpected keyword argument 'spark'. It takes \(n: "):
        build_graph("whole", lambda: task(counted)(3, spark=None), {})


def test_what_is_public_loads_no_spark() -> None:
    code = "import sys, trivium as tv; tv.task; tv.pipeline; tv.Table; sys.exit('pyspark' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
