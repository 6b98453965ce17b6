"""Going on with a run that failed or was killed."""

from __future__ import annotations

from typing import Any

from trivium.errors import Misuse
from trivium.pipelines.engine import REPRODUCES, RunRequest, execute
from trivium.pipelines.pipeline import Pipeline
from trivium.pipelines.progress import Progress
from trivium.pipelines.registry import find_pipeline
from trivium.store.store import Store
from trivium.values.runs import Run


def resume_run(
    store: Store,
    run_id: str,
    *,
    pipeline: Pipeline[Any, Any] | None = None,
    accept_alerts: bool = False,
    on: str | None = None,
    progress: Progress | None = None,
) -> Run:
    """The run has ended, under the same id, on the table versions that it started with: only unfinished work was done.

    A run that has succeeded is returned as it is. pipeline: where the project's files do not name it. on: the executor,
    instead of that of the settings. Raises Misuse for a reproduction, which is begun anew.
    """
    run = store.catalog.runs.get_run(run_id)
    if run.status == "succeeded":
        return run
    if REPRODUCES in run.tags:
        raise Misuse(
            f"Run {run.id} reproduces run {run.tags[REPRODUCES]} from its kept code, which resuming would not; "
            f"begin anew: `trivium runs reproduce {run.tags[REPRODUCES]}`."
        )
    found = pipeline or find_pipeline(run.pipeline, store.settings)
    request = RunRequest(
        pipeline=found.name,
        function=found.function,
        parameters=found.bind(run.parameters),
        key=run.key,
        accept_alerts=accept_alerts,
        again=run,
        on=on,
    )
    return execute(request, store, progress)
