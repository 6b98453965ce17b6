"""What tests wait for: processes that go, and files that come."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path


def wait_until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    over = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < over
        time.sleep(0.02)


def wait_for(file: Path) -> str:
    """Its text, once there is some."""
    wait_until(lambda: file.exists() and bool(file.read_text()))
    return file.read_text()


def is_gone(pid: int) -> bool:
    """Whether it runs no more, though perhaps nobody has asked how it ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):
        return True
