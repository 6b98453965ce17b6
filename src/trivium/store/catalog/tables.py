"""What the catalog remembers of tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from trivium.values.alerts import Alert, AlertCount, Finding, Judgement, Profile
from trivium.values.objectives import ErrorBudget
from trivium.values.tables import Commit, DataFile, TableSpec


class Draft(Struct, frozen=True):
    """A staged and judged commit, with the alerts that it opens, and the commit of the rows diverted from it."""

    commit: Commit
    judgements: tuple[Judgement, ...]
    alerts: tuple[Alert, ...]
    diverted: Commit | None = None


class FileChanges(Struct, frozen=True):
    """What turns the version before into this one, compactions of the version before included.

    `moved`: the paths that a compaction added or removed, whose rows did not change.
    """

    added: tuple[DataFile, ...]
    removed: tuple[DataFile, ...]
    moved: frozenset[str] = frozenset()


class Tables(Protocol):
    """Tables and their versions. The catalog is the table's log: a version is the files added and not yet removed.

    Guarantees: each method is one transaction. Publishing makes version, files, judgements, alerts and event visible
    together or not at all, over several tables too; so is the event of an error budget that it used up. Versions count
    1, 2, 3 without gaps and are never reused. An idempotency key names one commit of a table for ever.
    """

    def declare(self, spec: TableSpec, *, actor: str) -> TableSpec:
        """The table exists with this declaration. Repeating the same declaration changes nothing.

        Raises InvalidName, and Misuse when the partitions of an existing table would change.
        """

    def get_spec(self, name: str) -> TableSpec:
        """The declaration. Raises NotFound."""

    def find_spec(self, name: str) -> TableSpec | None:
        """The declaration, or None."""

    def list_specs(self) -> list[TableSpec]:
        """Every declared table, by name."""

    def publish(self, draft: Draft, *, actor: str) -> Commit:
        """The commit is recorded: published with the next version, or kept aside when quarantined.

        A commit of this operation with the same idempotency key is returned instead, and nothing changes; Misuse
        when the key stands for another operation. `committed_at` is the moment of publishing, and never before that of
        the version before. What was diverted is in quarantine from the same moment. Publishing adds the commit's new
        columns to the table's, and resolves the open alerts of the partitions that it writes: an overwrite all of them,
        an append only those of commits that are not published (the rows of the others are still there), everything else
        all but those of diverted rows. An overwrite removes whatever its partitions hold; it raises VersionConflict
        when they were written to after its `base`. Every other commit with a `base` raises it when that is no longer
        the newest version, a file that it removes is not there any more, or one that it restores was given up. Raises
        SchemaMismatch for a column of another type.
        """

    def publish_together(self, drafts: Sequence[Draft], *, actor: str) -> list[Commit]:
        """All of these commits, each as `publish` does it, or none of them: several tables, one moment.

        Raises Misuse when some of their idempotency keys are known and others are not.
        """

    def settle(self, commit_id: str, *, release: bool, because: str, actor: str) -> Commit:
        """A quarantined commit is released (published as flagged) or discarded; its alerts are resolved.

        A released commit is of the moment of its release. Raises Misuse unless it is quarantined. A release raises
        SchemaMismatch for a column of another type or one that was renamed since, and VersionConflict as `publish`, and
        for a partition that was overwritten since: its rows were given anew.
        """

    def find_commit(self, table: str, idempotency_key: str) -> Commit | None:
        """The commit made under this key, or None."""

    def get_commit(self, commit_id: str) -> Commit:
        """A commit by id, also a quarantined one. Raises NotFound."""

    def list_quarantined(self, table: str | None = None) -> list[Commit]:
        """Commits in quarantine, of one table or of all, oldest first; those of diverted rows too."""

    def written_since(self, commit_id: str) -> int | None:
        """The newest version that wrote to a partition of this commit later, without the one it was diverted from."""

    def find_version(self, table: str, version: int | None = None) -> Commit | None:
        """The commit that published this version (None: the newest), or None."""

    def newest_version(self, table: str) -> int:
        """The number of the newest version; 0 when there is none. The cheapest question there is."""

    def find_version_at(self, table: str, moment: datetime) -> Commit | None:
        """The newest version that was published at that moment or before, or None."""

    def list_commits(self, table: str, *, limit: int = 50, before: str | None = None) -> list[Commit]:
        """Commits, newest first; `before` is the id of the last one already seen."""

    def files(self, table: str, version: int, partitions: Sequence[str] | None = None) -> list[DataFile]:
        """The files that make up this version (or only these partitions), ordered by partition, then by rank."""

    def count_files(self, table: str, partition: str, *, up_to: int) -> int:
        """How many of the files that carry this partition now were there in that version."""

    def file_changes(self, table: str, version: int) -> FileChanges:
        """The files that this version added and removed, with those of compactions of the version before it."""

    def files_as_published(self, table: str, version: int) -> list[DataFile]:
        """What the changes of all versions up to this one add up to: its files before it was compacted."""

    def compact(self, table: str, removed: Sequence[DataFile], added: DataFile, *, actor: str) -> bool:
        """The newest version's rows are carried by `added` instead of `removed`; no version is made.

        False, and nothing happens, when one of them is not part of the newest version any more.
        """

    def judgements(self, commit_id: str) -> list[Judgement]:
        """What the checks said about each partition of a commit."""

    def find_judgement(self, table: str, partition: str, *, version: int) -> Judgement | None:
        """What the checks said of this partition when it was written last, in that version or before."""

    def budgets(self, table: str) -> list[ErrorBudget]:
        """The error budget of every check of the table that has an objective, by the judgements on record.

        A check that failed on any commit of a day failed on that day; an alert that a person dismissed counts for none.
        """

    def profiles(self, table: str, *, after: int = 0, limit: int = 400) -> list[Profile]:
        """Profiles of the newest `limit` published partitions written after version `after`, oldest first.

        One per partition: of the commit that wrote it last, in today's names of columns.
        """

    def find_reshape(self, table: str, *, after: int) -> int | None:
        """The newest version after this one that renamed or widened a column, or may have taken that back, or None."""

    def list_renaming(self, table: str) -> list[Commit]:
        """The commits that renamed columns, by a restore as well, oldest first."""

    def list_latest(self) -> list[Commit]:
        """The newest published commit of each table, by table name."""


class Alerts(Protocol):
    """Alerts and the verdicts of people. Guarantees: an alert is never deleted; each method is one transaction."""

    def record(self, judged: Sequence[Alert], *, resolved: Sequence[str], because: str, actor: str) -> list[Alert]:
        """These alerts are open, and those ids are resolved. For checks outside a commit (metrics, freshness).

        An alert that is already open for the same table, check, column and partition stays as it is.
        """

    def get_alert(self, alert_id: str) -> Alert:
        """An alert by id, or by a unique beginning of it. Raises NotFound."""

    def list_alerts(
        self, *, table: str | None = None, state: str | None = None, partition: str | None = None, limit: int = 200
    ) -> list[Alert]:
        """Alerts, newest first; those of one moment by partition, the newest first."""

    def list_about(self, table: str, version: int) -> list[Alert]:
        """Open alerts, not muted, about rows of this version or rows that were diverted from it, oldest first.

        Of the newest version, those about the table's age as well.
        """

    def list_blocking(self, tables: Sequence[str]) -> list[Alert]:
        """Open alerts of severity "block" on these tables: nothing may be trained on them."""

    def verdicts(self, table: str, kind: str) -> dict[str, Finding]:
        """The verdicts on this table's alerts of this kind, by the alert's id: the newest 1,000 alerts that have one.

        An index holds all of it: a table without verdicts costs one look.
        """

    def list_judged(self, table: str, kind: str) -> list[Alert]:
        """The alerts that `verdicts` is about, oldest first."""

    def count_open(self) -> dict[str, int]:
        """How many alerts are open, by table; tables without one are left out. An index holds all of it."""

    def count_by_column(self, *, table: str | None = None, since: datetime) -> list[AlertCount]:
        """How many alerts were opened since then, by table, column, kind and verdict."""

    def count_by_day(self, *, table: str | None = None, since: datetime) -> dict[str, int]:
        """How many alerts were opened on each day since then (UTC, "2024-05-31"); days without one are left out."""

    def judge(self, alert_id: str, *, true_alarm: bool, because: str, actor: str) -> Alert:
        """A person confirmed (true alarm) or dismissed (false alarm) the alert; dismissing also resolves it."""

    def mute(self, alert_id: str, *, until: datetime, because: str, actor: str) -> Alert:
        """Nobody is told of the alert until then, nor of later ones of the same table, check and column.

        Its partition stays as it is, and what the alert blocks stays blocked. `until` in the past ends a mute.
        """
