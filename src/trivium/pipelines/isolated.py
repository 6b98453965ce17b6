"""`python -m trivium.pipelines.isolated`: does the Job that it reads from stdin, and tells of it in lines of JSON.

What tasks print goes to stderr, also when it is written past Python.
"""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from trivium.errors import NotFound, TriviumError
from trivium.frames import from_frame
from trivium.pipelines.attempt import Attempt, perform
from trivium.pipelines.chance import chancy_calls, seed_everything
from trivium.pipelines.code_archive import INDEX, CodeIndex
from trivium.pipelines.code_folder import run_code_of
from trivium.pipelines.committed import TABLE, read_committed
from trivium.pipelines.given import Given, Pinned, resolve_arguments
from trivium.pipelines.graph import Graph, Node, build_graph, replace_leaves
from trivium.pipelines.inputs import pin_inputs
from trivium.pipelines.isolation import Job, Told, settings_of_job
from trivium.pipelines.mapping import expand
from trivium.pipelines.partitioned import Wanted, expand_partitions
from trivium.pipelines.pipeline import Pipeline
from trivium.pipelines.registry import find_pipeline, import_file
from trivium.pipelines.repeat import repeat_run
from trivium.pipelines.signature import frame_type
from trivium.pipelines.slices import Slice, read_slice
from trivium.settings import load_settings
from trivium.store.store import Store, open_store, use_store
from trivium.tables.read import read_version
from trivium.values.runs import ArtifactRef, Run, TableInput

Tell = Callable[[Told], None]


def main() -> None:
    """The job is done, and told of."""
    warnings.showwarning = _show_warning  # type: ignore[assignment] # takes and ignores the rest
    with os.fdopen(os.dup(1), "wb") as channel:
        os.dup2(2, 1)
        job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
        tell = _teller(channel)
        store = open_store(settings_of_job(job))
        try:
            with use_store(store):
                _do(job, store, tell)
        except TriviumError as error:
            tell(Told(error=str(error)))
        finally:
            store.close()


def _show_warning(message: Warning | str, *_where: object) -> None:
    print(f"warning: {message}", file=sys.stderr)


def _teller(channel: BinaryIO) -> Tell:
    def tell(told: Told) -> None:
        channel.write(msgspec.json.encode(told) + b"\n")
        channel.flush()

    return tell


def _do(job: Job, store: Store, tell: Tell) -> None:
    run = store.catalog.runs.get_run(job.run)
    pipeline = load_kept(Path(job.code), run.pipeline) if job.code else None
    pipeline = pipeline or find_pipeline(run.pipeline, store.settings)
    if not job.node:
        repeat_run(store, run, pipeline, lambda event: tell(Told(event=event)), kept=bool(job.code))
        tell(Told())
        return
    node, artifacts, tables = _find_node(job, store, run, pipeline)
    tell(Told(calls=chancy_calls(node.task.function)))
    arguments = _readable(node, resolve_arguments(node, artifacts, tables), store)
    for _ in range(job.times):
        tell(_execute(node, arguments, store, run, seeded=job.seeded))


def load_kept(folder: Path, name: str) -> Pipeline[Any, Any] | None:
    """The pipeline with this name, imported from unpacked code; None when it belongs to an installed package.

    Raises NotFound, and Misuse when it fails to import.
    """
    index = msgspec.json.decode((folder / INDEX).read_bytes(), type=CodeIndex)
    sys.path[:0] = [str(folder / each) for each in index.folders]
    run_code_of(folder)
    if not index.main:
        return None
    declared = vars(import_file(folder / index.main, folder))
    for value in declared.values():
        if isinstance(value, Pipeline) and value.name == name:
            return value
    function = declared.get(index.function)
    if function is None:
        raise NotFound(f"The kept code defines no pipeline {name!r} at the top of {index.main}.")
    return Pipeline(getattr(function, "function", function), name)


def _find_node(
    job: Job, store: Store, run: Run, pipeline: Pipeline[Any, Any]
) -> tuple[Node, dict[str, tuple[ArtifactRef, ...]], dict[str, TableInput]]:
    """The node, or the item of a mapped one; what all others made; and the tables."""
    graph: Graph = build_graph(run.pipeline, pipeline.function, pipeline.bind(run.parameters))
    artifacts = {task.node: task.outputs for task in store.catalog.runs.list_tasks(job.inputs_of) if task.outputs}
    tables = pin_inputs(store, graph.tables(), {each.table: each.version for each in run.inputs})
    for node in graph.nodes:
        if node.name == job.node:
            return node, artifacts, tables
        if job.node.startswith(f"{node.name}["):
            parts = (
                expand(node, artifacts, store.blobs)
                if node.over is not None
                else expand_partitions(node, artifacts, tables, store, Wanted(only=frozenset([job.node])))
            )
            found = next((each for _, each in parts.nodes() if each.name == job.node), None)
            if found is not None:
                return found, artifacts, tables
    raise NotFound(f"The kept code has no task {job.node!r}.")


def _readable(node: Node, arguments: Mapping[str, Any], store: Store) -> dict[str, Any]:
    """The arguments with the rows of tables in them: the store that the task is given knows no tables."""

    def read(leaf: Any, wanted: Any) -> Any:
        if isinstance(leaf, Slice):
            return from_frame(read_slice(store, leaf), frame_type(wanted))
        if isinstance(leaf, Given) and leaf.refs[:1] and leaf.refs[0].kind == TABLE:
            return read_committed(store, leaf.refs[0], wanted)
        if not isinstance(leaf, Pinned):
            return leaf
        return from_frame(read_version(store, leaf.table.table, leaf.table.version), frame_type(wanted))

    return {
        name: replace_leaves(each, partial(read, wanted=node.task.annotations.get(name, Any)))
        for name, each in arguments.items()
    }


def _execute(node: Node, arguments: Mapping[str, Any], store: Store, run: Run, *, seeded: bool) -> Told:
    """What the task makes, in an empty store, so that nothing of it stays in the project."""
    with tempfile.TemporaryDirectory(prefix="trivium-alone-") as place:
        settings = load_settings(Path(place), environ={"TRIVIUM_ROOT": place}, actor=store.actor, durability="fast")
        alone = open_store(settings)
        try:
            alone.catalog.runs.start(run, store.catalog.runs.get_environment(run.environment))
            if seeded:
                seed_everything()
            attempt = Attempt(run.id, node.name, node.task, arguments, "0" * 32)
            outcome = perform(attempt, replace(alone, blobs=store.blobs))
        finally:
            alone.close()
    store.catalog.small_blobs.record(outcome.blobs)
    return Told(outputs=outcome.outputs, error=outcome.error or "")


if __name__ == "__main__":
    main()
