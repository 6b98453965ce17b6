"""A split as a stored fact: both sides kept by content, found again by every run that names it."""

from __future__ import annotations

from typing import Any

import polars as pl
from msgspec import Struct
from msgspec.structs import replace

from trivium.durations import parse_duration
from trivium.errors import Misuse, NotFound
from trivium.pipelines.artifacts import decode, encode
from trivium.store.acting import note_read
from trivium.store.store import Store, current_store
from trivium.tables.rows_digest import rows_digest
from trivium.tables.split import Sides, complete_rule, divide_rows
from trivium.tables.split_age import watch_splits
from trivium.values.runs import ArtifactRef, TableInput
from trivium.values.splits import Split, SplitRule, SplitUse, Window


class SplitRequest(Struct, frozen=True):
    """What a run asks of a split. `follows`: it moves with its data, so it is not looked up by name."""

    name: str
    rule: SplitRule
    fresh: str | None = None
    refresh: bool = False
    follows: bool = False


def keep_split(store: Store, run: str, node: str, rows: pl.DataFrame, request: SplitRequest) -> Sides:
    """(past, exam) of the stored split, which is made of the rows when there is none, or a refresh is asked for.

    A run that goes on, or reproduces another, gets the version that it, or the other, had. Raises Misuse when the rule
    is another one than that of the stored split, NotFound when its rows were erased.
    """
    if request.fresh is not None:
        parse_duration(request.fresh)
    rule = complete_rule(request.rule, rows)
    use = SplitUse(run, node, request.name, 0)
    known = None if request.follows else _find_known(store, use, request)
    if known is None:
        return _make(store, rows, replace(request, rule=rule), use)
    if known.rule != rule:
        raise Misuse(
            f"Split {known} was made by {known.rule}, and this run asks for {rule}: say refresh=True to make the next "
            "version by the new rule, or give it another name."
        )
    store.catalog.splits.record_use(replace(use, version=known.version))
    watch_splits(store, [request.name])
    return read_sides(store, known)


def read_split(name: str, version: int | None = None, *, store: Store | None = None) -> Sides:
    """(past, exam) of a stored split (None: its newest version), row by row as the runs that used it had them.

    Raises NotFound when there is no such split, or its rows were erased.
    """
    memory = store or current_store()
    return read_sides(memory, memory.catalog.splits.get_split(name, version))


def read_sides(store: Store, split: Split) -> Sides:
    """(past, exam) of this version. Raises NotFound when its rows were erased, CorruptObject when they changed."""
    for blob in (split.past_blob, split.exam_blob):
        if not store.blobs.has(blob):
            raise NotFound(
                f"The rows of split {split} are not kept any more; tv.split(..., refresh=True) makes new ones."
            )
        note_read("blob", blob)
    past, exam = (
        decode(ArtifactRef("frame", blob), store.blobs, "polars.DataFrame")
        for blob in (split.past_blob, split.exam_blob)
    )
    return past, exam


def _find_known(store: Store, use: SplitUse, request: SplitRequest) -> Split | None:
    """The version that this task has to work with, if that is settled."""
    reproduces = store.catalog.runs.get_run(use.run).tags.get("reproduces")
    for run in (use.run, reproduces):
        before = store.catalog.splits.find_use(run, use.node, use.name) if run else None
        if before is not None:
            return store.catalog.splits.get_split(before.name, before.version)
    known = None if request.refresh else store.catalog.splits.find_split(request.name)
    if known is not None and known.fresh != request.fresh:
        return store.catalog.splits.keep(
            replace(known, fresh=request.fresh, actor=store.actor), refresh=False, use=None
        )
    return known


def _make(store: Store, rows: pl.DataFrame, request: SplitRequest, use: SplitUse) -> Sides:
    past, exam = divide_rows(rows, request.rule)
    draft = _draft(store, use.run, past, exam, request)
    if request.follows:
        kept = store.catalog.splits.follow(draft, use=use)
    else:
        kept = store.catalog.splits.keep(draft, refresh=request.refresh, use=use)
    watch_splits(store, [request.name])
    if (kept.past_digest, kept.exam_digest) == (draft.past_digest, draft.exam_digest):
        return past, exam
    return read_sides(store, kept)  # another run was faster, and its split is the one


def _draft(store: Store, run: str, past: pl.DataFrame, exam: pl.DataFrame, request: SplitRequest) -> Split:
    past_ref, exam_ref = encode(past, store.blobs), encode(exam, store.blobs)
    return Split(
        name=request.name, version=0, rule=request.rule, inputs=_inputs(store, run),
        past_rows=past.height, past_digest=rows_digest(past), past_blob=past_ref.digest,
        past_window=_window(past, request.rule.time), exam_rows=exam.height, exam_digest=rows_digest(exam),
        exam_blob=exam_ref.digest, exam_window=_window(exam, request.rule.time), run=run, actor=store.actor,
        created_at=store.clock(), fresh=request.fresh,
    )  # fmt: skip


def _inputs(store: Store, run: str) -> tuple[TableInput, ...]:
    """The table versions that the run had read by now."""
    read = {(each.name, each.version) for each in store.catalog.lineage.reads_of(run) if each.kind == "table"}
    found = [(name, version, store.catalog.tables.find_version(name, version)) for name, version in sorted(read)]
    return tuple(TableInput(name, version, commit.digest if commit else "") for name, version, commit in found)


def _window(rows: pl.DataFrame, time: str | None) -> Window | None:
    if time is None or time not in rows.columns:
        return None
    first: Any = rows[time].min()
    last: Any = rows[time].max()
    return None if first is None else (first.isoformat(), last.isoformat())
