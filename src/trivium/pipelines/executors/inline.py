"""Tasks in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trivium.deferred import Deferred
from trivium.pipelines.attempt import Attempt, perform
from trivium.pipelines.executors.executor import Ended
from trivium.pipelines.task import TaskOptions
from trivium.store.store import Store

if TYPE_CHECKING:
    from trivium.pipelines.executors import local
else:
    local = Deferred("trivium.pipelines.executors.local")  # few tasks have an environment of their own


class InlineExecutor:
    """Tries one task after another in this process and thread, so debuggers and prints work as ever.

    A task that kills the process kills the run, which can then be resumed. One with an environment of its own needs
    another interpreter, so it has a process to itself.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ended: list[Ended] = []
        self._elsewhere: local.LocalExecutor | None = None

    def has_room(self, options: TaskOptions) -> bool:
        return not self._ended

    def begin(self, attempt: Attempt) -> None:
        """The attempt has ended when this returns."""
        if attempt.environment is None:
            self._ended.append(Ended(attempt, perform(attempt, self._store)))
            return
        self._elsewhere = self._elsewhere or local.LocalExecutor(self._store)
        self._elsewhere.begin(attempt)
        self._ended += self._elsewhere.wait(None)

    def wait(self, seconds: float | None) -> list[Ended]:
        ended, self._ended = self._ended, []
        return ended

    def close(self) -> None:
        """Nothing is left behind."""
        if self._elsewhere is not None:
            self._elsewhere.close()
