"""What a table's newest version, or a model, was made of: the side of what is made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from trivium.values.lineage import Change, TableRead

Scope = frozenset[str] | None
NOTHING: Mapping[str, TableRead] = {}


class Part(Struct, frozen=True, gc=False):
    """Rows that a task of a run put into a table, in these partitions, where they may still be.

    `renews`: they took the place of those of the same key (an upsert).
    """

    run: str
    node: str
    partitions: tuple[str, ...]
    renews: bool


class Reader(Struct, frozen=True, gc=False):
    """What one part is made of: a version of a table, and only these partitions of it (None: it is not known which).

    `wrote` are the partitions of the part itself, () for a model.
    """

    table: str
    version: int
    scope: Scope
    wrote: tuple[str, ...] = ()
    renews: bool = False


class Reads:
    """The tables that runs read, each at the newest version that the run read, in all and by task.

    Where the very task that wrote something read only some partitions of a table, that is what counts, whatever else
    the run read of it.
    """

    def __init__(self, reads: Iterable[TableRead]) -> None:
        self._by_run: dict[str, dict[str, TableRead]] = {}
        self._by_task: dict[tuple[str, str, str], TableRead] = {}
        for read in reads:
            tables = self._by_run.setdefault(read.run, {})
            tables[read.table] = _newest(tables.get(read.table), read)
            if read.partitions is not None:
                task = (read.run, read.node, read.table)
                self._by_task[task] = _newest(self._by_task.get(task), read)

    def list_readers(self, part: Part, *, of: str) -> list[Reader]:
        """What the part is made of, by name. The table that it is part `of` is no input: it goes on from itself."""
        tables = self._by_run.get(part.run, NOTHING)
        found = [tables[table] for table in sorted(tables) if table != of]
        if self._by_task:
            found = [self._by_task.get((part.run, part.node, read.table), read) for read in found]
        wrote, renews, some = part.partitions, part.renews, frozenset[str]
        return [
            Reader(read.table, read.version, None if read.partitions is None else some(read.partitions), wrote, renews)
            for read in found
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


def read_in_all(reads: Reads, runs: Iterable[str]) -> list[Reader]:
    """What something is made of that several runs made alike, as a model: of each table the newest that they read."""
    newest: dict[str, Reader] = {}
    for run in runs:
        for reader in reads.list_readers(Part(run, "", (), renews=False), of=""):
            if reader.table not in newest or newest[reader.table].version < reader.version:
                newest[reader.table] = reader
    return list(newest.values())


def _newest(known: TableRead | None, read: TableRead) -> TableRead:
    """The one of the newer version; of one version, both."""
    if known is None or known.version < read.version:
        return read
    if known.version > read.version or known.partitions is None:
        return known
    return read if read.partitions is None else replace(read, partitions=known.partitions + read.partitions)
