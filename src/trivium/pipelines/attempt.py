"""One execution of one task: arguments read, function called, outputs stored. Failures are results, not exceptions."""

from __future__ import annotations

import copy
import threading
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from trivium.errors import CorruptObject, NotFound, TriviumError, UnsupportedValue
from trivium.failpoints import failpoint
from trivium.frames import from_frame
from trivium.pipelines.artifacts import decode, encode
from trivium.pipelines.context import TaskContext, use_task
from trivium.pipelines.deadline import deadline
from trivium.pipelines.graph import Node, Output, replace_leaves, source
from trivium.pipelines.log import LogTail, captured
from trivium.pipelines.signature import call_with, frame_type, is_frame_type, is_table, output_types
from trivium.store.store import Store, use_store
from trivium.tables.read import read_version
from trivium.values.runs import ArtifactRef, TableInput

FRAMES_KEPT = 12
LONGEST_PAUSE = 600.0


@dataclass(frozen=True)
class Attempt:
    """Everything that an executor needs to run one node."""

    store: Store
    run: str
    node: Node
    artifacts: Mapping[str, tuple[ArtifactRef, ...]]
    tables: Mapping[str, TableInput]
    idempotency_key: str


class Outcome(Struct, frozen=True):
    """What came of it. `lost` names an upstream node whose stored output could not be read, so that it has to run
    again; `error` is one line, the log's end has the traceback."""

    outputs: tuple[ArtifactRef, ...] = ()
    log: str = ""
    error: str | None = None
    lost: str | None = None
    attempts: int = 1


class InputLost(TriviumError):
    """The stored output of an upstream task is gone or damaged."""

    def __init__(self, node: str) -> None:
        super().__init__(f"The stored output of {node!r} is gone or damaged.")
        self.node = node


def perform(attempt: Attempt) -> Outcome:
    """The node was tried, again after each failure as often as its task allows, waiting longer each time."""
    options = attempt.node.task.options
    log = LogTail()
    context = TaskContext(attempt.store, attempt.run, attempt.node.name, attempt.idempotency_key)
    for number in range(options.retries + 1):
        try:
            with use_store(attempt.store), use_task(context), captured(log), deadline(options.timeout):
                outputs = _call(attempt)
            return Outcome(with_metrics(outputs, context), log.text(), attempts=number + 1)
        except InputLost as lost:
            return Outcome(log=log.text(), lost=lost.node)
        except (Exception, SystemExit) as error:  # whatever a task raises is that task's failure
            summary = describe(error)
            log.write(tail_of(error))
            if number == options.retries or isinstance(error, UnsupportedValue):
                return Outcome(log=log.text(), error=summary, attempts=number + 1)
            pause = min(options.backoff * 2**number, LONGEST_PAUSE)
            log.write(f"attempt {number + 1} failed: {summary}; again in {pause:g} s\n")
            _wait(pause)
    raise AssertionError("unreachable")  # pragma: no cover


def with_metrics(outputs: tuple[ArtifactRef, ...], context: TaskContext) -> tuple[ArtifactRef, ...]:
    """The outputs, the first with the metrics that were logged, so that a cache hit can log them again."""
    if not context.logged:
        return outputs
    metrics = {name: list(point) for name, point in context.logged.items()}
    return (replace(outputs[0], facts={**outputs[0].facts, "metrics": metrics}), *outputs[1:])


def describe(error: BaseException) -> str:
    """The error in one line, with the place in the user's code that raised it."""
    frames = _own_frames(error)
    where = f" ({frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno} in {frames[-1].name})" if frames else ""
    message = str(error).strip() or "no message"
    return f"{type(error).__name__}: {message}{where}"


def tail_of(error: BaseException) -> str:
    """The end of the traceback, without the frames of this package."""
    frames = _own_frames(error)[-FRAMES_KEPT:]
    lines = ["Traceback (most recent call last):\n", *traceback.format_list(frames)] if frames else []
    return "".join([*lines, *traceback.format_exception_only(error)])


def _own_frames(error: BaseException) -> list[traceback.FrameSummary]:
    frames = traceback.extract_tb(error.__traceback__)
    called = [index for index, frame in enumerate(frames) if frame.name == "call_with"]
    return list(frames[called[0] + 1 :]) if called else []


def _call(attempt: Attempt) -> tuple[ArtifactRef, ...]:
    node = attempt.node
    arguments = {name: _argument(attempt, name, value) for name, value in node.arguments.items()}
    result = call_with(node.task.function, arguments)
    failpoint("run:task_called")
    return _store_result(attempt, result)


def _argument(attempt: Attempt, name: str, value: Any) -> Any:
    wanted = attempt.node.task.annotations.get(name, Any)
    return replace_leaves(value, lambda leaf: _leaf(attempt, leaf, wanted))


def _leaf(attempt: Attempt, leaf: Any, wanted: Any) -> Any:
    if isinstance(leaf, Node | Output):
        return _read(attempt, leaf, wanted)
    if is_table(leaf):
        pinned = attempt.tables[leaf.name]
        return from_frame(read_version(attempt.store, pinned.table, pinned.version), frame_type(wanted))
    if is_frame_type(type(leaf)) and frame_type(wanted).startswith("polars.") and hasattr(leaf, "lazy"):
        return from_frame(leaf, frame_type(wanted))
    return copy.deepcopy(leaf)


def _read(attempt: Attempt, leaf: Node | Output, wanted: Any) -> Any:
    name = source(leaf).name
    refs = attempt.artifacts[name]
    blobs = attempt.store.blobs
    try:
        if isinstance(leaf, Output):
            return decode(refs[leaf.index], blobs, wanted)
        values = [decode(ref, blobs, wanted) for ref in refs]
    except (NotFound, CorruptObject):
        raise InputLost(name) from None
    return tuple(values) if output_types(source(leaf).task) else values[0]


def _store_result(attempt: Attempt, result: Any) -> tuple[ArtifactRef, ...]:
    task, blobs = attempt.node.task, attempt.store.blobs
    count = len(output_types(task))
    if not count:
        return (encode(result, blobs, f"The result of task {task.name!r}"),)
    if not isinstance(result, tuple | list) or len(result) != count:
        given = f"{len(result)} values" if isinstance(result, tuple | list) else f"a {type(result).__name__}"
        raise UnsupportedValue(f"Task {task.name!r} has {count} outputs, but it returned {given}.")
    return tuple(
        encode(each, blobs, f"Output {index + 1} of {count} of task {task.name!r}") for index, each in enumerate(result)
    )


def _wait(seconds: float) -> None:
    if seconds > 0:
        threading.Event().wait(seconds) if threading.current_thread() is not threading.main_thread() else time.sleep(
            seconds
        )
