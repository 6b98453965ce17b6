"""A task's own environment on the machine where the task runs, built by a process that sees what the task's will see.

python -m trivium.pipelines.executors.node_environment < SETUP > SETUP
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from trivium.deferred import Deferred
from trivium.errors import EnvironmentUnavailable, TriviumError
from trivium.pipelines.executors.own_environment import setup_in
from trivium.pipelines.executors.process_tree import MARK, kill_tree
from trivium.pipelines.executors.transport import Setup, unpack
from trivium.store.store import open_store
from trivium.values.runs import Environment

PROGRAM = "trivium.pipelines.executors.node_environment"
LOOK = 0.2
MOST_TOLD = 4000
if TYPE_CHECKING:
    from trivium.pipelines.environments import build
else:
    build = Deferred("trivium.pipelines.environments.build")

_known: dict[str, tuple[Setup, Setup]] = {}  # what was asked and found, by the environment's digest


def setup_on_node(setup: Setup, environment: Environment, is_over: Callable[[], bool]) -> Setup:
    """The same in this environment, which is built here when it was not; another process that builds it is waited for.

    is_over: nobody waits for it any more. Raises EnvironmentUnavailable with the reason.
    """
    asked, found = _known.get(environment.digest, (None, None))
    if found is not None and asked == setup and _touch(Path(found.python).parents[1]):
        return found
    found = _ask(setup, environment, is_over)
    _known[environment.digest] = setup, found
    return found


def _touch(folder: Path) -> bool:
    """Whether it is there; it counts as used now."""
    try:
        os.utime(folder)
    except OSError:
        return False
    return True


def _ask(setup: Setup, environment: Environment, is_over: Callable[[], bool]) -> Setup:
    mark = uuid.uuid4().hex
    process = subprocess.Popen(  # noqa: S603 # this Python, and a module of ours
        [sys.executable, "-m", PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env={**setup.environ, MARK: mark},
    )
    given: bytes | None = pickle.dumps((setup, environment))
    try:
        while True:
            try:
                told, complaint = process.communicate(given, timeout=LOOK)
                break
            except subprocess.TimeoutExpired:
                given = None
                if is_over():
                    raise EnvironmentUnavailable("Nobody waits for it any more.") from None
    except BaseException:
        kill_tree(process.pid, mark)
        process.communicate()
        raise
    if process.returncode:
        lines = complaint.decode(errors="replace").strip().splitlines()
        raise EnvironmentUnavailable(lines[-1] if lines else f"its build ended with status {process.returncode}")
    found: Setup = unpack(told)
    return found


def main() -> int:
    """The environment is built; the reason why it is not is the last line on stderr."""
    setup, environment = unpack(sys.stdin.buffer.read())
    try:
        with closing(open_store(setup.settings)) as store:
            build.build_environment(environment, store)
        sys.stdout.buffer.write(pickle.dumps(setup_in(setup, environment)))
    except (TriviumError, OSError) as error:
        print(" ".join(str(error).split())[:MOST_TOLD], file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
