"""What the function of a task can know of the process that it runs in: one of its workers."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from trivium.deferred import Deferred
from trivium.pipelines.member import Member, split_host

if TYPE_CHECKING:
    from trivium.pipelines import ports, shard
    from trivium.pipelines.checkpoint import Checkpoint, Checkpoints
else:
    ports, shard = (Deferred(f"trivium.pipelines.{each}") for each in ("ports", "shard"))  # for the few that ask

Rows = TypeVar("Rows")


class Worker:
    """One of the processes that run a task together. A task without `workers=`, and a function that is called outside
    of a run, is the first of one.

    `rank` counts from 0, `world_size` is how many there are.
    """

    def __init__(self, member: Member | None = None, checkpoints: Checkpoints | None = None) -> None:
        self.rank, self.world_size = (member.rank, member.size) if member else (0, 1)
        self._member = member
        self._checkpoints = checkpoints

    @property
    def is_first(self) -> bool:
        """Whether this is rank 0: its result is the task's, and its metrics and tags are on record."""
        return self.rank == 0

    @cached_property
    def hosts(self) -> tuple[str, ...]:
        """ "host:port" of each worker by rank, at which it may listen; all meet at that of the first."""
        return self._member.hosts if self._member else (f"{ports.LOOPBACK}:{ports.free_ports(1)[0]}",)

    @property
    def port(self) -> int:
        """Where this worker may listen."""
        return int(split_host(self.hosts[self.rank])[1])

    def shard(self, rows: Rows, *, even: bool = False) -> Rows:
        """This worker's share of a frame, lazy or not, an array or a list: neighbouring rows.

        Each row is in one share, and shares differ by a row at most. even: they do not, for training in step; then up
        to a row less than there are workers is left out. Of a lazy frame, whose order has to be fixed, only the share
        is read.
        """
        share: Rows = shard.shard_rows(rows, self.rank, self.world_size, even=even)
        return share

    def save_checkpoint(self, value: Any, step: int) -> None:
        """When this attempt ends early, the next one can go on from here; see `latest_checkpoint`.

        value: whatever a task can return, bytes, or the path of a file or folder. The first worker saves, for the
        others nothing happens. Outside of a run nothing is kept. Raises UnsupportedValue; Misuse for a step below 0.
        """
        if self._checkpoints is not None and self.is_first:
            self._checkpoints.save(value, step)

    def latest_checkpoint(self) -> Checkpoint | None:
        """(step, value) that an attempt before this one saved last, the same for every worker; None at the beginning.

        Also `trivium runs resume` finds it, as long as the task's code and inputs are the same. A file or folder comes
        as the path of a copy, which is gone when the task ends.
        """
        return None if self._checkpoints is None else self._checkpoints.latest()
