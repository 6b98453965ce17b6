"""Tasks in this process."""

from __future__ import annotations

from trivium.pipelines.attempt import Attempt, perform
from trivium.pipelines.executors.executor import Ended
from trivium.pipelines.task import TaskOptions
from trivium.store.store import Store


class InlineExecutor:
    """Tries one task after another in this process and thread, so debuggers and prints work as ever.

    A task that kills the process kills the run, which can then be resumed.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ended: list[Ended] = []

    def has_room(self, options: TaskOptions) -> bool:
        return not self._ended

    def begin(self, attempt: Attempt) -> None:
        """The attempt has ended when this returns."""
        self._ended.append(Ended(attempt, perform(attempt, self._store)))

    def wait(self, seconds: float | None) -> list[Ended]:
        ended, self._ended = self._ended, []
        return ended

    def close(self) -> None:
        """Nothing is left behind."""
