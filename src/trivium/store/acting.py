"""Which task acts here, so that what it reads and writes is put down to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from trivium.store.catalog import Catalog
from trivium.values.lineage import Read, ReadKind


@dataclass(frozen=True)
class Acting:
    """A task of a run (for a script the node "script"). `known` holds the reads that are on record already."""

    catalog: Catalog
    run: str
    node: str
    known: set[Read] = field(default_factory=set)


_acting: ContextVar[Acting | None] = ContextVar("trivium_acting", default=None)
_noted: ContextVar[dict[str, int] | None] = ContextVar("trivium_noted", default=None)


def acting_run() -> str | None:
    """The id of the run that acts here, or None."""
    acting = _acting.get()
    return None if acting is None else acting.run


def acting_node() -> str:
    """The task that acts here, by its place in the graph; "" when none does."""
    acting = _acting.get()
    return "" if acting is None else acting.node


@contextmanager
def use_acting(catalog: Catalog, run: str, node: str) -> Iterator[None]:
    """Inside the block, this task acts."""
    token = _acting.set(Acting(catalog, run, node))
    try:
        yield
    finally:
        _acting.reset(token)


def act_from_now_on(catalog: Catalog, run: str, node: str) -> None:
    """This task acts until the context of execution ends, as that of a notebook's cell does."""
    _acting.set(Acting(catalog, run, node))


@contextmanager
def off_the_record() -> Iterator[None]:
    """Inside the block, or the decorated function, nobody acts: what judging a result reads is no input of it."""
    token = _acting.set(None)
    try:
        yield
    finally:
        _acting.reset(token)


@contextmanager
def noting_reads() -> Iterator[dict[str, int]]:
    """Gives the tables, with their versions, that are read inside the block, by whoever."""
    noted: dict[str, int] = {}
    token = _noted.set(noted)
    try:
        yield noted
    finally:
        _noted.reset(token)


def note_read(
    kind: ReadKind,
    name: str,
    version: int = 0,
    columns: Sequence[str] | None = None,
    partitions: Sequence[str] | None = None,
) -> None:
    """The task that acts here, if one does, is on record as a reader of this.

    columns, partitions: the only ones that are read; None for all of them.
    """
    acting, noted = _acting.get(), _noted.get()
    if noted is not None and kind == "table":
        noted[name] = version
    if acting is None:
        return
    read = Read(acting.run, acting.node, kind, name, version, _narrowed(columns), _narrowed(partitions))
    if read not in acting.known:
        acting.catalog.lineage.record_reads([read])
        acting.known.add(read)


def _narrowed(names: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(sorted(set(names)))
