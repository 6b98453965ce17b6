"""Who answers a request: the champion, or a canary for its share of the keys; everybody else only watches."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from trivium.values.endpoints import Route


def place_of(key: str) -> float:
    """The key's fixed place in [0, 1): the same on every machine and for ever."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") / 2**64


def choose_route(routes: Sequence[Route], key: str) -> Route:
    """The route that answers this key: a canary takes its share of places, from 0 upwards; the champion the rest.

    A key that a canary answered stays with it while its share grows.
    """
    place, edge = place_of(key), 0.0
    for route in routes:
        if route.role == "canary":
            edge += route.share
            if place < edge:
                return route
    return next(route for route in routes if route.role == "champion")
