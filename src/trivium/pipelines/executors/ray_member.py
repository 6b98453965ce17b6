"""What a Ray worker does for one member of a gang: it finds a place to listen at, and keeps the member's process until
the gang is over, for the others may still be talking to it."""

from __future__ import annotations

import threading

import ray

from trivium.pipelines.executors.ray_errand import ENDED, Errand, Errant, find_footing, try_in
from trivium.pipelines.executors.worker_process import WorkerProcess
from trivium.pipelines.ports import free_ports


class RayMember:
    """An actor with a process of its own, which nobody uses again. `end` may be called while `run` goes on."""

    def __init__(self) -> None:
        self._worker: WorkerProcess | None = None
        self._over = threading.Event()
        self._turn = threading.Lock()

    def place(self, count: int) -> tuple[str, list[int]]:
        """The machine's address, and so many ports of it that are free now."""
        node = str(ray.util.get_node_ip_address())  # type: ignore[no-untyped-call]
        return node, free_ports(count, node)

    def run(self, errand: Errand) -> Errant:
        """The member has ended, however it did; a process that gave an answer stays."""
        with self._turn:
            footing = find_footing(errand, self._over.is_set)
            if isinstance(footing, Errant):
                return footing
            if self._over.is_set():
                return Errant(footing.node, broken=ENDED)
            if self._worker is None:
                self._worker = WorkerProcess(footing.setup)
            return try_in(self._worker, errand, footing, self._over.is_set)

    def end(self) -> None:
        """Its process is gone with all that it started."""
        self._over.set()
        with self._turn:
            if self._worker is not None:
                self._worker.end()
