"""A run is held by the process that goes on with it, so that no second one on this machine does the same work."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from trivium.digest import digest_of
from trivium.errors import RunGoing
from trivium.store.disk_errors import tell_disk_errors
from trivium.store.store import Store

HELD = "going"


@contextmanager
def held_run(store: Store, name: str) -> Iterator[None]:
    """Nobody else on this machine goes on with this run inside the block. name: its key, its id if it has none; "" for
    a run that nobody knows yet.

    A process that dies gives it up. Raises RunGoing when another one has it.
    """
    if not name:
        yield
        return
    path = store.settings.state / HELD / f"{digest_of('run', name)[:32]}.lock"
    with tell_disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = _take(path, name)
    try:
        with suppress(OSError):  # who has it is only told to others
            os.truncate(file, 0)
            os.write(file, f"{os.getpid()} on {socket.gethostname()}".encode())
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(file)


def _take(path: Path, name: str) -> int:
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(file, 1000).decode(errors="replace")
            os.close(file)
            raise RunGoing(
                f"Run {name!r} is going on in process {holder or 'that just began'}. `trivium runs logs RUN -f` "
                "follows it, and `trivium runs cancel RUN` ends it; what is finished is kept."
            ) from None
        if _is_at(path, file):
            return file
        os.close(file)  # who held it has just ended, and removed the file


def _is_at(path: Path, file: int) -> bool:
    try:
        return path.stat().st_ino == os.fstat(file).st_ino
    except FileNotFoundError:
        return False
