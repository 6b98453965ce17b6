"""In a notebook's kernel: it acts for the task that runs it, and gets the arguments that are no literals."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from trivium.pipelines.artifacts import decode
from trivium.pipelines.context import TaskContext, use_task_from_now_on
from trivium.pipelines.stored_files import copies_in
from trivium.store.store import current_store
from trivium.tables.read import read_version
from trivium.values.runs import ArtifactRef, TableInput

VARIABLE = "TRIVIUM_NOTEBOOK"
JOB, LOGGED = "job.json", "logged.json"


class Handed(Struct, frozen=True):
    """An argument: what another task made (several: a tuple of outputs), or a table at a version."""

    refs: tuple[ArtifactRef, ...] = ()
    several: bool = False
    table: TableInput | None = None


class KernelJob(Struct, frozen=True):
    """For whom the kernel acts, and the arguments that are no literals, by name."""

    run: str
    node: str
    idempotency_key: str
    given: dict[str, Handed]


def begin(shell: Any) -> None:
    """From the next cell on, what is read, committed and logged is put down to the task."""
    job, folder, store = _job(), _folder(), current_store()
    context = TaskContext(store, job.run, job.node, job.idempotency_key)

    def act(*_about: Any) -> None:
        if job.run:
            use_task_from_now_on(context)  # every cell has a context of its own, which ends with it

    def flush(*_about: Any) -> None:
        if job.run:
            context.flush()
        (folder / LOGGED).write_bytes(msgspec.json.encode(context.logged))

    shell.events.register("pre_run_cell", act)
    shell.events.register("post_run_cell", flush)


def given(name: str) -> Any:
    """The value of the argument with this name."""
    handed, store = _job().given[name], current_store()
    if handed.table is not None:
        return read_version(store, handed.table.table, handed.table.version)
    with copies_in(_folder()):
        values = tuple(decode(ref, store.blobs) for ref in handed.refs)
    return values if handed.several else values[0]


def _folder() -> Path:
    return Path(os.environ[VARIABLE])


def _job() -> KernelJob:
    return msgspec.json.decode((_folder() / JOB).read_bytes(), type=KernelJob)
