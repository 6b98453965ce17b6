"""Publishing a pipeline of this project, so that others call it by name and version without having its code."""

from __future__ import annotations

from typing import Any

import msgspec

from trivium.errors import Misuse
from trivium.pipelines.kept_code import keep_code
from trivium.pipelines.pipeline import Pipeline
from trivium.pipelines.published_job import PublishedJob, do_published
from trivium.store.store import Store
from trivium.values.published import Publication


def publish_pipeline(store: Store, pipeline: Pipeline[Any, Any], *, note: str = "") -> Publication:
    """The pipeline has a published version: its code is kept whole, and has imported and drawn in a process of its own.

    The newest version is returned as it is when nothing of it changed. Raises Misuse when some of the code cannot be
    kept, when it does not import or draw by itself, and when it does not return the result of a task.
    """
    code = keep_code(pipeline.function, store)
    if not code.kept or code.note:
        why = code.note or "it belongs to an installed package, which others import from there"
        raise Misuse(f"Pipeline {pipeline.name!r} cannot be published: its code is not kept whole ({why}).")
    settings = msgspec.to_builtins(store.settings, enc_hook=str)
    answer = do_published(store, PublishedJob(settings, "", code.kept, pipeline.name))
    if answer.publication is None:
        raise Misuse(f"Pipeline {pipeline.name!r} was not described by the process that imported it.")
    return store.catalog.published.publish(msgspec.structs.replace(answer.publication, note=note))
