"""Which project this is, and who keeps checkpoints of its audit log where."""

from __future__ import annotations

from typing import Protocol

from trivium.values.audit import Witness


class Audit(Protocol):
    """What the catalog knows of the checkpoints that are kept apart from it.

    Guarantees: the project's id never changes; it moves with the catalog. Nothing here writes an event, so that
    checkpoints of the log do not make it longer.
    """

    def find_project_id(self) -> str | None:
        """The id of this project, None when it has none yet."""

    def project_id(self) -> str:
        """The id of this project, made when it has none yet."""

    def note_witness(self, witness: Witness) -> None:
        """The file's last checkpoint is this one."""

    def list_witnesses(self) -> list[Witness]:
        """Every file with checkpoints of this log that was ever noted, by name."""
