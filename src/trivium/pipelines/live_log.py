"""What the tasks of a run print while it goes on, read from the files that they print to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from trivium.store.store import Store

LOGS = "logs"
LOOK = 0.2
CHUNK = 1 << 16


def logs_of(store: Store, run: str) -> Path:
    """The folder of a run's live logs, one file for each task that prints."""
    return store.settings.state / LOGS / run


def follow_logs(
    store: Store, run: str, node: str | None = None, *, sleep: Callable[[float], None] = time.sleep
) -> Iterator[tuple[str, str]]:
    """(task, text) as the tasks print, from their first words on, until the run has ended.

    Only what is printed on this machine can be followed. node: only this task.
    """
    seen: dict[Path, int] = {}
    while True:
        going = store.catalog.runs.find_status(run) in ("running", "cancelling")
        for file in sorted(logs_of(store, run).glob("*.log")):
            if node in (None, file.stem):
                yield from ((file.stem, text) for text in _news(file, seen))
        if not going:
            return
        sleep(LOOK)


def _news(file: Path, seen: dict[Path, int]) -> Iterator[str]:
    """What is new in a file; all of it when it was cut, because it had grown too large."""
    try:
        if file.stat().st_size < seen.get(file, 0):
            seen[file] = 0
        with file.open("rb") as opened:
            opened.seek(seen.get(file, 0))
            while data := opened.read(CHUNK):
                seen[file] = opened.tell()
                yield data.decode(errors="replace")
    except FileNotFoundError:
        return
