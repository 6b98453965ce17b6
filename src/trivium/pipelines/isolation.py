"""Running kept code in a process of its own, in an empty folder, with that code first on the import path."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from trivium.errors import Misuse
from trivium.pipelines.code_archive import unpack
from trivium.pipelines.executors.own_environment import variables_in
from trivium.pipelines.progress import Progress, TaskEvent
from trivium.settings import Settings
from trivium.store.store import Store
from trivium.values.runs import ArtifactRef, Run

CHILD = "trivium.pipelines.isolated"


class Job(Struct, frozen=True):
    """What the other process has to do: reproduce `run`, or execute one of its nodes alone and `times` over.

    code: the folder of the kept code, "" for the project's present code. inputs_of: the run whose outputs the node is
    given. seeded: every generator of random numbers that is shared by a process is seeded before each execution. links:
    what is in the folder that it works in: paths there, and what each stands for.
    """

    settings: dict[str, Any]
    run: str
    code: str = ""
    node: str = ""
    inputs_of: str = ""
    times: int = 1
    seeded: bool = False
    links: dict[str, str] = {}


class Told(Struct, frozen=True):
    """A line of what the other process tells: an event, what an execution made, or the error that ended it."""

    event: TaskEvent | None = None
    outputs: tuple[ArtifactRef, ...] | None = None
    calls: tuple[str, ...] = ()
    error: str = ""


class Answer(Struct, frozen=True):
    """Everything that it told. run: the id of the run that it made. calls: what the node's code calls that can differ
    from one execution to the next."""

    run: str
    outputs: tuple[tuple[ArtifactRef, ...], ...]
    calls: tuple[str, ...]
    error: str


class Unpacked(Struct, frozen=True):
    """A run's code in a folder, "" when none was kept. present: files that were not kept, taken from the project."""

    folder: str
    present: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()


@contextmanager
def unpacked_code(store: Store, run: Run) -> Iterator[Unpacked]:
    """Inside the block, the code that was kept for the run lies in a temporary folder."""
    if not run.code.kept:
        yield Unpacked("")
        return
    with tempfile.TemporaryDirectory(prefix="trivium-code-") as place:
        folder = Path(place).resolve()
        index = unpack(store.blobs.get(run.code.kept), folder)
        there = [name for name in index.left_out if (store.settings.root / name).is_file()]
        for name in there:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((store.settings.root / name).read_bytes())
        absent = tuple(name for name in index.left_out if name not in there)
        yield Unpacked(str(folder), tuple(there), absent)


def settings_for_job(store: Store) -> dict[str, Any]:
    """This store's settings, with every task in the process of the job."""
    found: dict[str, Any] = msgspec.to_builtins(replace(store.settings, executor="inline"), enc_hook=str)
    return found


def settings_of_job(job: Job) -> Settings:
    """The settings that the job was given."""
    return msgspec.convert(job.settings, Settings, dec_hook=lambda kind, value: kind(value))


def do_job(
    job: Job,
    *,
    progress: Progress | None = None,
    environ: Mapping[str, str] | None = None,
    timeout: float | None = None,
    python: str = "",
) -> Answer:
    """The job was done in a fresh process of this interpreter ("": our own). environ: variables to set beyond those of
    this process.

    Raises Misuse when the process ends without an answer, TimeoutError after `timeout` seconds.
    """
    own = variables_in(Path(python), dict(os.environ)) if python else os.environ
    variables = {**own, "TRIVIUM_ROOT": job.settings["root"], **(environ or {})}
    with (
        _work_folder(job.links) as work,
        subprocess.Popen(  # noqa: S603 # this Python and a module of ours
            [python or sys.executable, "-m", CHILD],
            cwd=work,
            env=variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as child,
    ):
        try:
            return _listen(child, job, progress, timeout)
        except BaseException:
            child.kill()
            raise


@contextmanager
def _work_folder(links: Mapping[str, str]) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="trivium-work-") as work:
        for name, target in sorted(links.items()):  # a folder before what is in it
            place = Path(work, name)
            if not place.exists():  # it may lie in a folder that is linked
                place.parent.mkdir(parents=True, exist_ok=True)
                place.symlink_to(target)
        yield work


def _listen(child: subprocess.Popen[bytes], job: Job, progress: Progress | None, timeout: float | None) -> Answer:
    told: list[Told] = []
    for line in _lines(child, msgspec.json.encode(job), timeout):
        told.append(msgspec.json.decode(line, type=Told))
        event = told[-1].event
        if event is not None and progress is not None:
            progress(event)
    status = child.wait()
    if status or not told:
        raise Misuse(f"The process that runs the kept code ended with status {status}, before it was done.")
    return Answer(
        run=next((each.event.run for each in told if each.event), ""),
        outputs=tuple(each.outputs for each in told if each.outputs is not None),
        calls=next((each.calls for each in told if each.calls), ()),
        error=told[-1].error,
    )


def _lines(child: subprocess.Popen[bytes], given: bytes, timeout: float | None) -> Iterator[bytes]:
    if timeout is not None:
        try:
            yield from child.communicate(given, timeout)[0].splitlines()
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"not done after {timeout:.0f} s") from None
        return
    with cast(IO[bytes], child.stdin) as stdin:
        stdin.write(given)
    yield from cast(IO[bytes], child.stdout)
