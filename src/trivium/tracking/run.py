"""A run without a pipeline: a script or a notebook cell that logs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from trivium.digest import digest_file, digest_of
from trivium.ids import checked_name
from trivium.pipelines.code import git_state
from trivium.pipelines.context import TaskContext, use_task
from trivium.pipelines.engine import record_parameters
from trivium.pipelines.environment import current_environment
from trivium.store.store import Store, current_store
from trivium.values.runs import Code, Run


@contextmanager
def run(name: str, *, store: Store | None = None, **parameters: Any) -> Iterator[TaskContext]:
    """Inside the block, `log`, `log_metric` and `tag` belong to a new run with this name; it ends with the block.

    `with run("try", depth=6): log(auc=0.71)`. An exception makes it a failed run and goes on.
    """
    memory = store or current_store()
    environment = current_environment()
    draft = Run(
        id=memory.ids(),
        pipeline=checked_name(name, "run"),
        status="running",
        parameters=record_parameters(parameters),
        inputs=(),
        code=_code_of_script(memory.settings.root),
        environment=environment.digest,
        actor=memory.actor,
        started_at=memory.clock(),
    )
    started = memory.catalog.runs.start(draft, environment)
    try:
        with use_task(TaskContext(memory, started.id, "script", started.id)) as context:
            yield context
    except BaseException as error:
        memory.catalog.runs.finish(
            started.id, status="failed", at=memory.clock(), error=f"{type(error).__name__}: {error}"
        )
        raise
    memory.catalog.runs.finish(started.id, status="succeeded", at=memory.clock())


def _code_of_script(root: Path) -> Code:
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    if not file or not Path(file).is_file():
        return Code(digest=digest_of("script", None))
    commit, dirty = git_state([str(Path(file).resolve())])
    place = Path(file).resolve()
    shown = str(place.relative_to(root.resolve())) if place.is_relative_to(root.resolve()) else file
    return Code(digest=digest_file(place), file=shown, git_commit=commit, dirty=dirty)
