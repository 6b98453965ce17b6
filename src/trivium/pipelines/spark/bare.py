"""A task on Spark that is called as the plain function that it is."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature
from typing import TYPE_CHECKING, Any

from trivium.frames.spark.kind import is_session, is_spark_frame
from trivium.frames.spark.package import check_java, import_spark
from trivium.pipelines.signature import bind_arguments, call_with, session_parameters

if TYPE_CHECKING:
    from trivium.pipelines.task import Task


def call_bare(task: Task[Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """The function's result. One that takes a session and is not given it gets the active one, or Spark as it is
    installed; the frames that it is given are views meanwhile, by its parameters."""
    names = session_parameters(task)
    if not names:
        return task.function(*args, **kwargs)
    session = next((each for each in (*args, *kwargs.values()) if is_session(each)), None)
    if session is None:
        arguments = {**bind_arguments(task, args, kwargs), **dict.fromkeys(names, session := _any_session())}
    else:
        arguments = signature(task.function).bind(*args, **kwargs).arguments
    views = {name: value for name, value in arguments.items() if is_spark_frame(value)}
    for name, frame in views.items():
        frame.createOrReplaceTempView(f"`{name}`")
    try:
        return call_with(task.function, arguments)
    finally:
        for name in views:
            session.catalog.dropTempView(name)


def _any_session() -> Any:
    package = import_spark()
    found = package.SparkSession.getActiveSession()
    if found is not None:
        return found
    check_java()
    quiet = {"spark.ui.enabled": "false", "spark.sql.session.timeZone": "UTC"}
    return package.SparkSession.builder.config(map=quiet).getOrCreate()
