"""Where a task on Spark runs: its session is current, its frames are views, and what fails is told in a line."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from trivium.frames.spark.failure import condition_of, is_broken, told_in_a_line
from trivium.frames.spark.kind import is_spark_frame
from trivium.frames.spark.package import STAGING
from trivium.pipelines.given import Pinned
from trivium.pipelines.signature import session_parameters
from trivium.pipelines.slices import Slice
from trivium.pipelines.spark.options import describe_config, spark_config
from trivium.pipelines.spark.session import end_spark, own_session
from trivium.pipelines.spark.wanted import wants_spark
from trivium.store.store import Store

if TYPE_CHECKING:
    from trivium.pipelines.task import Task

ABSENT = "TABLE_OR_VIEW_NOT_FOUND"
NAMED = re.compile(r"table or view (`.+?`) cannot")


class SparkRoom:
    """The session of one attempt at a task, and the names of its views."""

    def __init__(self, task: Task[Any], session: Any) -> None:
        self._task = task
        self._session = session
        self._views: list[str] = []

    def completed(self, given: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments with the session. Every frame among them is a view now, named by its parameter; a table's also
        by its table, where no parameter has that name. given: the same arguments before tables were read."""
        named = {name: value for name, value in arguments.items() if is_spark_frame(value)}
        taken = {name.casefold() for name in named}
        for name, value in given.items():
            for table, frame in _tables(value, arguments[name]):
                if is_spark_frame(frame) and table.casefold() not in taken:
                    named[table] = frame
        for name, frame in named.items():
            frame.createOrReplaceTempView(f"`{name}`")
        self._views = list(named)
        return {**arguments, **dict.fromkeys(session_parameters(self._task), self._session)}

    def explain(self, error: BaseException) -> str | None:
        """What to do about a table that a query names and the task was not given; None for other errors."""
        if condition_of(error) != ABSENT:
            return None
        found = NAMED.search(str(error))
        name = found[1] if found else "a table"
        return (
            f"The query asks for {name}, which task {self._task.name!r} is not given (it has: "
            f"{', '.join(self._views) or 'no table'}). Add a parameter annotated pyspark.sql.DataFrame and give it the "
            "table, so that the run pins its version and the cache key knows it."
        )


@contextmanager
def spark_room(task: Task[Any], store: Store) -> Iterator[SparkRoom | None]:
    """Inside the block a task on Spark can run; None, and no Spark, for a task that does not ask for it.

    Spark is told to drop its jobs when the block fails, and ended when the connection to it may be broken. Raises
    SparkFailed for an error of Spark.
    """
    options = task.options
    if not wants_spark(task):
        if options.memory is not None:
            end_spark()  # what it holds would be counted as this task's
        yield None
        return
    config = spark_config(store.settings, cpus=options.cpus, memory=options.memory, options=options.spark)
    with told_in_a_line(), own_session(config, store) as (session, home):
        print(f"Spark {session.version} ({describe_config(config)})")  # it belongs to the task's log
        with tempfile.TemporaryDirectory(prefix="task-", dir=home) as staging:
            session.conf.set(STAGING, staging)
            room = SparkRoom(task, session)
            with told_in_a_line(room.explain), _dropping_jobs(session):
                yield room


def _tables(given: Any, made: Any) -> Iterator[tuple[str, Any]]:
    """The name of each table in an argument, at any depth, and what was made of it."""
    if isinstance(given, Pinned | Slice):
        yield given.table.table, made
    elif isinstance(given, Mapping | list | tuple):
        for place in given if isinstance(given, Mapping) else range(len(given)):
            yield from _tables(given[place], made[place])


@contextmanager
def _dropping_jobs(session: Any) -> Iterator[None]:
    """When the block fails, Spark works on nothing of it any more."""
    try:
        yield
    except BaseException as error:
        if is_broken(error):
            end_spark()
        else:
            session.sparkContext.cancelAllJobs()
        raise
