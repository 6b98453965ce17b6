"""The contract is one suite over every implementation of the catalog: a new one joins by a line in `PLACES`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from trivium.store.catalog import Catalog, open_catalog

Opener = Callable[..., Catalog]


@pytest.fixture
def open_again(place: Path | str, clock: Callable[[], datetime]) -> Iterator[Opener]:
    """Opens one and the same catalog, each time with connections of its own, as other processes would."""
    opened: list[Catalog] = []

    def open_one(**more: Any) -> Catalog:
        opened.append(open_catalog(place, clock=clock, durability="fast", **more))
        return opened[-1]

    yield open_one
    for catalog in opened:
        catalog.close()


@pytest.fixture
def catalog(open_again: Opener) -> Catalog:
    """An empty catalog."""
    return open_again()


@pytest.fixture
def at_once(open_again: Opener) -> Callable[[int, Callable[[Catalog, int], Any]], list[Any]]:
    """Calls an act `n` times at once, each with a catalog of its own; gives results or the errors raised, in order."""

    def call(n: int, act: Callable[[Catalog, int], Any]) -> list[Any]:
        catalogs = [open_again() for _ in range(n)]

        def attempt(number: int) -> Any:
            try:
                return act(catalogs[number], number)
            except Exception as error:
                return error

        with ThreadPoolExecutor(n) as pool:
            return list(pool.map(attempt, range(n)))

    return call
