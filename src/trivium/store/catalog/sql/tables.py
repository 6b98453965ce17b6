"""Tables over SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from trivium.errors import Misuse, NotFound
from trivium.ids import checked_name
from trivium.store.catalog.known import refuse_other_act
from trivium.store.catalog.sql.alerts import open_alert, resolve_alert
from trivium.store.catalog.sql.budgets import list_budgets, list_exhausted
from trivium.store.catalog.sql.commits import (
    EVENT_OF_STATE,
    NEWEST,
    describe,
    moment_after,
    refuse_conflict,
    settle_commit,
    store_commit,
)
from trivium.store.catalog.sql.database import Database, Transaction
from trivium.store.catalog.sql.files import changes_of, files_as_published, files_at, swap_files
from trivium.store.catalog.sql.profiles import list_renaming, read_profiles
from trivium.store.catalog.sql.rows import iso
from trivium.store.catalog.tables import Draft, FileChanges
from trivium.values.alerts import Alert, Judgement, Profile
from trivium.values.objectives import ErrorBudget
from trivium.values.tables import Commit, DataFile, TableSpec

WRITTEN_SINCE = (
    'SELECT * FROM commits WHERE "table" = ? AND version IS NOT NULL AND committed_at >= ? ORDER BY version DESC'
)
OF_PARTITION = (
    'SELECT a.* FROM alerts a JOIN commits c ON c.id = a."commit" '
    "WHERE a.\"table\" = ? AND a.partition = ? AND a.state = 'open'"
)
SETTLED = f"{OF_PARTITION} AND c.diverted_from IS NULL"
SETTLED_BY = {"overwrite": OF_PARTITION, "append": f"{SETTLED} AND c.version IS NULL"}


class SqlTables:
    """Implements `Tables`; see there for the guarantees."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def declare(self, spec: TableSpec, *, actor: str) -> TableSpec:
        checked_name(spec.name, "table")
        if self.find_spec(spec.name) == spec:
            return spec
        with self.database.write() as tx:
            before = tx.one(TableSpec, "SELECT * FROM table_specs WHERE name = ?", spec.name)
            if before is not None and (before.time, before.every) != (spec.time, spec.every):
                raise Misuse(
                    f"Table {spec.name!r} is partitioned by {before.time!r} every {before.every!r}; that cannot change "
                    f"to {spec.time!r} every {spec.every!r} once declared. Declare it with time={before.time!r} and "
                    f"every={before.every!r}, or a table of another name."
                )
            tx.replace("table_specs", spec)
            detail = {"checks": [check.name for check in spec.checks], "owner": spec.owner}
            tx.event(actor, "table.declared" if before is None else "table.changed", spec.name, detail)
        return spec

    def get_spec(self, name: str) -> TableSpec:
        spec = self.find_spec(name)
        if spec is None:
            known = ", ".join(each.name for each in self.list_specs()) or "none yet"
            raise NotFound(f"There is no table {name!r}. Tables: {known}.")
        return spec

    def find_spec(self, name: str) -> TableSpec | None:
        return self.database.read().one(TableSpec, "SELECT * FROM table_specs WHERE name = ?", name)

    def list_specs(self) -> list[TableSpec]:
        return self.database.read().all(TableSpec, "SELECT * FROM table_specs ORDER BY name")

    def publish(self, draft: Draft, *, actor: str) -> Commit:
        return self.publish_together([draft], actor=actor)[0]

    def publish_together(self, drafts: Sequence[Draft], *, actor: str) -> list[Commit]:
        with self.database.write() as tx:
            _refuse_parts(tx, drafts)
            moment = moment_after(tx, [draft.commit.table for draft in drafts])
            return [_publish(tx, draft, actor, moment) for draft in drafts]

    def settle(self, commit_id: str, *, release: bool, because: str, actor: str) -> Commit:
        with self.database.write() as tx:
            settled = settle_commit(tx, _get_commit(tx, commit_id), release=release)
            for alert in tx.all(Alert, "SELECT * FROM alerts WHERE \"commit\" = ? AND state = 'open'", commit_id):
                resolve_alert(tx, alert, f"{'released' if release else 'discarded'}: {because}", actor)
            verb = "table.released" if release else "table.discarded"
            tx.event(actor, verb, settled.table, {**describe(settled), "because": because})
        return settled

    def find_commit(self, table: str, idempotency_key: str) -> Commit | None:
        return _by_key(self.database.read(), table, idempotency_key)

    def get_commit(self, commit_id: str) -> Commit:
        return _get_commit(self.database.read(), commit_id)

    def list_quarantined(self, table: str | None = None) -> list[Commit]:
        return self.database.read().all(
            Commit,
            "SELECT * FROM commits WHERE state = 'quarantined' AND (CAST(? AS TEXT) IS NULL OR \"table\" = ?) "
            "ORDER BY id",
            table, table,
        )  # fmt: skip

    def written_since(self, commit_id: str) -> int | None:
        tx = self.database.read()
        commit = _get_commit(tx, commit_id)
        for later in tx.all(Commit, WRITTEN_SINCE, commit.table, iso(commit.committed_at)):
            if later.id not in (commit.id, commit.diverted_from) and {*later.partitions} & {*commit.partitions}:
                return later.version
        return None

    def find_version(self, table: str, version: int | None = None) -> Commit | None:
        if version is None:
            return self.database.read().one(Commit, NEWEST, table)
        return self.database.read().one(
            Commit, 'SELECT * FROM commits WHERE "table" = ? AND version = ?', table, version
        )

    def newest_version(self, table: str) -> int:
        found = self.database.read().execute('SELECT MAX(version) FROM commits WHERE "table" = ?', table).fetchone()
        return int(found[0] or 0)

    def find_version_at(self, table: str, moment: datetime) -> Commit | None:
        return self.database.read().one(
            Commit,
            'SELECT * FROM commits WHERE "table" = ? AND version IS NOT NULL AND committed_at <= ? '
            "ORDER BY version DESC LIMIT 1",
            table, iso(moment),
        )  # fmt: skip

    def list_commits(self, table: str, *, limit: int = 50, before: str | None = None) -> list[Commit]:
        return self.database.read().all(
            Commit,
            'SELECT * FROM commits WHERE "table" = ? AND (CAST(? AS TEXT) IS NULL OR id < ?) ORDER BY id DESC LIMIT ?',
            table, before, before, limit,
        )  # fmt: skip

    def files(self, table: str, version: int, partitions: Sequence[str] | None = None) -> list[DataFile]:
        return files_at(self.database.read(), table, version, partitions)

    def count_files(self, table: str, partition: str, *, up_to: int) -> int:
        found = self.database.read().execute(
            'SELECT COUNT(*) FROM files WHERE "table" = ? AND partition = ? AND removed_version IS NULL '
            "AND +added_version <= ?",
            table, partition, up_to,
        )  # fmt: skip
        return int(found.fetchone()[0])

    def file_changes(self, table: str, version: int) -> FileChanges:
        return changes_of(self.database.read(), table, version)

    def files_as_published(self, table: str, version: int) -> list[DataFile]:
        return files_as_published(self.database.read(), table, version)

    def compact(self, table: str, removed: Sequence[DataFile], added: DataFile, *, actor: str) -> bool:
        with self.database.write() as tx:
            newest = tx.one(Commit, NEWEST, table)
            if newest is None or newest.version is None:
                return False
            swapped = swap_files(tx, table, newest.version, removed, added)
            if swapped:
                detail = {"version": newest.version, "partition": added.partition, "files": len(removed)}
                tx.event(actor, "table.compacted", table, {**detail, "rows": added.rows})
        return swapped

    def judgements(self, commit_id: str) -> list[Judgement]:
        return self.database.read().all(
            Judgement, "SELECT * FROM judgements WHERE commit_id = ? ORDER BY partition", commit_id
        )

    def find_judgement(self, table: str, partition: str, *, version: int) -> Judgement | None:
        return self.database.read().one(
            Judgement,
            'SELECT j.* FROM judgements j JOIN commits c ON c.id = j.commit_id WHERE j."table" = ? AND j.partition = ? '
            "AND c.version <= ? ORDER BY c.version DESC LIMIT 1",
            table, partition, version,
        )  # fmt: skip

    def budgets(self, table: str) -> list[ErrorBudget]:
        return list_budgets(self.database.read(), table)

    def profiles(self, table: str, *, after: int = 0, limit: int = 400) -> list[Profile]:
        return read_profiles(self.database.read(), table, after=after, limit=limit)

    def find_reshape(self, table: str, *, after: int) -> int | None:
        found = self.database.read().execute(
            'SELECT MAX(version) FROM commits WHERE "table" = ? AND version > ? AND '
            "(renamed <> '{}' OR operation IN ('widen', 'restore'))",
            table, after,
        )  # fmt: skip
        version = found.fetchone()[0]
        return None if version is None else int(version)

    def list_renaming(self, table: str) -> list[Commit]:
        return list_renaming(self.database.read(), table)

    def list_latest(self) -> list[Commit]:
        return self.database.read().all(
            Commit,
            'SELECT c.* FROM commits c JOIN (SELECT "table" AS name, MAX(version) AS newest FROM commits '
            'GROUP BY "table") n ON c."table" = n.name AND c.version = n.newest ORDER BY c."table"',
        )


def _refuse_parts(tx: Transaction, drafts: Sequence[Draft]) -> None:
    """Raises Misuse when only some of these commits were made before: the rest would be half of an act."""
    known = [_by_key(tx, each.commit.table, each.commit.idempotency_key) for each in drafts]
    there = [commit for commit in known if commit is not None]
    if 0 < len(there) < len(drafts):
        raise Misuse(
            f"The idempotency key {there[0].idempotency_key!r} stands for another commit of table {there[0].table!r} "
            f"({there[0].id}), which was made without the rest; give this common commit a key of its own."
        )


def _publish(tx: Transaction, draft: Draft, actor: str, moment: datetime) -> Commit:
    commit = draft.commit
    known = _by_key(tx, commit.table, commit.idempotency_key)
    if known is not None:
        refuse_other_act(known, commit.operation)
        return known
    newest = tx.one(Commit, NEWEST, commit.table)
    refuse_conflict(tx, commit, newest)
    stored = store_commit(tx, commit, newest, moment)
    for judgement in draft.judgements:
        tx.insert("judgements", judgement, commit_id=commit.id, table=commit.table)
    if stored.version is not None:
        _resolve_partitions(tx, stored, actor)
    tx.event(actor, EVENT_OF_STATE[commit.state], commit.table, describe(stored))
    if draft.diverted is not None:
        aside = store_commit(tx, draft.diverted, newest, moment)
        tx.event(actor, "table.diverted", commit.table, describe(aside) | {"diverted_from": commit.id})
    for alert in draft.alerts:
        open_alert(tx, alert, actor)
    for budget in list_exhausted(tx, draft):
        detail = {"check": budget.check, "objective": budget.objective, "owner": budget.owner, "failed": budget.failed}
        tx.event(actor, "check.budget_exhausted", commit.table, {**detail, "commit": commit.id})
    return stored


def _by_key(tx: Transaction, table: str, key: str | None) -> Commit | None:
    if key is None:
        return None
    return tx.one(Commit, 'SELECT * FROM commits WHERE "table" = ? AND idempotency_key = ?', table, key)


def _get_commit(tx: Transaction, commit_id: str) -> Commit:
    commit = tx.one(Commit, "SELECT * FROM commits WHERE id = ?", commit_id)
    if commit is None:
        raise NotFound(f"There is no commit {commit_id!r}.")
    return commit


def _resolve_partitions(tx: Transaction, commit: Commit, actor: str) -> None:
    for partition in commit.partitions:
        for alert in tx.all(Alert, SETTLED_BY.get(commit.operation, SETTLED), commit.table, partition):
            again = f"partition {partition} was committed again as {commit.state} (version {commit.version})"
            resolve_alert(tx, alert, again, actor)
