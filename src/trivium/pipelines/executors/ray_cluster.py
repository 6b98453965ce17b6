"""The Ray that tasks run on: one that is there already, or one of this process's own."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import ray
from ray._private import ray_constants, worker

from trivium.errors import ExecutorAway, Misuse
from trivium.pipelines.resources import cores_of_machine

PATIENCE = 5.0  # seconds for a connection
GONE = 60.0  # seconds for a killed process to be gone
FRESH = 5.0  # seconds for which the size of a cluster is believed
OWN_OBJECTS = 256 << 20  # bytes; what tasks give each other is in the store, and not in Ray's memory
LOOPBACK = "127.0.0.1"
CLIENT = "ray://"
UNKNOWN_HERE = (
    "When it asks for a token, as clusters of `ray start` do, set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN_PATH."
)


class Cluster:
    """Ray, connected for as long as this process lives. own: it was started by this process, for this machine.

    asked: the address that somebody asked for. identity: which Ray it is, when this process has had several.
    """

    def __init__(self, asked: str, *, own: bool) -> None:
        self.asked, self.own = asked, own
        self.identity = identity_of_ray()
        self._asked, self._sizes = float("-inf"), {"CPU": 0.0}

    @property
    def sizes(self) -> dict[str, float]:
        """All that the cluster has, also what is in use: "CPU", "GPU" and bytes of "memory"."""
        now = time.monotonic()
        if now > self._asked + FRESH:
            self._asked, self._sizes = now, ray.cluster_resources()  # type: ignore[no-untyped-call]
        return self._sizes

    def could_hold(self, wanted: dict[str, float], times: int = 1) -> bool:
        """Whether the machines of the cluster have this much, each time on one of them."""
        asked = {name: much for name, much in wanted.items() if much}
        nodes = ray.nodes()  # type: ignore[no-untyped-call]
        machines = [each["Resources"] for each in nodes if each["Alive"]]
        if not asked:
            return bool(machines)
        return sum(min(int(has.get(name, 0.0) / much) for name, much in asked.items()) for has in machines) >= times


_joined: list[Cluster] = []  # the one that this process has joined or started


def join_ray(address: str) -> Cluster:
    """The cluster at this address: "ray://host:port" of a Ray client server, "host:port" of the cluster that this
    machine is part of. Of "": the one that this process is connected to; else that of RAY_ADDRESS; else the one that
    `ray start` made on this machine; else a small one of this process's own, which only this machine can reach.

    Raises ExecutorAway within seconds when nothing answers.
    """
    known = _connected()
    if known is not None and (not address or known.asked == address):
        return known
    if known is not None and known not in _joined:
        raise Misuse(
            f"This process is connected to another Ray already; call ray.shutdown() before running on {address}."
        )
    leave_ray()
    _joined[:] = [_join(address)]
    return _joined[0]


def leave_ray() -> None:
    """This process is connected to no Ray, and the processes of one that it had started are gone.

    On a busy machine Ray does not wait until they are.
    """
    node: Any = worker._global_node
    processes = [each.process for some in node.all_processes.values() for each in some] if node else []
    ray.shutdown()
    for each in processes:
        with suppress(subprocess.TimeoutExpired):
            each.wait(GONE)


def _connected() -> Cluster | None:
    """What this process is connected to, also when somebody else has called `ray.init`."""
    if not ray.is_initialized():
        return None
    ours = [each for each in _joined if each.identity == identity_of_ray()]
    return ours[0] if ours else Cluster("", own=False)


def _join(asked: str) -> Cluster:
    given = asked or os.environ.get("RAY_ADDRESS", "")
    address = given or _started_here()
    if address in ("", "local"):
        _start()
        return Cluster(asked, own=True)
    knock(address)
    try:
        # Only of a cluster that Ray finds itself it takes the token by itself.
        ray.init(address=given or "auto", log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, OSError, RuntimeError, ValueError) as error:
        raise ExecutorAway(f"Ray at {address} cannot be joined: {_first_line(error)}. {UNKNOWN_HERE}") from None
    return Cluster(asked, own=False)


def identity_of_ray() -> str:
    """Which Ray this process is connected to, and for the how many-th time."""
    context = ray.get_runtime_context()
    return f"{context.gcs_address} {context.get_job_id()}"


def knock(address: str) -> None:
    """Somebody listens at this address. Raises Misuse for what is no address, ExecutorAway."""
    host, colon, port = address.removeprefix(CLIENT).rpartition(":")
    if not colon or not host or not port.isdigit():
        raise Misuse(f'{address!r} is no address of Ray: write "ray://host:10001" (Ray client) or "ray:host:6379".')
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise ExecutorAway(
            f"No Ray answers at {address} ({_first_line(error)}). Nothing was run: do it again when the cluster is "
            "up, or here with --on local."
        ) from None


def _start() -> None:
    with _on_loopback():
        ray.init(
            address="local",
            num_cpus=cores_of_machine(),
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            object_store_memory=OWN_OBJECTS,
            _node_ip_address=LOOPBACK,
        )


@contextmanager
def _on_loopback() -> Iterator[None]:
    """Inside the block Ray takes 127.0.0.1 for the machine's address, as it always does on macOS; elsewhere it would
    replace that with one that others can reach."""
    before = ray_constants.ENABLE_RAY_CLUSTER
    ray_constants.ENABLE_RAY_CLUSTER = False
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = before


def _started_here() -> str:
    """Where the cluster is that `ray start` noted on this machine; "" without one, or when it is gone."""
    note = Path(os.environ.get("RAY_TMPDIR") or tempfile.gettempdir()) / "ray" / "ray_current_cluster"
    try:
        address = note.read_text(encoding="utf-8").strip()
        knock(address)
    except (OSError, Misuse, ExecutorAway):
        return ""
    return address


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
