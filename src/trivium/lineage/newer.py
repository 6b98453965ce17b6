"""What of one input is not taken up: its versions since against what was read of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set

from msgspec import Struct

from trivium.lineage.parts import Reader
from trivium.lineage.table_log import NEVER, TableLog, list_acts
from trivium.values.lineage import Change
from trivium.values.staleness import NewerInput


def find_newer(log: TableLog, readers: Sequence[Reader], *, aligned: bool) -> NewerInput | None:
    """What differs in the newest version of an input from what these readers of it have, or None.

    aligned: the thing and its input have partitions of the same width, so what was put into a partition is taken to be
    made of the input's partition of that name, where it is not known which ones were read.
    """
    bounds = Bounds.of(log, readers, aligned=aligned)
    if log.is_same(bounds.oldest):
        return None
    acts = [change for change in log.whole_since(bounds.oldest) if change.version > bounds.since_act(change)]
    added, changed = list[str](), list[str]()
    first: list[tuple[int, Change]] = [(bounds.since_act(change), change) for change in acts]
    for partition in bounds.list_candidates(log):
        behind = bounds.find_behind(log, partition)
        if behind is not None:
            (changed if log.last_replacement(partition) > behind else added).append(partition)
            first.append((behind, log.first_after(partition, behind)))
    if not first:
        return None
    return NewerInput(
        table=log.newest.table,
        read=min(version for version, _ in first),
        newest=log.newest.version,
        since=min(change.committed_at for _, change in first),
        added=tuple(sorted(added)),
        changed=tuple(sorted(changed)),
        acts=list_acts(acts),
    )


class Bound(Struct, frozen=True, gc=False):
    """Versions that were read of something: the newest, the oldest, and the newest of those who renewed rows."""

    newest: int
    oldest: int
    renewed: int

    @classmethod
    def of(cls, readers: Sequence[Reader]) -> Bound:
        """What these readers read; 0 for nobody."""
        versions = [reader.version for reader in readers]
        renewed = max((reader.version for reader in readers if reader.renews), default=0)
        return cls(max(versions, default=0), min(versions, default=0), renewed)


class Bounds(Struct, frozen=True):
    """Who read what of one input: everything (`whole`), single partitions (`parts`); `every` is all of them.

    `touched`: the single partitions that changed since the first of their readers. `told`: each reader told which
    partitions it read, so that of the others nothing was.
    """

    whole: Bound
    every: Bound
    parts: Mapping[str, Sequence[Reader]]
    touched: Set[str]
    told: bool

    @classmethod
    def of(cls, log: TableLog, readers: Sequence[Reader], *, aligned: bool) -> Bounds:
        """The bounds of these readers."""
        parts, touched, touches = defaultdict[str, list[Reader]](list), set[str](), log.touches
        whole = [] if aligned else [reader for reader in readers if reader.scope is None]
        for reader in readers if len(whole) < len(readers) else ():
            version, guessed = reader.version, reader.scope is None
            for name in _partitions_of(reader, aligned=aligned):
                first, last = touches.get(name, NEVER)
                if first <= version or not guessed:
                    parts[name].append(reader)
                if version < last and (first <= version or not guessed):
                    touched.add(name)
        told = all(reader.scope is not None for reader in readers)
        return cls(Bound.of(whole), Bound.of(readers), parts, touched, told)

    @property
    def oldest(self) -> int:
        """The oldest version that is in use."""
        return max(self.every.oldest, self.whole.renewed)

    def since_act(self, change: Change) -> int:
        """From which version on an act on the whole table counts: rows that were erased since somebody read them are
        in what was made of them, while a column that is called otherwise is news only to the newest reader."""
        return self.oldest if change.operation == "erase" else self.every.newest

    def list_candidates(self, log: TableLog) -> set[str]:
        """The partitions that may differ from what was made of them: few, where most were taken up."""
        newest = self.whole.newest or self.every.newest
        replaced = log.replaced_since(self.oldest) if self.whole.newest else ()
        return {*log.touched_since(newest), *replaced, *self.touched}

    def find_behind(self, log: TableLog, partition: str) -> int | None:
        """The version since which the partition differs from what was made of it; None when all is taken up.

        Rows that are new are taken up by whoever reads the partition after them. Rows that are not there any more stay
        in what was made of them, until that is overwritten or renewed.
        """
        found = [bound for bound in (Bound.of(self.parts.get(partition, ())), self.whole) if bound.newest]
        if not found:
            unread = self.told and log.was_there(partition, self.every.newest)
            return None if unread else _since(log, partition, self.every.newest)
        newest = max(bound.newest for bound in found)
        renewed = max(bound.renewed for bound in found)
        oldest = max(min(bound.oldest for bound in found), renewed)
        if log.last_replacement(partition) > oldest and log.differs(partition, oldest):
            return oldest
        return _since(log, partition, newest)


def _partitions_of(reader: Reader, *, aligned: bool) -> Iterable[str]:
    """Those that it read, or is taken to have read; none where it read everything."""
    if reader.scope is not None:
        return reader.scope
    return reader.wrote if aligned else ()


def _since(log: TableLog, partition: str, version: int) -> int | None:
    return version if log.last_touch(partition) > version and log.differs(partition, version) else None
