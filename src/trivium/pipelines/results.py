"""What a run returned, and what each of its tasks made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trivium.errors import NotFound
from trivium.pipelines.artifacts import decode
from trivium.pipelines.committed import TABLE, read_committed
from trivium.store.store import Store, current_store
from trivium.values.runs import ArtifactRef, Run, TaskRun


def read_output(run: Run | str, node: str | None = None, *, index: int | None = None) -> Any:
    """What the run returned, or what this task of it made: as it was, for each call anew.

    run: a run, its id, or a unique beginning of that. node: the task, as `trivium runs show` names it. index: which one
    of its several outputs, from 0; else they come as a tuple. A file or folder comes as the path of a copy, which is
    there until this process ends.

    Raises NotFound for what is not there, CorruptObject when what is stored was changed.
    """
    store = current_store()
    found = run if isinstance(run, str) else run.id
    refs = find_result(store, found) if node is None else _task_with_outputs(store, found, node).outputs
    if index is None:
        return _load(store, refs)
    if index not in range(len(refs)):
        raise NotFound(f"There are {len(refs)} outputs, counted from 0, so there is none at index {index}.")
    return _read(store, refs[index])


def load_result(store: Store, run_id: str) -> Any:
    """What the run's pipeline returned: the value of its last node, or of the node that it named.

    A node with several outputs gives a tuple. Raises NotFound when the run made nothing.
    """
    return _load(store, find_result(store, run_id))


def find_result(store: Store, run_id: str) -> tuple[ArtifactRef, ...]:
    """The same, as references to what is stored."""
    task, index = _result_task(store, run_id)
    return task.outputs if index is None else (task.outputs[index],)


def load_output(store: Store, run_id: str, node: str) -> Any:
    """What one node of the run made; a tuple when it has several outputs. Raises NotFound."""
    return _load(store, _task_with_outputs(store, run_id, node).outputs)


def _result_task(store: Store, run_id: str) -> tuple[TaskRun, int | None]:
    run = store.catalog.runs.get_run(run_id)
    node, _, index = run.tags.get("result", "").partition(":")
    if node:
        return _task_with_outputs(store, run.id, node), int(index) if index else None
    done = [task for task in store.catalog.runs.list_tasks(run.id, items=False) if task.outputs]
    if not done:
        raise NotFound(f"Run {run.id} ({run.status}) has no result.")
    return done[-1], None


def _task_with_outputs(store: Store, run_id: str, node: str) -> TaskRun:
    run = store.catalog.runs.get_run(run_id)
    task = store.catalog.runs.find_task(run.id, node)
    if task is not None and task.outputs:
        return task
    if task is not None and task.status == "skipped":
        raise NotFound(f"Task {node!r} of run {run.id} has no output: it was skipped, because {task.reason}.")
    known = (
        ", ".join(each.node for each in store.catalog.runs.list_tasks(run.id, items=False) if each.outputs) or "none"
    )
    raise NotFound(f"Run {run.id} has no output of a node {node!r}; it has those of: {known}.")


def _load(store: Store, refs: Sequence[ArtifactRef]) -> Any:
    values = [_read(store, ref) for ref in refs]
    return values[0] if len(values) == 1 else tuple(values)


def _read(store: Store, ref: ArtifactRef) -> Any:
    return read_committed(store, ref) if ref.kind == TABLE else decode(ref, store.blobs)
