"""A recorded run, done again: with its parameters, table versions and locks, and everything executed anew."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from trivium.pipelines.code import code_of
from trivium.pipelines.engine import PARTITIONS, REPRODUCES, RunRequest, execute
from trivium.pipelines.pipeline import Pipeline
from trivium.pipelines.progress import Progress
from trivium.store.store import Store
from trivium.values.runs import Run


def repeat_run(
    store: Store, run: Run, pipeline: Pipeline[Any, Any], progress: Progress | None = None, *, kept: bool = False
) -> Run:
    """The pipeline has run, as a run of its own with the tag "reproduces". Raises TaskFailed.

    kept: it was loaded from the code that was kept with the run, which is the code of this one, too.
    """
    code = replace(run.code, digest=code_of(pipeline.function, store.settings.root).digest) if kept else None
    request = RunRequest(
        pipeline=pipeline.name,
        function=pipeline.function,
        parameters=pipeline.bind(run.parameters),
        trigger="reproduce",
        accept_alerts=True,
        versions={each.table: each.version for each in run.inputs},
        tags={REPRODUCES: run.id},
        cache=False,
        code=code,
        partitions=run.tags.get(PARTITIONS),
        instead_of=run.id,
        environments={
            task.node: task.environment for task in store.catalog.runs.list_tasks(run.id) if task.environment
        },
    )
    return execute(request, store, progress)
