"""Tasks and attempts as bytes, for another process of the same program."""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterable
from contextlib import nullcontext
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import Struct

from trivium.deferred import Deferred
from trivium.errors import UnsupportedValue
from trivium.pipelines.task import sent_with_code
from trivium.settings import Settings

if TYPE_CHECKING:
    import cloudpickle

    from trivium.pipelines.attempt import Attempt, Outcome
else:
    cloudpickle = Deferred("cloudpickle")  # only who sends needs it, and then a process is starting meanwhile

PLAIN = 'Give plain values, or run it here with executor = "inline".'
BEGUN = b""  # what a worker sends before its answer, when a task with a timeout has been imported and begins
NAMED = "It runs in another version of Python, which imports its code: define it in a module, and give plain values."


class Setup(Struct, frozen=True):
    """What a new worker process needs to find the same code as this one. main: the file of the script that is running,
    or the name of the module that was started by `python -m`, when it can be imported again. logs: the folder that
    takes what tasks print, where that which a job names cannot be reached.

    python: the interpreter of an environment of its own, whose import path comes after `path`; "" for this one.
    """

    settings: Settings
    path: tuple[str, ...]
    folder: str
    main: str | None
    environ: dict[str, str]
    python: str = ""
    logs: str | None = None


class Job(Struct, frozen=True):
    """One attempt. code: the digest of the code that its key was made of; "" when that need not be compared.

    log: the file that takes what the task prints. types: those of a `__main__` that cannot be imported, by name.
    filters: which warnings are shown, as `warnings.filters` says.
    """

    attempt: Attempt
    log: str
    code: str = ""
    types: dict[str, type] = {}
    filters: tuple[Any, ...] = ()


class OtherCode(Struct, frozen=True):
    """A worker's answer: it would run other code than the key was made of. code: the parts of that which it found."""

    code: tuple[tuple[str, str], ...] = ()


class Unfound(Struct, frozen=True):
    """A worker's answer: it cannot import what the job names, and says why."""

    error: str


Answer: TypeAlias = "Outcome | OtherCode | Unfound"


def pack_job(job: Job, *, by_value: Iterable[ModuleType] = (), by_name: bool = False) -> bytes:
    """The job as bytes. by_value: modules whose functions and classes travel as they are here, instead of by name.
    by_name: nothing may travel as it is here, because another version of Python could not read it.

    Raises UnsupportedValue for an argument that cannot leave this process.
    """
    modules = {each.__name__: each for each in by_value}.values()  # `multiprocessing` gives `__main__` a second name
    for module in modules:
        cloudpickle.register_pickle_by_value(module)
    try:
        with sent_with_code() if modules else nullcontext():
            return pickle.dumps(job) if by_name else bytes(cloudpickle.dumps(job))
    except Exception as error:  # whatever an argument's own reduction raises
        raise UnsupportedValue(
            f"Task {job.attempt.task.name!r} cannot be sent to another process: {type(error).__name__}: {error}. "
            f"{NAMED if by_name else PLAIN}"
        ) from None
    finally:
        for module in modules:
            cloudpickle.unregister_pickle_by_value(module)


def unpack(data: bytes) -> Any:
    """What such bytes hold."""
    return pickle.Unpickler(io.BytesIO(data)).load()  # noqa: S301 # both ends are this program
