"""Whether a task is one on Spark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trivium.frames.spark.kind import is_session_type, is_spark_type
from trivium.pipelines.signature import frame_type, type_path

if TYPE_CHECKING:
    from trivium.pipelines.task import Task


def wants_spark(task: Task[Any]) -> bool:
    """Whether the task takes a session, or takes or returns frames of Spark."""
    return any(
        is_session_type(type_path(annotation)) or is_spark_type(frame_type(annotation))
        for annotation in task.annotations.values()
    )
