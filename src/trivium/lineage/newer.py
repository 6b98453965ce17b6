"""What of one input is not taken up: its versions since against what was read of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from trivium.lineage.parts import Reader
from trivium.lineage.table_log import TableLog, list_acts
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


@dataclass
class Bound:
    """Versions that were read of something: the newest, the oldest, and the newest of those who renewed rows."""

    newest: int = 0
    oldest: int = 0
    renewed: int = 0

    def add(self, reader: Reader) -> None:
        """One reader more."""
        version = reader.version
        self.newest = max(self.newest, version)
        if version < self.oldest or not self.oldest:
            self.oldest = version
        if reader.renews and version > self.renewed:
            self.renewed = version


@dataclass
class Bounds:
    """Who read what of one input: everything (`whole`), single partitions (`parts`); `every` is all of them.

    `told`: each reader told which partitions it read, so that of the others nothing was.
    """

    whole: Bound = field(default_factory=Bound)
    every: Bound = field(default_factory=Bound)
    parts: dict[str, Bound] = field(default_factory=dict)
    told: bool = True

    @classmethod
    def of(cls, log: TableLog, readers: Sequence[Reader], *, aligned: bool) -> Bounds:
        """The bounds of these readers."""
        bounds = cls()
        for reader in readers:
            bounds.every.add(reader)
            bounds.told &= reader.scope is not None
            if reader.scope is None and not aligned:
                bounds.whole.add(reader)
                continue
            guessed = (name for name in reader.wrote if log.was_there(name, reader.version))
            for name in guessed if reader.scope is None else reader.scope:
                if name not in bounds.parts:
                    bounds.parts[name] = Bound()
                bounds.parts[name].add(reader)
        return bounds

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
        touched = (name for name, bound in self.parts.items() if log.last_touch(name) > bound.oldest)
        return {*log.touched_since(newest), *replaced, *touched}

    def find_behind(self, log: TableLog, partition: str) -> int | None:
        """The version since which the partition differs from what was made of it; None when all is taken up.

        Rows that are new are taken up by whoever reads the partition after them. Rows that are not there any more stay
        in what was made of them, until that is overwritten or renewed.
        """
        found = [bound for bound in (self.parts.get(partition), self.whole) if bound is not None and bound.newest]
        if not found:
            unread = self.told and log.was_there(partition, self.every.newest)
            return None if unread else _since(log, partition, self.every.newest)
        newest = max(bound.newest for bound in found)
        renewed = max(bound.renewed for bound in found)
        oldest = max(min(bound.oldest for bound in found), renewed)
        if log.last_replacement(partition) > oldest and log.differs(partition, oldest):
            return oldest
        return _since(log, partition, newest)


def _since(log: TableLog, partition: str, version: int) -> int | None:
    return version if log.last_touch(partition) > version and log.differs(partition, version) else None
