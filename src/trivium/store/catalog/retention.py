"""What is kept of the past of tables, and what is given up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from trivium.values.alerts import Alert, Judgement
from trivium.values.tables import Commit, DataFile, Snapshot


class FileSpan(Struct, frozen=True):
    """A file and the versions that it is part of: from `added_version` until before `removed_version`."""

    file: DataFile
    added_version: int
    removed_version: int | None


class Erasure(Struct, frozen=True):
    """What an erasure puts in the place of the past.

    searched: the paths of all files that were looked at. swaps: path to the file without the erased rows, None when
    none are left. judgements: by commit id. alerts: as they read now. conditioned_on: the columns that the condition
    named; its values are recorded nowhere. models: those that learnt from the rows.
    """

    table: str
    newest: int
    searched: frozenset[str]
    swaps: dict[str, DataFile | None]
    judgements: tuple[tuple[str, Judgement], ...]
    alerts: tuple[Alert, ...]
    rows: int
    conditioned_on: tuple[str, ...]
    because: str
    models: tuple[tuple[str, int], ...] = ()


class Retention(Protocol):
    """Snapshots, collected versions, erased rows. Guarantees: each method is one transaction, with its event."""

    def record_snapshot(self, snapshot: Snapshot) -> Snapshot:
        """The name stands for these versions for ever. Repeating it changes nothing.

        Raises Misuse when it stands for others already, NotFound for a version that is not there.
        """

    def get_snapshot(self, name: str) -> Snapshot:
        """A snapshot by name. Raises NotFound."""

    def list_snapshots(self, *, limit: int = 200) -> list[Snapshot]:
        """Snapshots, newest first."""

    def pinned_versions(self, table: str) -> dict[int, str]:
        """The versions that have to stay, each with the reason: a snapshot or a registered model's training."""

    def list_versions(self, table: str, *, before: datetime) -> list[int]:
        """Versions that were published before this moment and can still be read, oldest first; never the newest."""

    def collect(self, table: str, versions: Sequence[int], *, because: str, actor: str) -> list[DataFile]:
        """These versions cannot be read any more; returns the files that no version needs, no longer in the catalog.

        Raises Misuse for the newest version and for one that has to stay.
        """

    def unneeded(self, table: str, versions: Sequence[int]) -> list[DataFile]:
        """What `collect` would return."""

    def named_paths(self, table: str) -> set[str]:
        """Every path that a version or a commit in quarantine names."""

    def list_spans(self, table: str) -> list[FileSpan]:
        """Every file of every version."""

    def list_aside(self, table: str) -> list[Commit]:
        """Commits that are in quarantine or were discarded."""

    def list_judged(self, table: str, partitions: Sequence[str]) -> list[Commit]:
        """Every commit whose judgement covers one of these partitions, whatever became of it."""

    def list_renames(self, table: str) -> list[tuple[int, dict[str, str]]]:
        """(version, names before to names after) of each renaming of columns, by a restore as well, oldest first."""

    def erase(self, erasure: Erasure, *, actor: str) -> Mapping[int, int]:
        """The past is as if the rows had never been there; returns the rows that each version has now.

        The newest version gets a successor with the operation "erase", so that whoever follows the table sees a change.
        Raises VersionConflict when the table has another newest version than `erasure.newest`, or a file that was not
        searched: one that a compaction wrote or a commit in quarantine brought.
        """

    def scrub(self) -> None:
        """What was deleted from the catalog is not in its file any more."""
