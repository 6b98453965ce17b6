"""One attempt at one task: arguments read, function called, outputs stored. Failures are results, not exceptions."""

from __future__ import annotations

import copy
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from trivium import frames
from trivium.code.source import is_first_party
from trivium.deferred import Deferred
from trivium.digest import digest_of
from trivium.errors import CheckFailed, CorruptObject, NotFound, SecretUnavailable, TriviumError, UnsupportedValue
from trivium.failpoints import failpoint
from trivium.frames.spark.kind import is_spark_type
from trivium.pipelines.artifacts import decode, encode
from trivium.pipelines.checkpoint import Checkpoints
from trivium.pipelines.committed import TABLE, commit_result, read_committed
from trivium.pipelines.context import TaskContext, use_task
from trivium.pipelines.deadline import deadline
from trivium.pipelines.given import Given, Pinned
from trivium.pipelines.graph import replace_leaves
from trivium.pipelines.log import LogTail, captured
from trivium.pipelines.member import Member, environment_of
from trivium.pipelines.redaction import Redaction
from trivium.pipelines.secret_guard import guarded
from trivium.pipelines.secrets import Secret, given_secrets, in_environment
from trivium.pipelines.signature import call_with, frame_type, is_frame_type, is_version_type, mentions, output_types
from trivium.pipelines.slices import Slice, read_slice
from trivium.pipelines.spark.wanted import wants_spark
from trivium.pipelines.stored_files import copies_gone_after
from trivium.pipelines.task import Task
from trivium.pipelines.worker import Worker
from trivium.store.blobs import Blobs
from trivium.store.gathered import gather
from trivium.store.store import Store, use_store
from trivium.tables.read import read_version
from trivium.tables.version_files import locate_version
from trivium.values.runs import ArtifactRef, Environment

FRAMES_KEPT = 12
TABLES_AT = Deferred("trivium.tables.at")  # it loads the engines of frames
ROOM = Deferred("trivium.pipelines.spark.room")
Note = Callable[[str], object]
Capture = Callable[[Redaction], AbstractContextManager[Note]]


class Attempt(Struct, frozen=True):
    """Everything that is needed to try a task once, anywhere that the store can be reached.

    arguments: every parameter; what is not a constant is Given or Pinned. number: of the attempt, from 1. code, files:
    the digest of the first-party code that the cache key was made of, and the files that hold it; "" without a key.
    member: which one of its workers this is, of a task that has several. environment: the task's own; None where it has
    that of the run.
    partition: the one of the task's table that its result is committed as; "" keeps the result as it is.
    """

    run: str
    node: str
    task: Task[Any]
    arguments: Mapping[str, Any]
    idempotency_key: str
    number: int = 1
    code: str = ""
    files: tuple[str, ...] = ()
    member: Member | None = None
    partition: str = ""
    environment: Environment | None = None

    @property
    def rank(self) -> int:
        """Which of the task's workers this is, from 0."""
        return self.member.rank if self.member else 0


class Outcome(Struct, frozen=True):
    """What came of it. `lost` names an upstream node whose stored output could not be read, so that it has to run
    again; `error` is one line, the log's end has the traceback. final: trying again would not help. worker_lost: a
    machine or a process that the task has nothing to do with went away, which does not count as one of its retries.

    checkpoints: it asked for some, so there may be some to forget. blobs: small ones that the outputs name; whoever
    records the outputs stores them with the same fact.
    """

    outputs: tuple[ArtifactRef, ...] = ()
    log: str = ""
    error: str | None = None
    lost: str | None = None
    final: bool = False
    worker_lost: bool = False
    checkpoints: bool = False
    blobs: dict[str, bytes] = {}


class InputLost(TriviumError):
    """The stored output of an upstream task is gone or damaged."""

    def __init__(self, node: str) -> None:
        super().__init__(f"The stored output of {node!r} is gone or damaged.")
        self.node = node


def stable_key(run: str, node: str, key: str) -> str:
    """The idempotency key of a task: the same for every attempt of this node, also after a resumption."""
    return digest_of("attempt", [run, node, key])[:32]


def perform(attempt: Attempt, store: Store) -> Outcome:
    """The task was tried once, in this thread; what it prints is in the outcome's log."""
    log = LogTail()

    @contextmanager
    def into_log(redaction: Redaction) -> Iterator[Note]:
        with captured(log, redaction):
            yield log.write

    return replace(try_once(attempt, store, into_log), log=log.text())


def try_once(attempt: Attempt, store: Store, capture: Capture) -> Outcome:
    """The task was tried once, in this thread. capture: takes what it prints, and where it failed."""
    context = TaskContext(store, attempt.run, attempt.node, attempt.idempotency_key)
    options, redaction = attempt.task.options, context.redaction
    member = attempt.member
    around = in_environment(environment_of(member) if member else {})
    gang = member.gang if member else ""
    checkpoints = Checkpoints(store, attempt.run, attempt.idempotency_key, gang, redaction, before=context.flush)
    context.worker = Worker(member, checkpoints)
    gathered, blobs = gather(store)
    with capture(redaction) as note, closing(checkpoints), copies_gone_after():
        try:
            secrets = given_secrets(context, options.secrets, attempt.arguments)
            with use_store(store), use_task(context), secrets, around, deadline(options.timeout):
                outputs = _call(attempt, store, guarded(blobs, redaction))
            outputs = with_metrics(outputs, context)
            return Outcome(outputs, checkpoints=checkpoints.used, blobs=gathered.take())
        except InputLost as lost:
            return Outcome(lost=lost.node)
        except (Exception, SystemExit) as error:  # whatever a task raises is that task's failure
            note(redaction.clean(tail_of(error)))
            final = isinstance(error, UnsupportedValue | SecretUnavailable | CheckFailed)
            kept = getattr(error, "outputs", ())  # what a task could tell of its failure, such as a notebook's copy
            return Outcome(kept, error=redaction.clean(describe(error)), final=final)


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
    frames = _inside(error)[-FRAMES_KEPT:]
    lines = ["Traceback (most recent call last):\n", *traceback.format_list(frames)] if frames else []
    return "".join([*lines, *traceback.format_exception_only(error)])


def _own_frames(error: BaseException) -> list[traceback.FrameSummary]:
    """The frames of the user's code, or of what runs in its place."""
    inside = _inside(error)
    return [frame for frame in inside if is_first_party(frame.filename)] or inside


def _inside(error: BaseException) -> list[traceback.FrameSummary]:
    """The frames from the task's function on."""
    frames = traceback.extract_tb(error.__traceback__)
    called = [index for index, frame in enumerate(frames) if frame.name == "call_with"]
    return list(frames[called[0] + 1 :]) if called else []


def _call(attempt: Attempt, store: Store, blobs: Blobs) -> tuple[ArtifactRef, ...]:
    task = attempt.task
    with _spark_room(task, store) as room:
        arguments = {
            name: _argument(store, value, task.annotations.get(name, Any)) for name, value in attempt.arguments.items()
        }
        if room is not None:
            arguments = room.completed(attempt.arguments, arguments)
        result = call_with(task.function, arguments, task.signature)
        del arguments  # they may be as large as the result, which is written now
        failpoint("run:task_called")
        if attempt.rank:
            return ()
        table = task.options.commits
        if table is not None and attempt.partition:
            return (commit_result(store, table, attempt.partition, result, attempt.idempotency_key),)
        return _store_result(task, blobs, result)


def _spark_room(task: Task[Any], store: Store) -> AbstractContextManager[Any]:
    """Where it runs on Spark, and where Spark has to make room for it; None for all other tasks."""
    concerned = wants_spark(task) or task.options.memory is not None
    return ROOM.spark_room(task, store) if concerned else nullcontext()


def _argument(store: Store, value: Any, wanted: Any) -> Any:
    if mentions(wanted, Given):
        return value  # the task hands it on as it is
    return replace_leaves(value, lambda leaf: _leaf(store, leaf, wanted))


def _leaf(store: Store, leaf: Any, wanted: Any) -> Any:
    if isinstance(leaf, Given):
        return _read(store, leaf, wanted)
    if isinstance(leaf, Pinned | Slice) and is_version_type(wanted):
        return _version(store, leaf)
    if isinstance(leaf, Pinned | Slice):
        return _table(store, leaf, frame_type(wanted))
    if isinstance(leaf, Secret) and not mentions(wanted, Secret):
        return leaf.reveal()
    if is_frame_type(type(leaf)) and frame_type(wanted).startswith(("polars.", "pyspark.")) and hasattr(leaf, "lazy"):
        return frames.from_frame(leaf, frame_type(wanted))
    return copy.deepcopy(leaf)


def _version(store: Store, leaf: Pinned | Slice) -> Any:
    if isinstance(leaf, Slice):
        raise UnsupportedValue(
            f"A task that makes one partition is given its rows of table {leaf.table.table!r}, not a whole version: "
            "annotate pl.LazyFrame instead of TableVersion."
        )
    return TABLES_AT.find_table_version(store, leaf.table.table, leaf.table.version)


def _table(store: Store, leaf: Pinned | Slice, wanted: str) -> Any:
    table, part = leaf.table, leaf if isinstance(leaf, Slice) else None
    if is_spark_type(wanted) and (part is None or part.between is None):
        found = locate_version(store, table.table, table.version, part.partitions if part else None)
        return frames.spark_frame(*found)
    return frames.from_frame(
        read_slice(store, part) if part else read_version(store, table.table, table.version), wanted
    )


def _read(store: Store, given: Given, wanted: Any) -> Any:
    if given.refs[:1] and given.refs[0].kind == TABLE:
        return read_committed(store, given.refs[0], wanted)
    try:
        values = [decode(ref, store.blobs, wanted) for ref in given.refs]
    except (NotFound, CorruptObject):
        raise InputLost(given.node) from None
    return tuple(values) if given.several else values[0]


def _store_result(task: Task[Any], blobs: Blobs, result: Any) -> tuple[ArtifactRef, ...]:
    count = len(output_types(task))
    if not count:
        return (encode(result, blobs, f"The result of task {task.name!r}"),)
    if not isinstance(result, tuple | list) or len(result) != count:
        given = f"{len(result)} values" if isinstance(result, tuple | list) else f"a {type(result).__name__}"
        raise UnsupportedValue(f"Task {task.name!r} has {count} outputs, but it returned {given}.")
    return tuple(
        encode(each, blobs, f"Output {index + 1} of {count} of task {task.name!r}") for index, each in enumerate(result)
    )
