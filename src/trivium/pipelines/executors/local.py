"""Tasks in this process."""

from __future__ import annotations

from concurrent.futures import Future

from trivium.pipelines.attempt import Attempt, Outcome, perform


class LocalExecutor:
    """Runs one task after another in this process and thread, so debuggers and prints work as ever.

    A task that kills the process kills the run, which can then be resumed.
    """

    slots = 1

    def submit(self, attempt: Attempt) -> Future[Outcome]:
        """The node has been executed when this returns."""
        future: Future[Outcome] = Future()
        future.set_result(perform(attempt))
        return future

    def close(self) -> None:
        """Nothing to do: nothing is left behind."""
