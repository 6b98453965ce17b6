"""The room that a task asks of a Ray cluster: so much on one machine, as many times as it has workers."""

from __future__ import annotations

import math
import time
import warnings
from typing import Any

from trivium.pipelines.attempt import Attempt
from trivium.pipelines.executors.ray_cluster import Cluster
from trivium.pipelines.resources import parse_memory

PATIENCE = 1200.0  # seconds in which a cluster that grows has grown
FINEST = 10_000  # parts of a core or a GPU that Ray counts
LEAST = 0.001  # a bundle may not be empty
CPU, GPU, MEMORY = "CPU", "GPU", "memory"


class Room:
    """What each worker of an attempt asks for. On a Ray of our own, a task that asks for more than the machine has gets
    the machine, as under `local`; elsewhere it waits for the cluster to grow, but not for ever."""

    def __init__(self, attempt: Attempt, cluster: Cluster) -> None:
        options = attempt.task.options
        self._cluster, self._times = cluster, options.workers
        self._wanted = {CPU: options.cpus, GPU: options.gpus, MEMORY: float(parse_memory(options.memory))}
        self._doubted: float | None = None
        if cluster.own:
            self._wanted = {name: min(much, self._share(name)) for name, much in self._wanted.items()}
        elif not cluster.could_hold(self._wanted, self._times):
            self._doubted = time.monotonic()
            warnings.warn(f"{self._shortage(attempt.node)}; it waits for the cluster to grow.", stacklevel=2)

    def _share(self, name: str) -> float:
        much = self._cluster.sizes.get(name, 0.0) / self._times
        if name == MEMORY or (name == GPU and much > 1):
            return math.floor(much)
        return math.floor(much * FINEST) / FINEST

    def _shortage(self, node: str) -> str:
        asked = ", ".join(f"{name} {much:g}" for name, much in self._wanted.items() if much)
        if self._times == 1:
            return f"No machine of the cluster has what {node!r} asks for ({asked})"
        return f"The machines of the cluster have no room for the {self._times} workers of {node!r} (each {asked})"

    def why_never(self, node: str) -> str:
        """Why it is not waited for any longer; "" while it is, or when there is room for it."""
        if self._doubted is None or time.monotonic() < self._doubted + PATIENCE:
            return ""
        if self._cluster.could_hold(self._wanted, self._times):
            self._doubted = None
            return ""
        return f"{self._shortage(node)}, and it did not grow within {PATIENCE:g} s. Resume the run when it has"

    @property
    def options(self) -> dict[str, Any]:
        """As Ray's options of one worker."""
        memory = {MEMORY: int(self._wanted[MEMORY])} if self._wanted[MEMORY] else {}
        return {"num_cpus": self._wanted[CPU], "num_gpus": self._wanted[GPU], **memory}

    @property
    def bundles(self) -> list[dict[str, float]]:
        """As the bundles of Ray's placement group."""
        one = {name: much for name, much in self._wanted.items() if much} or {CPU: LEAST}
        return [dict(one) for _ in range(self._times)]
