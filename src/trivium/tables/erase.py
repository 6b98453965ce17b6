"""Erase: rows are gone from every version, from what was learned of them, and from everything derived.

Unlike a delete this changes the past, because a person has the right to it (GDPR, article 17). What stays is the fact:
how many rows, by whom, why, and which columns the condition named; never its values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import polars as pl
from msgspec import Struct
from msgspec.structs import replace

from trivium.checks.expression import Expression
from trivium.checks.judge import describe_partition
from trivium.checks.mask import mask_rows
from trivium.checks.partition import Partition
from trivium.errors import Misuse, UnsupportedValue
from trivium.failpoints import failpoint
from trivium.frames import dtype_of, has_dtype
from trivium.lineage.trained import models_trained_on
from trivium.store.catalog.retention import Erasure, FileSpan
from trivium.store.store import Store
from trivium.tables.commit import version_of
from trivium.tables.delete import condition
from trivium.tables.delta_mirror import forget_mirror, mirror_table
from trivium.tables.derived import forget_derived
from trivium.tables.orphans import find_orphans
from trivium.tables.read import get_version
from trivium.tables.redact import redact_alert, redact_judgement
from trivium.tables.repeat import repeat_on_conflict
from trivium.tables.retrain import mark_retrain_due
from trivium.values.alerts import Alert, Judgement, Profile
from trivium.values.events import Event
from trivium.values.tables import Column, Commit, DataFile

SHORTEST = 3  # shorter texts are in every message by chance


class Erased(Struct, frozen=True):
    """What an erasure did: how many rows of how many files, and the models that learnt from them and have to forget."""

    table: str
    version: int
    rows: int
    files: int
    retrain: tuple[tuple[str, int], ...]


class Found(Struct, frozen=True):
    """The rows to erase: the files that hold them, each without them (None: nothing is left), and their texts."""

    swaps: dict[str, DataFile | None]
    spans: tuple[FileSpan, ...]
    partitions: tuple[str, ...]
    texts: frozenset[str]
    rows: int
    searched: frozenset[str]


def erase_rows(store: Store, name: str, where: str, *, because: str) -> Erased:
    """The rows that `where` is true for are in no version, no statistic, no message, and no cache of this project.

    Every version is searched, commits in quarantine too, in the columns' names of that time. The models that were
    trained on a version that held them are marked "retrain due". The bytes are deleted when this returns; back-ups and
    copies elsewhere are not reached. Raises Misuse for a condition that does not fit the table.
    """
    finish_interrupted(store, name)
    recorded = repeat_on_conflict(store, lambda noting: _record(noting, name, where, because))
    failpoint("erase:recorded")
    if recorded is None:
        return Erased(name, store.catalog.tables.newest_version(name), 0, 0, ())
    version = recorded.newest + 1
    _finish(store, name, {"version": version, "files": recorded.swaps, "models": recorded.models, "because": because})
    return Erased(name, version, recorded.rows, len(recorded.swaps), recorded.models)


def finish_interrupted(store: Store, table: str) -> int:
    """Erasures whose process died before the bytes were deleted are finished; returns how many there were."""
    finished = {event.detail["version"] for event in _events(store, table, "table.erasure_finished")}
    left = [event for event in _events(store, table, "table.erased") if event.detail["version"] not in finished]
    for event in left:
        _finish(store, table, event.detail)
    return len(left)


def _events(store: Store, table: str, kind: str) -> list[Event]:
    return store.catalog.events.list_events(kind=kind, subject=table, limit=100_000)


def _record(store: Store, name: str, where: str, because: str) -> Erasure | None:
    """The erasure, which the catalog has; None when no row is to be erased."""
    newest = get_version(store, name)
    expression = condition(name, where, newest.columns)
    found = _find_rows(store, newest, expression)
    if not found.swaps:
        return None
    models = models_trained_on(store.catalog, name, _versions(found.spans, version_of(newest)))
    erasure = Erasure(
        table=name,
        newest=version_of(newest),
        searched=found.searched,
        swaps=found.swaps,
        judgements=tuple(_judgements(store, newest, found)),
        alerts=tuple(_alerts(store, name, found)),
        rows=found.rows,
        conditioned_on=expression.columns,
        because=because,
        models=tuple(models),
    )
    failpoint("erase:written")
    store.catalog.retention.erase(erasure, actor=store.actor)
    return erasure


def _finish(store: Store, table: str, told: Mapping[str, Any]) -> None:
    """The models know; the bytes of these files, and everything that was derived from them, are gone.

    told: what the event of the erasure tells.
    """
    models = [(str(model), int(version)) for model, version in told.get("models", ())]
    mark_retrain_due(store, table, models, because=told["because"])
    for path in (*told["files"], *find_orphans(store, table)):
        store.lake.delete(path)
    failpoint("erase:deleted")
    forget_derived(store, table)
    forget_mirror(store, table)
    failpoint("erase:forgotten")
    with suppress(UnsupportedValue):
        mirror_table(store, table, anew=True)
    store.catalog.retention.scrub()
    store.catalog.events.append("table.erasure_finished", table, {"version": told["version"]}, actor=store.actor)


def _find_rows(store: Store, newest: Commit, expression: Expression) -> Found:
    spans = store.catalog.retention.list_spans(newest.table)
    files = {span.file.path: (span.file, span.added_version) for span in spans}
    spanned = set(files)
    aside = dict[str, str]()
    for commit in store.catalog.retention.list_aside(newest.table):
        aside |= {file.path: commit.id for file in commit.added}
        files |= {file.path: (file, version_of(newest)) for file in commit.added if store.lake.has(file)}
    names = store.catalog.retention.list_renames(newest.table)
    swaps, texts, rows = dict[str, DataFile | None](), set[str](), 0
    for path, (file, version) in files.items():
        frame = store.lake.scan([file]).collect()
        hit = _mask(expression, _as_today(frame, newest, names, version), newest, aside.get(path))
        if hit.any():
            kept = frame.filter(~hit)
            swaps[path] = store.lake.write(newest.table, file.partition, kept) if kept.height else None
            texts |= _texts(frame.filter(hit))
            rows += frame.height - kept.height
    return Found(
        swaps=swaps,
        spans=tuple(span for span in spans if span.file.path in swaps),
        partitions=tuple(sorted({files[path][0].partition for path in swaps})),
        texts=frozenset(texts),
        rows=rows,
        searched=frozenset(spanned | set(aside)),
    )


def _as_today(
    frame: pl.DataFrame, newest: Commit, renames: Iterable[tuple[int, Mapping[str, str]]], version: int
) -> pl.DataFrame:
    """The rows in today's names of columns; columns that came later are null."""
    for at, names in renames:
        if at > version:
            frame = frame.rename(dict(names), strict=False)
    later = {
        column.name: pl.lit(None, dtype=dtype_of(column.type) if has_dtype(column.type) else None)
        for column in newest.columns
        if column.name not in frame.columns
    }
    return frame.with_columns(**later)


def _mask(expression: Expression, rows: pl.DataFrame, newest: Commit, aside: str | None) -> pl.Series:
    """(n,) booleans: whether the condition is true. aside: the commit that was kept aside with these rows, if one was.

    What was kept aside may have numbers or times as text. Raises Misuse when the condition fits no reading of it.
    """
    try:
        return mask_rows(expression, rows)
    except Misuse as error:
        named = {name.lower() for name in expression.columns}
        texts = [each for each in newest.columns if aside and each.name.lower() in named and _is_text(rows, each)]
        if not texts:
            raise
        with suppress(pl.exceptions.PolarsError):
            return mask_rows(
                expression, rows.with_columns(pl.col(each.name).cast(dtype_of(each.type)) for each in texts)
            )
        names = ", ".join(each.name for each in texts)
        raise Misuse(
            f"{error}. In commit {aside}, which was kept aside, {names} is text: write "
            "a condition that holds there as well, such as TRY_CAST(price AS DOUBLE) > 5."
        ) from None


def _is_text(rows: pl.DataFrame, column: Column) -> bool:
    """Whether the rows have text where the table has something else."""
    return rows.schema[column.name] == pl.String and column.type != "string" and has_dtype(column.type)


def _texts(rows: pl.DataFrame) -> set[str]:
    """Every text of these rows that a message could quote."""
    columns = rows.select(pl.selectors.string() | pl.selectors.categorical())
    values = {str(value) for column in columns.iter_columns() for value in column.drop_nulls().to_list()}
    return {value for value in values if len(value) >= SHORTEST}


def _versions(spans: Iterable[FileSpan], newest: int) -> set[int]:
    """The versions that held one of the files."""
    return {
        version
        for span in spans
        for version in range(span.added_version, newest + 1 if span.removed_version is None else span.removed_version)
    }


def _judgements(store: Store, newest: Commit, found: Found) -> Iterable[tuple[str, Judgement]]:
    """What was recorded of each touched partition, as if the rows had never been there."""
    for commit in store.catalog.retention.list_judged(newest.table, found.partitions):
        for judgement in store.catalog.tables.judgements(commit.id):
            if judgement.partition in found.partitions:
                profile = _profile_again(store, commit, judgement.partition, found)
                yield commit.id, redact_judgement(replace(judgement, profile=profile), found.texts)


def _profile_again(store: Store, commit: Commit, partition: str, found: Found) -> Profile:
    files = [found.swaps.get(file.path, file) for file in commit.added if file.partition == partition]
    kept = [file for file in files if file is not None and store.lake.has(file)]
    rows = store.lake.scan(kept).collect() if kept else pl.DataFrame()
    return describe_partition(store.catalog.tables.get_spec(commit.table), Partition(partition, rows))


def _alerts(store: Store, table: str, found: Found) -> Iterable[Alert]:
    for partition in found.partitions:
        for alert in store.catalog.alerts.list_alerts(table=table, partition=partition, limit=10_000):
            redacted = redact_alert(alert, found.texts)
            if redacted != alert:
                yield redacted
