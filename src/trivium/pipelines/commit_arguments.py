"""Arguments of tasks that commit into a table: the partition that they are given, and what cannot be."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from trivium.errors import Misuse
from trivium.pipelines.partition import EACH, Partition
from trivium.pipelines.signature import table_names

if TYPE_CHECKING:
    from trivium.pipelines.task import Task


def given_partition(task: Task[Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Partition]:
    """The parameters that the call leaves to the engine: those annotated as a partition, of a task that commits."""
    wanted = [name for name, kind in task.annotations.items() if kind is Partition and name != "return"]
    if task.options.commits is None or not wanted:
        return {}
    positional = list(inspect.signature(task.function).parameters)[: len(args)]
    return {name: EACH for name in wanted if name not in positional and name not in kwargs}


def refuse_misfits(task: Task[Any], arguments: Mapping[str, Any]) -> None:
    """Raises Misuse when a task that commits reads its own table, returns several values, or looks back by a parameter
    that it does not have; and for looking back without committing."""
    options = task.options
    asked = options.lookback if isinstance(options.lookback, Mapping) else {}
    unknown = [name for name in asked if name not in arguments]
    if unknown:
        raise Misuse(
            f"lookback= of task {task.name!r} names {unknown[0]!r}; its parameters are {', '.join(arguments)}."
        )
    if options.commits is None:
        if options.lookback:
            raise Misuse(f"Task {task.name!r} has lookback=, which is for a task that commits into a table: commits=.")
        return
    table = options.commits.name
    if options.outputs > 1:
        raise Misuse(
            f"Task {task.name!r} commits into table {table!r}, so it returns one frame, not {options.outputs}."
        )
    if any(table in table_names(value) for value in arguments.values()):
        raise Misuse(
            f"Task {task.name!r} reads the table that it commits into, {table!r}: every commit would make all of it "
            "stale. Read what it was made from instead; `lookback=` gives the rows of earlier partitions."
        )
