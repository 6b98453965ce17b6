"""What one of a task's workers prints: in a file of its own, from which it goes on into the log of the task."""

from __future__ import annotations

from pathlib import Path

from trivium.pipelines.executors.task_log import MOST_BYTES, TaskLog

MEMBERS = "workers"


class MemberLog(TaskLog):
    """The file of one worker. `echo` also writes what came to the task's log, each line with the worker's rank.

    A file of its own has the last words of a worker that was killed, which a pipe would not.
    """

    echoed = MOST_BYTES

    def __init__(self, folder: Path, node: str, rank: int, whole: TaskLog) -> None:
        super().__init__(folder / MEMBERS, f"{node}.{rank}")
        self._whole, self._rank = whole, rank
        self._begun_line = ""

    def echo(self) -> str:
        """Whole lines that were printed since the last call."""
        lines = (self._begun_line + super().echo()).splitlines(keepends=True)
        self._begun_line = lines.pop() if lines and not lines[-1].endswith("\n") else ""
        return self._pass_on(lines)

    def finish(self) -> str:
        """The rest, also a line that was only begun; the worker's file is gone."""
        text = self.echo()
        self.path.unlink(missing_ok=True)
        return text + self._pass_on([f"{self._begun_line}\n"] if self._begun_line else [])

    def bound(self) -> None:
        """See TaskLog; of both files."""
        super().bound()
        self._whole.bound()

    def _pass_on(self, lines: list[str]) -> str:
        text = "".join(f"[{self._rank}] {line}" for line in lines)
        if text:
            with self._whole.path.open("a") as file:
                file.write(text)
        return text
