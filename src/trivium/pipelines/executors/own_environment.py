"""Workers of tasks with an environment of their own: another interpreter, and nothing of this one's packages."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from trivium.deferred import Deferred
from trivium.errors import CacheKeyError
from trivium.pipelines.attempt import Attempt
from trivium.pipelines.executors.transport import OtherCode, Setup
from trivium.pipelines.imported import is_users_own
from trivium.pipelines.reach import reach, without_absent
from trivium.values.runs import Environment

if TYPE_CHECKING:
    from trivium.pipelines.environments import build, runtime
else:  # most workers have the packages of this process
    build, runtime = (Deferred(f"trivium.pipelines.environments.{each}") for each in ("build", "runtime"))

OF_THIS_PYTHON = ("PYTHONPATH", "PYTHONHOME", "PYTHONEXECUTABLE", "__PYVENV_LAUNCHER__", "VIRTUAL_ENV")
SHOWN = 3


def setup_in(setup: Setup, environment: Environment) -> Setup:
    """The same in the interpreter of this environment: the user's own folders and Trivium are what they share."""
    folders = [Path(setup.folder, entry) for entry in setup.path]
    python = build.python_of(environment.digest)
    return replace(
        setup,
        path=tuple(str(folder) for folder in folders if is_users_own(folder.resolve())),
        environ=variables_in(python, setup.environ),
        python=str(python),
    )


def variables_in(python: Path, environ: dict[str, str]) -> dict[str, str]:
    """The environment variables of a process of this interpreter: it and its children find Trivium and its programs."""
    kept = {name: value for name, value in environ.items() if name not in OF_THIS_PYTHON}
    programs = os.pathsep.join([str(python.parent), *filter(None, [environ.get("PATH")])])
    return {
        **kept,
        "PATH": programs,
        "VIRTUAL_ENV": str(python.parents[1]),
        "PYTHONPATH": str(runtime.runtime_folder()),
    }


def is_other_python(environment: Environment | None) -> bool:
    """Whether compiled code of this process means nothing there."""
    return environment is not None and environment.python.split(".")[:2] != list(platform.python_version_tuple()[:2])


def tell_other_code(attempt: Attempt, found: OtherCode) -> str:
    """Why a task was not run: its environment would run other code than the key was made of."""
    try:
        here = without_absent(reach(attempt.task.function)).code
    except CacheKeyError:
        here = ()
    names = sorted({name for name, _ in set(here) ^ set(found.code)})
    differing = ", ".join(names[:SHOWN]) or "all of it"
    return (
        f"in its environment the code of {attempt.task.name!r} is not the same: {differing}. Either a file was changed "
        "while the run is on (run it again), a global was set after the import (pass it as an argument), or a module "
        "is not the same where a package is absent (import such packages inside the task)"
    )
