"""What a published pipeline is given and what it answers, on the way to a process of its own and back."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Self

import msgspec
from msgspec import Struct

from trivium.errors import Misuse, TaskFailed
from trivium.pipelines.code_archive import unpack
from trivium.pipelines.given import Given, Pinned
from trivium.store.blobs import Blobs
from trivium.store.store import Store
from trivium.values.published import Publication
from trivium.values.runs import ArtifactRef, TableInput

CHILD = "trivium.pipelines.published_process"


class Supply(Struct, frozen=True, omit_defaults=True):
    """One argument: what is stored (several for a tuple of outputs), a table's version, or a secret's name."""

    refs: tuple[ArtifactRef, ...] = ()
    table: TableInput | None = None
    secret: str = ""


class PublishedJob(Struct, frozen=True):
    """What the process has to do: run the pipeline in the unpacked code, or only draw it when there is no key.

    supplies: the arguments by name. versions: of the tables that it reads. key: of the run, the same for every attempt.
    part_of: the run and task that call it. reproduces: the run that it is to be compared with, of a reproduction.
    """

    settings: dict[str, Any]
    code: str
    kept: str
    pipeline: str
    version: int = 0
    supplies: dict[str, Supply] = {}
    versions: dict[str, int] = {}
    key: str = ""
    part_of: str = ""
    accept_alerts: bool = False
    reproduces: str = ""


class PublishedAnswer(Struct, frozen=True):
    """What came of it: the run, its result and a word on it; or of drawing: the tables, None when they depend on what
    it is given. error: what ended it, `failed` when that was a task of its own."""

    run: str = ""
    refs: tuple[ArtifactRef, ...] = ()
    told: str = ""
    publication: Publication | None = None
    error: str = ""
    failed: bool = False


class Stored(Struct, frozen=True):
    """A value that is stored already: it is stored as what it refers to."""

    ref: ArtifactRef

    def save(self, blobs: Blobs) -> ArtifactRef:
        """Nothing is stored again."""
        return self.ref

    @classmethod
    def load(cls, blobs: Blobs, ref: ArtifactRef) -> Self:
        """Never what was stored, which is loaded as what it is."""
        return cls(ref)


def supply(value: Given | Pinned) -> Supply:
    """What another task made, or a table, as an argument."""
    return Supply(value.refs) if isinstance(value, Given) else Supply(table=value.table)


def do_published(store: Store, job: PublishedJob) -> PublishedAnswer:
    """The job is done in a fresh process of this Python, with that code first on its import path, in an empty folder.

    What it prints goes to stderr. Raises TaskFailed and Misuse as the pipeline did, and Misuse when the process ends
    without an answer.
    """
    with (
        tempfile.TemporaryDirectory(prefix="trivium-published-") as folder,
        tempfile.TemporaryDirectory(prefix="trivium-work-") as work,
    ):
        place = Path(folder).resolve()
        unpack(store.blobs.get(job.kept), place)
        job = msgspec.structs.replace(job, code=str(place))
        done = subprocess.run(  # noqa: S603 # this Python and a module of ours
            [sys.executable, "-m", CHILD],
            cwd=work,
            env={**os.environ, "TRIVIUM_ROOT": str(store.settings.root)},
            input=msgspec.json.encode(job),
            stdout=subprocess.PIPE,
            check=False,
        )
    try:
        answer = msgspec.json.decode(done.stdout.splitlines()[-1], type=PublishedAnswer)
    except (IndexError, msgspec.DecodeError):
        raise Misuse(
            f"The process of published pipeline {job.pipeline!r} ended with status {done.returncode}, not being done."
        ) from None
    if answer.error:
        raise (TaskFailed if answer.failed else Misuse)(answer.error)
    return answer
