"""Running a recorded run again, and comparing what it makes."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from trivium.pipelines.engine import RunRequest, execute
from trivium.pipelines.environment import changed_packages
from trivium.pipelines.pipeline import Pipeline
from trivium.pipelines.progress import Progress
from trivium.pipelines.registry import find_pipeline
from trivium.store.store import Store
from trivium.values.runs import Run, TaskRun


class OutputDifference(Struct, frozen=True):
    """One output (counted from 0) of one node that came out differently; "" where a run has no such output."""

    node: str
    output: int
    recorded: str
    again: str


class Reproduction(Struct, frozen=True):
    """Two runs compared. `first` names the first difference, "" when there is none; `causes` what else differs."""

    run: str
    again: str
    differences: tuple[OutputDifference, ...]
    first: str
    causes: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether every output has the recorded content."""
        return not self.differences


def reproduce_run(
    store: Store, run_id: str, *, pipeline: Pipeline[Any, Any] | None = None, progress: Progress | None = None
) -> Reproduction:
    """The run's pipeline has run again, as a run of its own, with the recorded parameters and table versions, every
    task executed anew in this environment; each output is compared with the recorded one by content."""
    run = store.catalog.runs.get_run(run_id)
    found = pipeline or find_pipeline(run.pipeline, store.settings)
    request = RunRequest(
        pipeline=found.name,
        function=found.function,
        parameters=found.bind(run.parameters),
        trigger="reproduce",
        accept_alerts=True,
        versions={each.table: each.version for each in run.inputs},
        tags={"reproduces": run.id},
        cache=False,
    )
    again = execute(request, store, progress)
    differences = compare_outputs(store.catalog.runs.list_tasks(run.id), store.catalog.runs.list_tasks(again.id))
    first = f"output {differences[0].output} of {differences[0].node}" if differences else ""
    return Reproduction(run.id, again.id, differences, first, _causes(store, run, again))


def compare_outputs(recorded: list[TaskRun], again: list[TaskRun]) -> tuple[OutputDifference, ...]:
    """Outputs whose content differs, in the order in which the nodes ran."""
    old, new = _digests(recorded), _digests(again)
    return tuple(
        OutputDifference(node, index, old.get((node, index), ""), new.get((node, index), ""))
        for node, index in dict.fromkeys([*old, *new])
        if old.get((node, index)) != new.get((node, index))
    )


def _digests(tasks: list[TaskRun]) -> dict[tuple[str, int], str]:
    return {(task.node, index): ref.digest for task in tasks for index, ref in enumerate(task.outputs)}


def _causes(store: Store, run: Run, again: Run) -> tuple[str, ...]:
    causes = ["the code differs"] if run.code.digest != again.code.digest else []
    environments = [store.catalog.runs.get_environment(each.environment) for each in (run, again)]
    causes += [f"{name} {old} -> {new}" for name, (old, new) in changed_packages(*environments).items()]
    causes += [
        f"table {old.table} version {old.version} has other content"
        for old, new in zip(run.inputs, again.inputs, strict=False)
        if old.digest != new.digest
    ]
    return tuple(causes)
