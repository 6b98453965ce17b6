"""A table or model whose inputs have newer versions."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from trivium.values.tables import Operation

SHOWN = 3
WHOLE = ("all",)  # the partition of a table without event time


class NewerInput(Struct, frozen=True):
    """An input of which rows are not taken up: it was `read` at this version, and `newest` differs since then.

    `added`: partitions that have more rows, or are new. `changed`: those of which rows that were read are not there
    any more. `acts`: what was done to the table as a whole, such as "erase" or "rename". `through`: the tables between
    this input and the thing, nearest first; () for an input that the thing itself was made of.
    """

    table: str
    read: int
    newest: int
    since: datetime
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    acts: tuple[Operation, ...] = ()
    through: tuple[str, ...] = ()

    def __str__(self) -> str:
        """`flights 12 → 14 (new: 2024-03-02)`, `features ← flights 12 → 14`."""
        path = " ← ".join((*self.through, self.table))
        return f"{path} {self.read} → {self.newest}" + (f" ({self.told})" if self.told else "")

    @property
    def told(self) -> str:
        """What differs: `new: 2024-03-02; changed: 2024-02-28`. "" for a table of one partition."""
        added, changed = (_listed(each) if each != WHOLE else "" for each in (self.added, self.changed))
        parts = [*self.acts, added and f"new: {added}", changed and f"changed: {changed}"]
        return "; ".join(part for part in parts if part)


class Staleness(Struct, frozen=True):
    """What a table or a model has not taken up. `inputs` is empty when it is not stale; direct ones come first."""

    inputs: tuple[NewerInput, ...] = ()

    @property
    def stale(self) -> bool:
        """Whether any input is newer than what was read of it."""
        return bool(self.inputs)

    @property
    def since(self) -> datetime | None:
        """When the first of these versions was published; None when nothing is stale."""
        return min((each.since for each in self.inputs), default=None)

    def __str__(self) -> str:
        """The inputs in one line; "" when nothing is stale."""
        return "; ".join(map(str, self.inputs))


FRESH = Staleness()


def _listed(partitions: tuple[str, ...]) -> str:
    more = f" and {len(partitions) - SHOWN} more" if len(partitions) > SHOWN else ""
    return ", ".join(partitions[-SHOWN:]) + more
