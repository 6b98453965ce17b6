"""Running a recorded run again from the code that was kept with it, and comparing what it makes."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from trivium.errors import Misuse
from trivium.pipelines.cause import Trial, recorded_causes, tasks_of
from trivium.pipelines.environment import changed_packages
from trivium.pipelines.environments.build import build_environment, python_of
from trivium.pipelines.environments.exact import Restored, restore_environment
from trivium.pipelines.given_files import find_given_files
from trivium.pipelines.isolation import Job, Unpacked, do_job, settings_for_job, unpacked_code
from trivium.pipelines.output_difference import OutputDifference, compare_metrics, compare_outputs
from trivium.pipelines.pipeline import Pipeline
from trivium.pipelines.progress import Progress
from trivium.pipelines.repeat import repeat_run
from trivium.pipelines.reproduction import Cause, Reproduction, record_reproduction
from trivium.store.store import Store
from trivium.values.runs import Run, TaskRun


def reproduce_run(
    store: Store,
    run_id: str,
    *,
    pipeline: Pipeline[Any, Any] | None = None,
    tolerance: float = 0.0,
    explain: bool = True,
    exact_environment: bool = False,
    progress: Progress | None = None,
) -> Reproduction:
    """The run's kept code has run in a process of its own, as a run of its own, with the recorded parameters and table
    versions, every task executed anew: in this environment, or in its own as that was locked. Each output is compared
    by content, and each metric by `tolerance` (at least 0; absolute, or relative to the larger value). The outcome is
    in the audit log.

    pipeline: run this one instead, in this process. explain: look for the cause of the first difference, for which its
    task is executed some times more. exact_environment: the packages and the Python of the run are built with uv, and
    it is run in them; what cannot be had any more is told in the notes.

    Raises NotFound, Misuse for a run that has not ended, and EnvironmentUnavailable.
    """
    run = store.catalog.runs.get_run(run_id)
    if run.status not in ("succeeded", "failed"):
        raise Misuse(f"Run {run.id} is {run.status}; only what has ended can be reproduced.")
    if pipeline is not None:
        found = _compare(store, run, repeat_run(store, run, pipeline, progress), tolerance)
    else:
        restored = _restore(store, run, exact=exact_environment)
        with unpacked_code(store, run) as code:
            found = _reproduce(store, run, code, restored, tolerance=tolerance, progress=progress)
            if explain and found.again and not found.same:
                found = replace(found, causes=(*found.causes, *_try_alone(store, run, found, code, restored)))
    record_reproduction(store, found)
    return found


def _restore(store: Store, run: Run, *, exact: bool) -> Restored | None:
    """What the run's code and its tasks ran in is built; None where the code runs in this environment."""
    for digest in dict.fromkeys(task.environment for task in store.catalog.runs.list_tasks(run.id) if task.environment):
        build_environment(store.catalog.runs.get_environment(digest), store)
    return restore_environment(store.catalog.runs.get_environment(run.environment), store) if exact else None


def _reproduce(
    store: Store, run: Run, code: Unpacked, restored: Restored | None, *, tolerance: float, progress: Progress | None
) -> Reproduction:
    files = find_given_files(store, run)
    job = Job(settings=settings_for_job(store), run=run.id, code=code.folder, links=files.links)
    answer = do_job(job, progress=progress, python=restored.python if restored else "")
    notes = (*_notes(run, code), *files.notes, *(restored.notes if restored else ()))
    failed = answer.error if run.status == "succeeded" else ""
    if not answer.run:
        causes = tuple(Cause("code", note) for note in _notes(run, code))
        first = "its code, which does not run"
        return Reproduction(run.id, "", first=first, causes=causes, error=answer.error, notes=notes)
    found = _compare(store, run, store.catalog.runs.get_run(answer.run), tolerance)
    causes = (*(Cause("code", note) for note in _notes(run, code)), *found.causes)
    return replace(found, causes=causes if not found.same else (), notes=notes, error=failed)


def _notes(run: Run, code: Unpacked) -> tuple[str, ...]:
    notes = [f"{name} is the present one: it was not kept" for name in code.present]
    notes += [f"{name} was not kept" for name in code.absent]
    if not code.folder:
        why = f" ({run.code.note})" if run.code.note else ""
        notes.append(f"no code was kept with the run{why}, so that the present code was run")
    return tuple(notes)


def _compare(store: Store, run: Run, again: Run, tolerance: float) -> Reproduction:
    packages = changed_packages(*(store.catalog.runs.get_environment(each.environment) for each in (run, again)))
    differences = _differences(store, run, again, tolerance)
    if not differences:
        return Reproduction(run.id, again.id, packages=packages)
    first = differences[0]
    causes = recorded_causes(store, run, again, first.node, packages)
    return Reproduction(run.id, again.id, differences, first.tell(), tuple(causes), packages=packages)


def _differences(store: Store, run: Run, again: Run, tolerance: float) -> tuple[OutputDifference, ...]:
    """In the order of the graph; of one task, outputs come before metrics."""
    recorded, anew = (store.catalog.runs.list_tasks(each.id) for each in (run, again))
    outputs = compare_outputs(recorded, anew, store)
    tasks = [*anew, *recorded]
    was, now = (store.catalog.runs.list_metrics(each.id) for each in (run, again))
    metrics = [replace(each, node=_logger(each.metric, tasks)) for each in compare_metrics(was, now, tolerance)]
    order = {node: place for place, node in enumerate(dict.fromkeys(task.node for task in tasks))}
    return tuple(sorted([*outputs, *metrics], key=lambda each: (order.get(each.node, len(order)), bool(each.metric))))


def _logger(metric: str, tasks: list[TaskRun]) -> str:
    """The task that logged the metric."""
    named = (task.node for task in tasks if task.outputs and metric in task.outputs[0].facts.get("metrics", {}))
    return next(named, tasks[-1].node if tasks else "")


def _try_alone(store: Store, run: Run, found: Reproduction, code: Unpacked, restored: Restored | None) -> list[Cause]:
    again, first = store.catalog.runs.get_run(found.again), found.differences[0]
    done = [task for task in tasks_of(store, again, first.node) if task.status == "executed" and task.ended_at]
    if not done:
        return []
    ended_at = done[0].ended_at or done[0].started_at
    seconds = (ended_at - done[0].started_at).total_seconds()
    python = str(python_of(done[0].environment)) if done[0].environment else restored.python if restored else ""
    links = find_given_files(store, run).links
    return list(Trial(store, run, again, first.node, code.folder, first.metric, seconds, python, links).causes())
