"""A clock of the local executor that jumps, so that no test waits for a time-out or hurries a busy machine."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from trivium.pipelines.executors import local as local_executor
from trivium.pipelines.executors.limits import Limits


def jump_when_written(monkeypatch: pytest.MonkeyPatch, file: Path, seconds: float) -> None:
    """So many seconds are over at once when the task is known to have begun and has written the file."""
    still, heard, since = time.monotonic(), [], Limits.since

    def hear(self: Limits, now: float) -> Limits:
        heard.append(now)
        return since(self, now)

    class Clock:
        @staticmethod
        def monotonic() -> float:
            return still + (seconds if heard and file.exists() and file.read_text() else 0)

    monkeypatch.setattr(Limits, "since", hear)
    monkeypatch.setattr(local_executor, "time", Clock)
