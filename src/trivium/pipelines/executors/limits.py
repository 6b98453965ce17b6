"""How long a task may take and how much memory it may hold, looked after from outside of its process."""

from __future__ import annotations

from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from trivium.pipelines.executors.process_tree import resident_bytes
from trivium.pipelines.resources import parse_memory
from trivium.pipelines.task import TaskOptions

GRACE = 1.0  # seconds in which a task that is over its time can say so itself
STARTING = 120.0  # seconds in which its process starts and imports it, at the most


class Limits(Struct, frozen=True):
    """The limits of an attempt that began at `begun`, by the monotonic clock, or will by then at the latest.

    seconds, bytes: None and 0 for none.
    """

    begun: float
    seconds: float | None
    memory: str | None
    bytes: int

    @classmethod
    def of(cls, options: TaskOptions, now: float) -> Self:
        """Those of a task's options, which is sent to a process now."""
        return cls(now + STARTING, options.timeout, options.memory, parse_memory(options.memory))

    def since(self, now: float) -> Self:
        """The same of a task that begins now."""
        return replace(self, begun=now)

    def is_out_of_time(self, now: float) -> bool:
        """Whether the attempt may have ended because of its time: then its process, and what that started, goes too."""
        return self.seconds is not None and now >= self.begun + self.seconds

    def exceeded(self, mark: str, now: float) -> str | None:
        """Which of them the processes with this mark have broken, as an error in words; None of none."""
        if self.seconds is not None and now > self.begun + self.seconds + GRACE:
            why = f"TimeoutError: it took longer than its timeout of {self.seconds:g} s"
        elif self.bytes and resident_bytes(mark) > self.bytes:
            why = f"MemoryError: it needed more than its memory={self.memory!r}"
        else:
            return None
        return f"{why}; its process was ended with all that it started"
