"""Publishing a pipeline of this project, so that others call it by name and version without having its code."""

from __future__ import annotations

from typing import Any

import msgspec

from trivium.errors import Misuse
from trivium.pipelines.drawn_alone import draw_alone
from trivium.pipelines.kept_code import keep_code
from trivium.pipelines.pipeline import Pipeline
from trivium.pipelines.published_job import PublishedJob, do_published
from trivium.store.store import Store, use_store
from trivium.values.published import Publication
from trivium.values.runs import Code


def publish_pipeline(store: Store, pipeline: Pipeline[Any, Any], *, note: str = "") -> Publication:
    """The pipeline has a published version: its code is kept whole, and has imported and drawn in a process of its own.

    The newest version is returned as it is when nothing of it changed. Raises Misuse when some of the code cannot be
    kept, when it does not import or draw by itself, and when it does not return the result of a task.
    """
    with use_store(store):
        graph = draw_alone(pipeline)
    code = keep_code(pipeline.function, store, graph.files() if graph else ())
    return store.catalog.published.publish(msgspec.structs.replace(_tried(store, pipeline.name, code), note=note))


def publish_run(store: Store, run_id: str, *, note: str = "") -> Publication:
    """The pipeline has a published version with the code that this run kept, whatever the project's is by now.

    Raises NotFound, Misuse for a run that has not succeeded, and as `publish_pipeline`.
    """
    run = store.catalog.runs.get_run(run_id)
    if run.status != "succeeded":
        raise Misuse(f"Run {run.id} is {run.status}; only one that has succeeded can be published.")
    made = _tried(store, run.pipeline, run.code)
    return store.catalog.published.publish(
        msgspec.structs.replace(made, note=note, run=run.id, environment=run.environment)
    )


def _tried(store: Store, name: str, code: Code) -> Publication:
    if not code.kept or code.note:
        why = code.note or "it belongs to an installed package, which others import from there"
        raise Misuse(f"Pipeline {name!r} cannot be published: its code is not kept whole ({why}).")
    settings = msgspec.to_builtins(store.settings, enc_hook=str)
    answer = do_published(store, PublishedJob(settings, "", code.kept, name))
    if answer.publication is None:
        raise Misuse(f"Pipeline {name!r} was not described by the process that imported it.")
    return answer.publication
