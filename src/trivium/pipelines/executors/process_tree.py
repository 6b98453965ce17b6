"""A process and all that it started, found by a mark in their environment, so that none is left when it is ended."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

MARK = "TRIVIUM_WORKER"
PROC = Path("/proc")
PAGE = os.sysconf("SC_PAGE_SIZE")
LOOKS = 200
PAUSE = 0.01
CHUNK = 1 << 17


def kill_tree(pid: int, mark: str) -> None:
    """The process, its group, and every process with this mark are gone."""
    kill_group(pid)
    kill_marked(mark)


def kill_group(pid: int) -> None:
    """The process and its group are told to end at once."""
    _signal(pid, group=True)


def kill_marked(mark: str, variable: str = MARK) -> None:
    """Every process with this mark in this environment variable is gone."""
    for _ in range(LOOKS):  # what was just being started is found by the next look
        found = list(marked(mark, variable))
        if not found:
            return
        for each in found:
            _signal(each)
        time.sleep(PAUSE)  # on a busy machine a killed process takes its time to be gone


def marked(mark: str, variable: str = MARK) -> Iterator[int]:
    """Processes that were started with this mark, by any way; none where there is no /proc."""
    wanted = f"{variable}={mark}".encode()
    for name in os.listdir(PROC) if PROC.is_dir() else ():  # noqa: PTH208 # a look at all processes is made often
        try:
            if name.isdecimal() and _has(wanted, name) and not _is_dead(PROC / name):
                yield int(name)
        except OSError:
            continue  # it ended, or is somebody else's


def resident_bytes(mark: str) -> int:
    """The memory that these processes hold together."""
    total = 0
    for pid in marked(mark):
        try:
            total += int((PROC / str(pid) / "statm").read_text().split()[1]) * PAGE
        except (OSError, IndexError):
            continue
    return total


def _has(wanted: bytes, name: str) -> bool:
    """Whether this is one of the variables with which the process was started."""
    file = os.open(f"{PROC}/{name}/environ", os.O_RDONLY | os.O_CLOEXEC)
    try:
        found = b"".join(iter(lambda: os.read(file, CHUNK), b""))
    finally:
        os.close(file)
    return wanted in found and wanted in found.split(b"\0")


def _is_dead(folder: Path) -> bool:
    return (folder / "stat").read_text().rpartition(")")[2].split()[0] in ("Z", "X")


def _signal(pid: int, *, group: bool = False) -> None:
    try:
        (os.killpg if group else os.kill)(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
