"""One worker of a task that has several: its rank, where the others are, and how frameworks are told of both."""

from __future__ import annotations

import msgspec
from msgspec import Struct


class Member(Struct, frozen=True):
    """The worker `rank` of the gang that tries a task together.

    gang: the id of this attempt's gang. hosts: "host:port" of each member by rank, at which it may listen; that of
    rank 0 is where all meet.
    """

    gang: str
    rank: int
    hosts: tuple[str, ...]

    @property
    def size(self) -> int:
        """How many members the gang has."""
        return len(self.hosts)


def split_host(place: str) -> tuple[str, str]:
    """(host, port) of "host:port"; an IPv6 address stands in brackets, and comes without them."""
    host, _, port = place.rpartition(":")
    return host.strip("[]"), port


def environment_of(member: Member) -> dict[str, str]:
    """What frameworks look for: PyTorch the names that `torchrun` sets, TensorFlow its TF_CONFIG."""
    machine, port = split_host(member.hosts[0])
    machines = [split_host(each)[0] for each in member.hosts]
    own = machines[member.rank]
    cluster = {"cluster": {"worker": member.hosts}, "task": {"type": "worker", "index": member.rank}}
    return {
        "MASTER_ADDR": machine,
        "MASTER_PORT": port,
        "RANK": str(member.rank),
        "WORLD_SIZE": str(member.size),
        "LOCAL_RANK": str(machines[: member.rank].count(own)),
        "LOCAL_WORLD_SIZE": str(machines.count(own)),
        "TF_CONFIG": msgspec.json.encode(cluster).decode(),
    }
