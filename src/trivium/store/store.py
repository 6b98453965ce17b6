"""The memory of one project, opened: catalog, lake, blobs and online store, with the clock and ids they use."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from trivium.clock import Clock, system_clock
from trivium.ids import Ids, new_id
from trivium.settings import Settings, load_settings
from trivium.store.blobs import Blobs
from trivium.store.catalog.catalog import Catalog, open_catalog
from trivium.store.kept import Kept
from trivium.store.lake import Lake
from trivium.store.lost_catalog import refuse_lost_catalog
from trivium.store.online import Online
from trivium.store.storages import open_storage

CATALOG = "catalog.db"


@dataclass(frozen=True)
class Store:
    """Everything that is remembered, in one place. Passed down explicitly; `current_store` finds it at the doors."""

    settings: Settings
    catalog: Catalog
    lake: Lake
    blobs: Blobs
    online: Online
    clock: Clock
    ids: Ids
    kept: Kept

    @property
    def actor(self) -> str:
        """Who acts."""
        return self.settings.actor

    def close(self) -> None:
        """Connections are closed."""
        self.catalog.close()
        self.online.close()


def open_store(settings: Settings, *, clock: Clock = system_clock, ids: Ids = new_id) -> Store:
    """The project's store, made when it is new."""
    state = settings.state
    state.mkdir(parents=True, exist_ok=True)
    lake = Lake(open_storage(settings, "tables"), ids=ids)
    if not settings.store:
        refuse_lost_catalog(state / CATALOG, state / "tables")
    storage = open_storage(settings, "blobs")
    catalog = open_catalog(settings.store or state / CATALOG, clock=clock, durability=settings.durability)
    return Store(
        settings=settings,
        catalog=catalog,
        lake=lake,
        blobs=Blobs(storage, catalog.small_blobs),
        online=Online(state / "online"),
        clock=clock,
        ids=ids,
        kept=Kept(),
    )


_chosen: ContextVar[Store | None] = ContextVar("trivium_store", default=None)
_opened: dict[tuple[int, Path], Store] = {}
_standing: dict[tuple[int, str, str | None], Store] = {}  # reading the settings takes a thousand times a lookup


def current_store(*, before_new: Callable[[Settings], object] | None = None) -> Store:
    """The store chosen by `use_store`, else the one of the project around the working folder, opened once a process.

    before_new: called with the settings before a store is made of which there was nothing yet.
    """
    chosen = _chosen.get()
    if chosen is not None:
        return chosen
    here = (os.getpid(), os.getcwd(), os.environ.get("TRIVIUM_ROOT"))  # noqa: PTH109 # a Path takes three times as long
    return _standing.get(here) or _standing.setdefault(here, _open_around(before_new))


def _open_around(before_new: Callable[[Settings], object] | None) -> Store:
    settings = load_settings()
    place = (os.getpid(), settings.root)
    if place not in _opened:
        if before_new is not None and not settings.store and not (settings.state / CATALOG).exists():
            before_new(settings)
        _opened[place] = open_store(settings)
    return _opened[place]


@contextmanager
def use_store(store: Store) -> Iterator[Store]:
    """Inside the block, tables, tasks and models belong to this store."""
    token = _chosen.set(store)
    try:
        yield store
    finally:
        _chosen.reset(token)


@contextmanager
def connect(
    folder: str | Path, *, actor: str | None = None, durability: str | None = None, executor: str | None = None
) -> Iterator[Store]:
    """Inside the block, everything belongs to the project in this folder, which is made when it is new.

    executor: where tasks run; without it TRIVIUM_EXECUTOR, else the project's setting.
    """
    executor = executor or os.environ.get("TRIVIUM_EXECUTOR")
    settings = load_settings(
        Path(folder), environ={"TRIVIUM_ROOT": str(folder)}, actor=actor, durability=durability, executor=executor
    )
    store = open_store(settings)
    try:
        with use_store(store):
            yield store
    finally:
        store.close()
