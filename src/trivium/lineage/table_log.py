"""When which partition of a table changed: the side of an input."""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import takewhile

from trivium.store.catalog.content import MODULUS, content_of
from trivium.values.lineage import Change, Span
from trivium.values.tables import DataFile, Operation

NEVER = (sys.maxsize, 0)  # the first and the newest change of a partition that nobody ever wrote to


class TableLog:
    """The published commits of one table from some version on, oldest first; there is at least one.

    A commit that names no partition changed all of them. An erasure changes the past as well, so versions before it
    look like those after it; it counts all the same.
    """

    def __init__(self, changes: Sequence[Change]) -> None:
        self.changes = changes
        self.newest = changes[-1]
        self._by_version = {change.version: change for change in changes}
        self._touched: dict[str, list[int]] = defaultdict(list)
        self._replaced: dict[str, list[int]] = defaultdict(list)
        self._whole = [change for change in changes if not change.partitions]
        self._spans: dict[str, list[Span]] | None = None
        for change in changes:
            for partition in change.partitions:
                self._touched[partition].append(change.version)
                if change.replaced:
                    self._replaced[partition].append(change.version)

    def learn_files(self, spans: Sequence[Span]) -> None:
        """From now on partitions are compared by what their files hold."""
        self._spans = defaultdict(list)
        for span in spans:
            self._spans[span.partition].append(span)

    def is_same(self, version: int) -> bool:
        """Whether nothing differs between this version and the newest one, as far as digests tell."""
        then = self._by_version.get(version)
        erased = any(change.operation == "erase" for change in self.whole_since(version))
        return then is not None and bool(then.digest) and then.digest == self.newest.digest and not erased

    def was_there(self, partition: str, version: int) -> bool:
        """Whether somebody had written to the partition by this version, as far as this log goes back."""
        return partition in self._touched and self._touched[partition][0] <= version

    @cached_property
    def touches(self) -> dict[str, tuple[int, int]]:
        """Of each partition the first and the newest version that changed it, as far as this log goes back."""
        return {partition: (versions[0], versions[-1]) for partition, versions in self._touched.items()}

    def last_touch(self, partition: str) -> int:
        """The newest version that changed the partition; 0 for none."""
        return self._touched[partition][-1] if partition in self._touched else 0

    def last_replacement(self, partition: str) -> int:
        """The newest version that took rows out of the partition; 0 for none."""
        return self._replaced[partition][-1] if partition in self._replaced else 0

    def touched_since(self, version: int) -> Iterator[str]:
        """The partitions that were changed after this version, the last changed first."""
        return takewhile(lambda partition: self._touched[partition][-1] > version, self._by_last_touch)

    def replaced_since(self, version: int) -> Iterator[str]:
        """The partitions that rows were taken out of after this version, the last first."""
        return takewhile(lambda partition: self._replaced[partition][-1] > version, self._by_last_replacement)

    def whole_since(self, version: int) -> list[Change]:
        """The commits after this version that changed every partition."""
        return [change for change in self._whole if change.version > version]

    def first_after(self, partition: str, version: int) -> Change:
        """The first commit after this version that changed the partition; there is one."""
        touched = self._touched[partition]
        return self._by_version[touched[bisect_right(touched, version)]]

    def differs(self, partition: str, version: int) -> bool:
        """Whether the partition, which was changed since, holds other rows now than in this version.

        By content, where the files are known and still there; else every change counts.
        """
        if self.is_same(version):
            return False
        then = self._by_version.get(version)
        if self.last_replacement(partition) <= version or self._spans is None or then is None or not then.kept:
            return True
        return _balance(self._spans[partition], version) != 0

    @cached_property
    def _by_last_touch(self) -> list[str]:
        return sorted(self._touched, key=lambda partition: self._touched[partition][-1], reverse=True)

    @cached_property
    def _by_last_replacement(self) -> list[str]:
        return sorted(self._replaced, key=lambda partition: self._replaced[partition][-1], reverse=True)


def list_acts(changes: Sequence[Change]) -> tuple[Operation, ...]:
    """What was done, each once, in order."""
    return tuple(dict.fromkeys(change.operation for change in changes))


def _balance(spans: Sequence[Span], version: int) -> int:
    """The content of the partition now less that of this version; files that are in both are in neither sum."""
    total = 0
    for span in spans:
        if span.removed is None and span.added > version:
            total += _content(span)
        elif span.removed is not None and span.added <= version < span.removed:
            total -= _content(span)
    return total % MODULUS


def _content(span: Span) -> int:
    return content_of(DataFile("", span.partition, 0, 0, span.digest, content=span.content))
