"""A source becomes commits of a table: read once, checked, and committed by whole partitions, the oldest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from trivium.digest import digest_of
from trivium.errors import Misuse
from trivium.failpoints import failpoint
from trivium.frames import dtype_of
from trivium.frames.stream import Stream, Wish
from trivium.sources.source import open_source
from trivium.store.store import Store
from trivium.tables.commit import commit_rows, find_known
from trivium.tables.scratch import scratch_folder
from trivium.tables.spool import MOST_ROWS, Group, Spool
from trivium.values.tables import Column, Commit, Operation, State, TableSpec

FOLDER = "imports"
WORST_FIRST: tuple[State, ...] = ("quarantined", "discarded", "flagged")


class Progress(Struct, frozen=True):
    """How far an import is. step: "reading" or "committing". total: rows of the source, where known."""

    step: str
    rows: int
    total: int | None
    bytes: int
    commits: int = 0


class Import(Struct, frozen=True):
    """An import that ended. commits: in the order of event time; the first `known` of them were there before.

    complete: all groups were committed, none was left out because of a quarantine.
    """

    table: str
    source: str
    rows: int
    commits: tuple[Commit, ...]
    known: int
    state: State
    complete: bool


Tell = Callable[[Progress], None]


def import_source(
    store: Store,
    spec: TableSpec,
    value: Any,
    *,
    operation: Operation = "append",
    query: str | None = None,
    name: str | None = None,
    stop_on_quarantine: bool = False,
    tell: Tell = lambda progress: None,
) -> Import:
    """All rows of a source are committed, in groups of whole partitions, oldest first; see `Spool.groups`.

    value: see `open_source`. operation: "append", or "overwrite" of the partitions that the rows belong to. query: what
    to ask a database. name: what this import is called; without it, files are known by their content. An import that
    was interrupted goes on where it stopped when it is repeated, and doubles nothing; one that was complete adds
    nothing. stop_on_quarantine: nothing more is committed after a group that was kept aside. tell: called now and then.

    The whole source is read and checked against the table before the first commit. Memory stays flat; the rows wait on
    disk, in the project's folder. Raises Misuse, SchemaMismatch or UnsupportedValue for rows that the table cannot
    take, before anything is committed; all else as `commit_rows`.
    """
    with scratch_folder(store, FOLDER) as folder:
        columns = _columns(store, spec)
        (folder / "source").mkdir()
        wish = Wish(folder / "source", {each.name: dtype_of(each.type) for each in columns}, spec.time, query)
        stream = open_source(value, wish)
        spool = Spool(spec, folder, columns, stream.name)
        _fill(spool, stream, tell)
        if not spool.rows:
            raise Misuse(f"There are no rows in {stream.name}.")
        work = Work(store, spec, operation, stream, spool)
        return work.carry_out(name, stop_on_quarantine, tell)


def _columns(store: Store, spec: TableSpec) -> tuple[Column, ...]:
    newest = store.catalog.tables.find_version(spec.name)
    return newest.columns if newest else ()


def _fill(spool: Spool, stream: Stream, tell: Tell) -> None:
    size = 0
    for piece in stream.frames:
        spool.add(piece)
        size += int(piece.estimated_size())
        tell(Progress("reading", spool.rows, stream.rows, size))
    spool.check()


@dataclass(frozen=True)
class Work:
    """An import whose rows are in the spool."""

    store: Store
    spec: TableSpec
    operation: Operation
    stream: Stream
    spool: Spool

    def carry_out(self, name: str | None, stop_on_quarantine: bool, tell: Tell) -> Import:
        """The groups are committed, those that were not before."""
        groups = list(self.spool.groups(whole=self.operation == "overwrite" and self.spec.time is None))
        identity = self.identity(name, groups)
        commits: list[Commit] = []
        known = rows = 0
        for group in groups:
            before = self.find(identity, group)
            commits.append(before or self.commit(identity, group))
            known += before is not None
            rows += group.rows
            tell(Progress("committing", rows, self.spool.rows, 0, len(commits)))
            if stop_on_quarantine and commits[-1].state == "quarantined":
                break
        complete = len(commits) == len(groups)
        return Import(self.spec.name, self.stream.name, rows, tuple(commits), known, worst(commits), complete)

    def identity(self, name: str | None, groups: Sequence[Group]) -> str:
        """What the keys of the commits begin with: the same for the same rows, or the same given name.

        An overwrite that was complete may be repeated later, when the table has other rows: then it is another one.
        """
        digest = self.stream.digest
        told = {"name": name} if name else {"digest": digest} if digest else {"id": self.store.ids()}
        shape = {"operation": self.operation, "every": self.spec.every, "time": self.spec.time, "rows": MOST_ROWS}
        identity = digest_of("import", told | shape)[:32]
        again = 0
        while self.operation == "overwrite" and all(self.find(identity, each) for each in groups):
            again += 1
            identity = digest_of("import", [told, shape, again])[:32]
        return identity

    def find(self, identity: str, group: Group) -> Commit | None:
        """The commit of this group that was made before. Raises Misuse when it has other partitions."""
        commit = find_known(self.store, self.spec.name, key_of(identity, group))
        if commit is not None and set(commit.partitions) != set(group.partitions):
            raise Misuse(
                f"{self.stream.name} is not what it was when this import began: group {group.number} had the "
                f"partitions {', '.join(commit.partitions[:3])}, and now has {', '.join(group.partitions[:3])}. Import "
                "it under another name (`--resume NAME`), with a query that leaves out what is in the table."
            )
        return commit

    def commit(self, identity: str, group: Group) -> Commit:
        """The group's rows are committed."""
        rows, key = self.spool.read(group), key_of(identity, group)
        commit = commit_rows(self.store, self.spec, rows, operation=self.operation, idempotency_key=key)
        failpoint("import:group")
        return commit


def key_of(identity: str, group: Group) -> str:
    """The idempotency key of a group's commit."""
    return f"import:{identity}:{group.number}"


def worst(commits: Sequence[Commit]) -> State:
    """The worst state of several commits."""
    states = {commit.state for commit in commits}
    return next((state for state in WORST_FIRST if state in states), "valid")
