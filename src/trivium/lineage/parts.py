"""What a table's newest version, or a model, was made of: the side of what is made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from msgspec import Struct

from trivium.values.lineage import Change, Read

Scope = frozenset[str] | None
Place = TypeVar("Place")


class Part(Struct, frozen=True):
    """Rows that a task of a run put into a table, in these partitions, where they may still be.

    `renews`: they took the place of those of the same key (an upsert).
    """

    run: str
    node: str
    partitions: tuple[str, ...]
    renews: bool


class Reader(Struct, frozen=True):
    """What one part is made of: a version of a table, and only these partitions of it (None: it is not known which).

    `wrote` are the partitions of the part itself, () for a model.
    """

    table: str
    version: int
    scope: Scope
    wrote: tuple[str, ...] = ()
    renews: bool = False


class RunReads:
    """The tables that one run read, each at the newest version that it read, in all and by task.

    Where the very task that wrote something read only some partitions of a table, that is what counts, whatever else
    the run read of it.
    """

    def __init__(self, reads: Iterable[Read]) -> None:
        self._every: dict[str, tuple[int, Scope]] = {}
        self._own: dict[tuple[str, str], tuple[int, Scope]] = {}
        for read in reads:
            _keep_newest(self._every, read.name, read)
            if read.partitions is not None:
                _keep_newest(self._own, (read.node, read.name), read)

    def list_readers(self, part: Part, *, of: str) -> list[Reader]:
        """What the part is made of. The table that it is part `of` is no input: it goes on from itself."""
        return [
            Reader(table, *self._own.get((part.node, table), found), part.partitions, part.renews)
            for table, found in self._every.items()
            if table != of
        ]


def list_parts(changes: Sequence[Change]) -> list[Part]:
    """The parts of the newest version, newest first. changes: every published commit of the table, oldest first.

    A partition that was overwritten has nothing of what was there before. A restored table has the parts of the
    version that it is like.
    """
    parts, covered, at = list[Part](), set[str](), len(changes) - 1
    while at >= 0:
        change = changes[at]
        if change.operation == "restore" and change.digest:
            at = next((old for old in range(at - 1, -1, -1) if changes[old].digest == change.digest), at - 1)
            continue
        alive = tuple(partition for partition in change.partitions if partition not in covered)
        if change.run is not None and alive:
            parts.append(Part(change.run, change.node, alive, change.operation == "upsert"))
        if change.operation == "overwrite":
            covered |= {*change.partitions}
        at -= 1
    return parts


def read_in_all(runs: Iterable[RunReads]) -> list[Reader]:
    """What something is made of that several runs made alike, as a model: of each table the newest that they read."""
    newest: dict[str, Reader] = {}
    for run in runs:
        for reader in run.list_readers(Part("", "", (), renews=False), of=""):
            if reader.table not in newest or newest[reader.table].version < reader.version:
                newest[reader.table] = reader
    return list(newest.values())


def _keep_newest(known: dict[Place, tuple[int, Scope]], place: Place, read: Read) -> None:
    version, scope = known.get(place, (0, frozenset()))
    if read.version < version:
        return
    if read.partitions is None or (read.version == version and scope is None):
        known[place] = (read.version, None)
    elif read.version > version or scope is None:
        known[place] = (read.version, frozenset(read.partitions))
    else:
        known[place] = (version, scope | {*read.partitions})
