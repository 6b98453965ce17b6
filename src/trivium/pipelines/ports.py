"""Ports of this machine that nobody uses, for the members of a gang to listen at."""

from __future__ import annotations

import random
import socket
from collections.abc import Container, Iterator
from contextlib import ExitStack, suppress

from trivium.errors import TriviumError

FIRST, LAST = 15_000, 32_000  # below those that systems hand out by themselves, so that nobody gets one by chance
TRIES = 500
LOOPBACK = "127.0.0.1"


class NoPort(TriviumError):
    """No port of this machine is free."""


def free_ports(count: int, host: str = LOOPBACK, *, taken: Container[int] = ()) -> list[int]:
    """So many different ports of this address at which nobody listens, none of them in `taken`.

    They are not held: whoever was told a port listens there itself.
    """
    with ExitStack() as held:
        found = [port for _, port in zip(range(count), _free(host, taken, held), strict=False)]
    if len(found) < count:
        raise NoPort(f"No {count} free ports from {FIRST} to {LAST} were found on {host}; end what holds them.")
    return found


def _free(host: str, taken: Container[int], held: ExitStack) -> Iterator[int]:
    kind = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in random.SystemRandom().sample(range(FIRST, LAST), TRIES):
        with suppress(OSError):
            end = held.enter_context(socket.socket(kind, socket.SOCK_STREAM))
            end.bind((host, port))
            if port not in taken:
                yield port
