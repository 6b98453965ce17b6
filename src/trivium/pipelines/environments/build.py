"""From a lock to an interpreter: built beside its place, moved there when it is whole, and kept for all projects.

python -m trivium.pipelines.environments.build DIGEST PYTHON LOCK ROOT
"""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trivium.errors import EnvironmentUnavailable, TriviumError
from trivium.failpoints import failpoint
from trivium.ids import new_id
from trivium.pipelines.environments.uv import run_uv
from trivium.settings import user_folder
from trivium.store.store import Store
from trivium.values.runs import Environment

LOCK = "trivium.lock"
MOST_TOLD = 4000


def environments_folder() -> Path:
    """Where this user's environments are; what is there can be built anew."""
    return user_folder("cache") / "environments"


def environment_folder(digest: str) -> Path:
    """Where the environment with this digest is on such a machine, once it is built."""
    machine = f"{sys.platform}-{platform.machine()}".lower()
    return environments_folder() / f"{digest[:32]}-{machine}"


def python_of(digest: str) -> Path:
    """The interpreter of the environment."""
    return environment_folder(digest) / "bin" / "python"


def is_built(digest: str, *, touch: bool = True) -> bool:
    """Whether the environment is whole; it counts as used now, unless nobody wants to `touch` it."""
    folder = environment_folder(digest)
    if not folder.is_dir():
        return False
    if touch:
        os.utime(folder)
    return True


def build_environment(environment: Environment, store: Store) -> Path:
    """The environment is built, by this process or another; returns its interpreter. See build."""
    if not is_built(environment.digest):
        build(*build_arguments(environment, store))
    return python_of(environment.digest)


def build_arguments(environment: Environment, store: Store) -> tuple[str, str, Path, Path]:
    """What `build` is given. Raises NotFound and CorruptObject when the lock's text is not there as it was."""
    return environment.digest, environment.python, store.blobs.local_path(environment.lock), store.settings.root


def build(digest: str, python: str, lock: Path, root: Path) -> None:
    """The environment is built: while another process does it, this one waits; what a killed one left is removed.

    Raises EnvironmentUnavailable when Python or a package cannot be installed.
    """
    folder = environment_folder(digest)
    with _turn(folder):
        for left in folder.parent.glob(f".{folder.name}.*"):
            shutil.rmtree(left, ignore_errors=True)
        if folder.is_dir():
            return
        aside = folder.with_name(f".{folder.name}.{new_id()}")
        try:
            _install(aside, python, lock, root)
            failpoint("environment:built")
            aside.rename(folder)
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def _install(aside: Path, python: str, lock: Path, root: Path) -> None:
    run_uv(
        ["venv", "--no-project", "--relocatable", "--python", _interpreter(python), str(aside)],
        root,
        f"Python {python} cannot be set up",
    )
    shutil.copyfile(lock, aside / LOCK)
    failpoint("environment:begun")
    run_uv(
        ["pip", "sync", "--require-hashes", "--python", str(aside / "bin" / "python"), str(aside / LOCK)],
        root,
        "The locked packages cannot be installed",
    )


def _interpreter(version: str) -> str:
    """This one where it has the version; else what uv finds or fetches."""
    own = platform.python_version_tuple()
    return sys.executable if tuple(version.split(".")) in (own, own[:2]) else version


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(folder.with_name(f"{folder.name}.turn"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise EnvironmentUnavailable(
            f"Environments are kept in {folder.parent}, which cannot be used: {error}."
        ) from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def main(arguments: list[str]) -> int:
    """The environment is built; the reason why it is not is the last line on stderr."""
    digest, python, lock, root = arguments
    try:
        build(digest, python, Path(lock), Path(root))
    except (TriviumError, OSError) as error:
        print(" ".join(str(error).split())[:MOST_TOLD], file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
