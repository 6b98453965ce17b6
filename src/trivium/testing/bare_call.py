"""A task called as the function that it is, on arguments of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from trivium.frames import from_frame
from trivium.pipelines.artifacts import decode, encode
from trivium.pipelines.signature import annotations_of, call_with, frame_type, is_table
from trivium.pipelines.task import Task
from trivium.store.blobs import Blobs
from trivium.store.store import current_store
from trivium.tables.read import read_version
from trivium.values.runs import ArtifactRef


def function_of(task: Task[Any] | Callable[..., Any]) -> tuple[str, Callable[..., Any]]:
    """The name and the function of a task, or of a plain function."""
    if isinstance(task, Task):
        return task.name, task.function
    return getattr(task, "__name__", repr(task)), task


def read_tables(function: Callable[..., Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with each table as the frame that the function annotates, at its newest version."""
    wanted = annotations_of(function)
    return {
        name: from_frame(read_version(current_store(), value.name), frame_type(wanted.get(name)))
        if is_table(value)
        else value
        for name, value in arguments.items()
    }


def perform(function: Callable[..., Any], arguments: ArtifactRef, blobs: Blobs) -> tuple[ArtifactRef, ...]:
    """What the function returns for its own copy of these stored arguments, stored; each item of a tuple alone."""
    result = call_with(function, decode(arguments, blobs))
    outputs = result if type(result) is tuple else (result,)
    return tuple(encode(each, blobs, f"Output {number}") for number, each in enumerate(outputs))
