"""Checkpoints of the audit log, who keeps them, and what an examination found."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

FaultKind = Literal[
    "edit",
    "delete",
    "insert",
    "reorder",
    "swap",
    "cut tail",
    "rewrite",
    "forged checkpoint",
    "missing checkpoint",
    "wrong key",
]
Proof = Literal["trusted", "beside", "none"]


class Checkpoint(Struct, frozen=True):
    """What a key signs: at this moment the log of this project ended with event `seq`, whose hash was `head`.

    `previous` is the digest of the checkpoint before it in the same file, "" for the first one. `place` is where the
    catalog was. `anew` is the reason for which the checkpoints before it in the same file no longer count, else "".
    """

    project: str
    seq: int
    head: str
    events: int
    at: datetime
    key: str
    previous: str
    place: str
    anew: str = ""


class Witness(Struct, frozen=True):
    """A file in which one key keeps checkpoints, as the catalog remembers it: its last one, by digest."""

    file: str
    host: str
    key: str
    digest: str
    seq: int
    at: datetime


class Fault(Struct, frozen=True):
    """One thing that is wrong with the audit log: what happened, what to do next, and which events it is about."""

    kind: FaultKind
    message: str
    next: str
    first: int | None = None
    last: int | None = None


class AuditReport(Struct, frozen=True):
    """The result of examining the audit log. It holds when there is no problem.

    checkpoints: how many were compared with the log. proof: whose signatures show that no tail was cut and nothing
    rewritten: keys that the reader trusts, keys that lay beside the checkpoints, or none. through: the last event that
    such a checkpoint covers. notes: what is no problem, and yet worth knowing.
    """

    events: int
    head: str
    checkpoints: int
    proof: Proof
    through: int
    problems: tuple[Fault, ...]
    notes: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return not self.problems
