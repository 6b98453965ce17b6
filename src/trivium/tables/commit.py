"""A commit: stage rows, judge them, then publish version, files, judgements, alerts and event in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import polars as pl
from msgspec.structs import replace

from trivium.checks.alert import raise_alerts
from trivium.checks.diversion import Diversion, divert_rows, is_diversion, tell_diversion
from trivium.checks.judge import judge
from trivium.checks.partition import Partition
from trivium.checks.surroundings import Surroundings
from trivium.errors import SchemaMismatch
from trivium.failpoints import failpoint
from trivium.frames import columns_of
from trivium.store.acting import acting_node, acting_run
from trivium.store.catalog.columns import merge_columns
from trivium.store.catalog.known import refuse_other_act
from trivium.store.catalog.tables import Draft
from trivium.store.store import Store
from trivium.tables.draft_files import files_of_draft
from trivium.tables.learned_feedback import learned_feedback
from trivium.tables.learned_history import learned_history
from trivium.tables.partitioning import split_partitions
from trivium.tables.staging import stage_rows
from trivium.tables.surroundings import around_commit
from trivium.tables.twice import tell_twice
from trivium.tables.upkeep import keep_up
from trivium.values.alerts import CheckResult, Judgement
from trivium.values.tables import Column, Commit, DataFile, Operation, State, TableSpec

BY_SEVERITY: tuple[State, ...] = ("valid", "flagged", "quarantined")


def commit_rows(
    store: Store,
    spec: TableSpec,
    rows: pl.DataFrame,
    *,
    operation: Operation = "append",
    idempotency_key: str | None = None,
    run: str | None = None,
    also: Sequence[CheckResult] = (),
) -> Commit:
    """The rows are published as the table's next version, or kept aside when a blocking check failed.

    operation: "append" adds rows; "overwrite" replaces the partitions that the rows belong to.
    idempotency_key: the same key again returns the first commit and changes nothing. also: what was found elsewhere of
    these partitions; it is recorded with their judgements, and decides nothing.

    Rows that a diverting rule does not hold for are kept aside in a commit of their own, at the same moment.
    Returns the commit, durable; its state is "valid", "flagged" or "quarantined".
    Raises SchemaMismatch or Misuse for rows that cannot belong to the table, VersionConflict when an overwrite lost a
    race.
    """
    store.catalog.tables.declare(spec, actor=store.actor)
    known = find_known(store, spec.name, idempotency_key, operation)
    if known is not None:
        return known

    def draft(noting: Store) -> Draft:
        made = draft_rows(noting, spec, rows, operation=operation, idempotency_key=idempotency_key, run=run)
        return replace(made, judgements=tuple(with_results(each, also) for each in made.judgements)) if also else made

    with files_of_draft(store) as noting:
        staged = draft(noting)
        try:
            return publish(noting, staged)
        except SchemaMismatch:  # a column was widened since the rows were staged, or they never fitted
            delete_files(noting, staged)
            return publish(noting, draft(noting))


def find_known(
    store: Store, table: str, idempotency_key: str | None, operation: Operation | None = None
) -> Commit | None:
    """The commit that was made under this key before. Raises Misuse when it was another operation."""
    known = store.catalog.tables.find_commit(table, idempotency_key) if idempotency_key else None
    if known is not None and operation is not None:
        refuse_other_act(known, operation)
    return known


def draft_rows(
    store: Store,
    spec: TableSpec,
    rows: pl.DataFrame,
    *,
    operation: Operation = "append",
    idempotency_key: str | None = None,
    run: str | None = None,
    base: int | None = None,
) -> Draft:
    """The rows are staged as files that nobody sees yet, and judged. base: the version that they have to follow."""
    newest = store.catalog.tables.find_version(spec.name)
    staged = stage_rows(spec, rows, newest.columns if newest else ())
    batch = split_partitions(spec, staged)
    diversion = Diversion(tuple(batch)) if operation == "upsert" else divert_rows(spec, batch)
    names = [part.name for part in batch]
    around = around_commit(store, spec, newest, replaced=names if operation == "overwrite" else ())
    judgements, added = judge_and_write(store, spec, diversion.kept, newest, around)
    if operation == "append":
        judgements = tell_twice(store, spec, newest, judgements, added)
    draft = draft_commit(
        store,
        spec,
        operation=operation,
        judgements=[tell_diversion(each, diversion) for each in judgements],
        partitions=names,
        columns=columns_of(staged),
        added=added,
        idempotency_key=idempotency_key,
        run=run,
        base=version_of(newest) if operation == "overwrite" else base,
    )
    return draft if not diversion.aside else draft_diverted(store, spec, draft, diversion.aside)


def with_results(judgement: Judgement, also: Sequence[CheckResult]) -> Judgement:
    """The judgement with those of the results that are about its partition."""
    more = (result for result in also if result.partition == judgement.partition)
    return replace(judgement, results=(*judgement.results, *more))


def draft_diverted(store: Store, spec: TableSpec, draft: Draft, aside: Sequence[Partition]) -> Draft:
    """The draft with a second commit: of the rows that a rule took out, in quarantine, with the alerts about them."""
    commit = replace(
        draft.commit,
        id=store.ids(),
        state="quarantined",
        operation="append",
        partitions=tuple(part.name for part in aside),
        added=tuple(write_partitions(store, spec.name, aside)),
        idempotency_key=None,
        base=None,
        diverted_from=draft.commit.id,
    )
    about = [_only(judgement, diverted=True) for judgement in draft.judgements]
    alerts = raise_alerts(spec, about, commit=commit.id, now=commit.committed_at, ids=store.ids)
    return replace(draft, alerts=(*draft.alerts, *alerts), diverted=commit)


def _only(judgement: Judgement, *, diverted: bool) -> Judgement:
    """The judgement with its results about diverted rows only, or with all the others."""
    return replace(judgement, results=tuple(each for each in judgement.results if is_diversion(each) is diverted))


def judge_and_write(
    store: Store, spec: TableSpec, batch: Sequence[Partition], newest: Commit | None, around: Surroundings
) -> tuple[tuple[Judgement, ...], list[DataFile]]:
    """What the checks say of the partitions, and their files, which are written meanwhile.

    Raises SchemaMismatch for a column of another type unless the rows are kept aside anyhow; nothing is left then.
    """
    history = learned_history(store, spec, newest)
    if spec.watch == "off" and not spec.checks:
        judgements = judge(spec, batch, history, now=store.clock())  # a thread would cost more than this
        _refuse_types(spec, batch, newest, judgements)
        return judgements, write_partitions(store, spec.name, batch)
    with ThreadPoolExecutor(1) as thread:
        writing = thread.submit(write_partitions, store, spec.name, batch)
        try:
            taught = learned_feedback(store, spec)
            judgements = judge(spec, batch, history, now=store.clock(), around=around, feedback=taught)
            _refuse_types(spec, batch, newest, judgements)
        except BaseException:
            for file in writing.result():
                store.lake.delete(file)
            raise
        return judgements, writing.result()


def _refuse_types(
    spec: TableSpec, batch: Sequence[Partition], newest: Commit | None, judgements: Sequence[Judgement]
) -> None:
    if newest is not None and worst_state(judgements) != "quarantined":
        for part in batch[:1]:
            merge_columns(spec.name, newest.columns, columns_of(part.rows))


def write_partitions(store: Store, table: str, batch: Sequence[Partition]) -> list[DataFile]:
    """Each partition's rows are a durable file."""
    return [store.lake.write(table, part.name, part.rows) for part in batch]


def draft_commit(
    store: Store,
    spec: TableSpec,
    *,
    operation: Operation,
    partitions: Sequence[str],
    columns: Sequence[Column],
    added: Sequence[DataFile],
    removed: Sequence[str] = (),
    judgements: Sequence[Judgement] = (),
    idempotency_key: str | None = None,
    run: str | None = None,
    base: int | None = None,
    renamed: dict[str, str] | None = None,
) -> Draft:
    """A commit of these files with the alerts that its judgements raise, ready to be published."""
    commit = Commit(
        id=store.ids(), table=spec.name, version=None, state=worst_state(judgements), operation=operation,
        partitions=tuple(partitions), rows=0, columns=tuple(columns), added=tuple(added), removed=tuple(removed),
        idempotency_key=idempotency_key, actor=store.actor, run=run or acting_run(), committed_at=store.clock(),
        base=base, renamed=renamed or {}, node=acting_node() if run in (None, acting_run()) else "",
    )  # fmt: skip
    about = [_only(judgement, diverted=False) for judgement in judgements]
    alerts = raise_alerts(spec, about, commit=commit.id, now=commit.committed_at, ids=store.ids)
    return Draft(commit, tuple(judgements), tuple(alerts))


def publish(store: Store, draft: Draft) -> Commit:
    """The draft is recorded; see `Tables.publish`. Then the table is kept in shape."""
    failpoint("commit:staged")
    commit = store.catalog.tables.publish(draft, actor=store.actor)
    if commit.id != draft.commit.id:
        delete_files(store, draft)  # another process was faster with the same key
    keep_up(store, commit)
    return commit


def delete_files(store: Store, draft: Draft) -> None:
    """The files that were written for the draft, of which no version will know, are gone."""
    for commit in (draft.commit, draft.diverted):
        for file in commit.added if commit is not None else ():
            store.lake.delete(file)


def worst_state(judgements: Sequence[Judgement]) -> State:
    """The state of a commit: that of its worst partition."""
    return max((judgement.state for judgement in judgements), key=BY_SEVERITY.index, default="valid")


def version_of(newest: Commit | None) -> int:
    """The version that a commit is made from: 0 when there is none yet."""
    return newest.version if newest is not None and newest.version is not None else 0
