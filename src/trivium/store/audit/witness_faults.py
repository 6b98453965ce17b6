"""What is wrong with a file of checkpoints in itself: signatures, keys, and the chain of digests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from trivium.store.audit.keys import Keys
from trivium.store.audit.witness_file import Line, SignedCheckpoint, read_lines
from trivium.values.audit import Fault, Witness

SHOWN = 3
KEEP = "Keep {path} as evidence and restore it from a copy of its folder."
MOMENT = "%Y-%m-%d %H:%M:%S UTC"


@dataclass
class Testimony:
    """What one file says: the checkpoints that can be believed and still count, in order, and what is wrong with it.

    noted: the digest of the last checkpoint that the catalog remembers, when it does. is_here: whether the file goes on
    with the catalog in this place; of another, only what the catalog remembers is about this log.
    """

    path: Path
    project: str
    keys: Keys
    noted: Witness | None
    is_here: bool
    counting: list[SignedCheckpoint] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _previous: str = ""
    _seen_noted: bool = False

    def read(self) -> Testimony:
        """The whole file has been read."""
        for line in read_lines(self.path):
            if line.signed is None:
                self._note_unreadable(line)
            elif self.is_here or (self.noted and not self._seen_noted):
                self._take(line.number, line.signed)
        if self.noted and not self._seen_noted:
            self.faults.append(self._lost(self.noted))
        self.faults = shortened(self.faults, str(self.path))
        return self

    def _take(self, number: int, signed: SignedCheckpoint) -> None:
        fault = self._fault(number, signed)
        if fault is not None:
            self.faults.append(fault)
        if signed.checkpoint.previous != self._previous:
            self.faults.append(self._gap(number, signed))
        self._previous = signed.digest
        self._seen_noted |= self.noted is not None and signed.digest == self.noted.digest
        if fault is None:
            self._count(signed)

    def _count(self, signed: SignedCheckpoint) -> None:
        said = signed.checkpoint
        if said.anew:
            if self.counting:
                self.notes.append(
                    f"{len(self.counting):,} checkpoints before {said.at:{MOMENT}} no longer count: the log was begun "
                    f"anew at event {said.seq:,}, signed by key {said.key}, because: {said.anew}"
                )
            self.counting.clear()
        self.counting.append(signed)

    def _fault(self, number: int, signed: SignedCheckpoint) -> Fault | None:
        said, where = signed.checkpoint, f"The checkpoint in line {number} of {self.path}"
        key = self.keys.find(said.key)
        if key is None:
            return Fault(
                "wrong key",
                f"{where} is said to be signed by key {said.key}, which is not known; known are "
                f"{', '.join(sorted({**self.keys.beside, **self.keys.trusted})) or 'none'}.",
                "Ask whoever makes the checkpoints for the public key, and name it with `--public-key`; if nobody "
                "knows that key, somebody else wrote the checkpoint.",
                said.seq,
            )
        if not key.signed(signed.raw, signed.signature):
            message = f"{where} does not have the signature of key {said.key}: it was forged, or changed afterwards."
            return Fault("forged checkpoint", message, KEEP.format(path=self.path), said.seq)
        if said.project != self.project or not self.path.name.startswith(f"{said.key}."):
            message = f"{where} is of project {said.project} and key {said.key}: it was put into a file of others."
            return Fault("forged checkpoint", message, KEEP.format(path=self.path), said.seq)
        return None

    def _gap(self, number: int, signed: SignedCheckpoint) -> Fault:
        before = "the first checkpoints" if not self._previous else "checkpoints"
        message = (
            f"Before the checkpoint in line {number} of {self.path} (of {signed.checkpoint.at:{MOMENT}}), {before} are "
            "missing: removed, changed or put in another order."
        )
        return Fault("missing checkpoint", message, KEEP.format(path=self.path), signed.checkpoint.seq)

    def _lost(self, noted: Witness) -> Fault:
        what = "does not hold" if self.path.exists() else "is not there, and so is"
        message = (
            f"{self.path} {what} the last checkpoint that the catalog remembers, of event {noted.seq:,} at "
            f"{noted.at:{MOMENT}}: it was removed."
        )
        return Fault("missing checkpoint", message, KEEP.format(path=self.path), noted.seq)

    def _note_unreadable(self, line: Line) -> None:
        half = "is half a checkpoint" if not line.ended else "cannot be read"
        self.notes.append(
            f"Line {line.number} of {self.path} {half}: a process ended while it wrote. No harm as long as no "
            "checkpoint is reported missing."
        )


def shortened(faults: Sequence[Fault], path: str) -> list[Fault]:
    """The first faults of each kind; the last one of them says how many more there are."""
    totals, kept = Counter(fault.kind for fault in faults), Counter[str]()
    shown: list[Fault] = []
    for fault in faults:
        kept[fault.kind] += 1
        more = totals[fault.kind] - SHOWN
        if kept[fault.kind] == SHOWN and more > 0:
            message = f"{fault.message} The same is true of {more:,} more lines of {path}."
            shown.append(msgspec.structs.replace(fault, message=message))
        elif kept[fault.kind] <= SHOWN:
            shown.append(fault)
    return shown
