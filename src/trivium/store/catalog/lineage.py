"""What the catalog remembers of where things come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from trivium.values.lineage import Change, Read, Span, TableRead, Write
from trivium.values.models import ModelVersion


class Lineage(Protocol):
    """Who read and wrote what, found by either side.

    Guarantees: each method is one transaction and uses an index, whatever the number of runs. A run's pinned inputs
    are recorded in the transaction that starts it, and who wrote a version in the transaction that publishes it.

    A later version *carries* an earlier one until every file that the earlier one added was replaced by `overwrite`
    or dropped by `restore`; what other operations rewrote still counts, so nothing that may be inside is left out.
    """

    def record_reads(self, reads: Sequence[Read]) -> None:
        """These reads are on record. One that already is keeps what is known; the columns of both are joined."""

    def reads_of(self, run: str, *, limit: int = 1000) -> list[Read]:
        """What a run read, by kind, name, version and task."""

    def writes_of(self, runs: Sequence[str], *, limit: int = 1000) -> list[Write]:
        """The versions that these runs wrote, by table and version."""

    def runs_reading(self, table: str, versions: Sequence[int] | None = None) -> list[str]:
        """Every run that read one of exactly these versions (None: any), each once."""

    def readers_of(
        self, table: str, version: int | None = None, *, before: Read | None = None, limit: int = 1000
    ) -> list[Read]:
        """Reads of this version and of later ones that carry it (None: of any), newest version and run first.

        `before` is the last one already seen.
        """

    def writers_of(
        self, table: str, version: int | None = None, *, before: int | None = None, limit: int = 1000
    ) -> list[Write]:
        """The commits whose rows this version carries, its own among them (None: all), newest first.

        `before` is the version of the last one already seen.
        """

    def blob_readers(self, digest: str, *, limit: int = 1000) -> list[Read]:
        """Who read the blob."""

    def blobs_of(self, run: str, *, limit: int = 1000) -> list[tuple[str, str]]:
        """(task, digest) of what the run's tasks returned."""

    def models_of(self, runs: Sequence[str]) -> list[ModelVersion]:
        """The model versions that these runs registered, and those whose artifact one of their tasks returned."""

    def models_of_blob(self, digest: str) -> list[ModelVersion]:
        """The model versions whose artifact or report this blob is."""

    def reads_by(self, runs: Sequence[str]) -> list[TableRead]:
        """The table versions that these runs read, in any order; one can be there more than once."""

    def makers_of(self, artifacts: Sequence[str]) -> list[tuple[str, str]]:
        """(digest, run) for every run of which a task returned one of these blobs."""

    def changes_of(self, tables: Sequence[str]) -> list[Change]:
        """Every published commit of those of these tables that a run ever wrote, by table and version."""

    def changes_since(self, versions: Mapping[str, int]) -> list[Change]:
        """The published commits of these tables from the given version on, by table and version."""

    def spans_since(self, versions: Mapping[str, int]) -> list[Span]:
        """The files of these tables that left them after the given version, or joined them after and are there now."""

    def position(self, name: str) -> int:
        """The last event that this reader of the event log has dealt with; 0 for a new one."""

    def advance(self, name: str, seq: int) -> None:
        """The reader has dealt with every event up to this one. A position never goes back."""
