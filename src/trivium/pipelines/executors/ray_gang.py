"""The workers of a task on Ray: room for all of them at once, and an actor of Ray's for each."""

from __future__ import annotations

from collections.abc import Container
from contextlib import suppress
from typing import Any

import ray
from ray import exceptions
from ray.util.placement_group import placement_group, remove_placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from trivium.errors import TriviumError
from trivium.pipelines.attempt import Attempt
from trivium.pipelines.executors.ray_errand import Errand
from trivium.pipelines.executors.ray_member import RayMember
from trivium.pipelines.executors.ray_room import Room
from trivium.pipelines.executors.task_log import TaskLog

GRACE = 3.0  # seconds in which processes are ended by those who look after them
THREADS = 2  # one tries, one can end it


class RayGang:
    """An attempt with several workers, from when room for them is asked for until they are gone.

    hosts: "host:port" by rank, of those that have a place. whole: the log of the task.
    """

    def __init__(self, attempt: Attempt, whole: TaskLog, room: Room, **options: Any) -> None:
        """Raises ValueError for room that Ray does not give, such as one GPU and a half."""
        self.attempt, self.whole, self.room = attempt, whole, room
        self.hosts: dict[int, str] = {}
        self._group = placement_group(room.bundles, strategy="PACK", name=attempt.node)
        actor: Any = ray.remote(RayMember)
        self._members = [
            actor.options(
                max_restarts=0,
                max_task_retries=0,
                max_concurrency=THREADS,
                scheduling_strategy=PlacementGroupSchedulingStrategy(self._group, placement_group_bundle_index=rank),
                **room.options,
                **options,
            ).remote()
            for rank in range(attempt.task.options.workers)
        ]

    def ask_places(self) -> list[Any]:
        """References by rank to (address, free ports) of the machines that have room."""
        count = len(self._members)
        return [member.place.remote(count) for member in self._members]

    def settle(self, rank: int, place: tuple[str, list[int]], taken: Container[str]) -> None:
        """This member listens there, at a port that no other one was told. taken: hosts of other gangs."""
        machine, ports = place
        shown = f"[{machine}]" if ":" in machine else machine
        told = set(self.hosts.values())
        free = [host for port in ports if (host := f"{shown}:{port}") not in told and host not in taken]
        if not free:
            raise TriviumError(f"No free port was found on {machine}.")
        self.hosts[rank] = free[0]

    @property
    def is_settled(self) -> bool:
        """Whether all have a place."""
        return len(self.hosts) == len(self._members)

    def run(self, rank: int, errand: Errand) -> Any:
        """A reference to what comes of this member's errand."""
        return self._members[rank].run.remote(errand)

    def end(self) -> None:
        """Its processes are gone, and its room is free."""
        with suppress(ConnectionError, exceptions.RayError):
            ends = [self._members[rank].end.remote() for rank in self.hosts]
            if ends:
                ray.wait(ends, num_returns=len(ends), timeout=GRACE)
            for member in self._members:
                ray.kill(member)
            remove_placement_group(self._group)
