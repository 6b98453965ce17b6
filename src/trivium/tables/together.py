"""Several tables committed at one moment: all of it is published, or nothing is."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from msgspec import Struct
from msgspec.structs import replace

from trivium.errors import Misuse
from trivium.failpoints import failpoint
from trivium.store.catalog.tables import Draft
from trivium.store.store import Store
from trivium.tables.commit import delete_files, draft_rows, find_known
from trivium.tables.draft_files import files_of_draft
from trivium.tables.upkeep import keep_up
from trivium.values.tables import Commit, Operation, TableSpec


class Part(Struct, frozen=True):
    """Rows for one table of a common commit."""

    spec: TableSpec
    rows: pl.DataFrame
    operation: Operation = "append"


def commit_parts(
    store: Store, parts: Sequence[Part], *, idempotency_key: str | None = None, run: str | None = None
) -> list[Commit]:
    """The rows of all parts are published in one transaction; a reader sees all of them or none.

    When the checks keep one part aside, all are kept aside: what belongs together is judged together. Returns the
    commits in the order of the parts. Raises Misuse when a table is given twice, and what `commit_rows` raises.
    """
    names = [part.spec.name for part in parts]
    if len(set(names)) != len(names) or not names:
        raise Misuse(f"A common commit takes one part for each table, and at least one; these are {names}.")
    for part in parts:
        store.catalog.tables.declare(part.spec, actor=store.actor)
    known = [find_known(store, part.spec.name, idempotency_key, part.operation) for part in parts]
    if all(commit is not None for commit in known):
        return [commit for commit in known if commit is not None]
    with files_of_draft(store) as noting:
        drafts = [
            draft_rows(noting, part.spec, part.rows, operation=part.operation, idempotency_key=idempotency_key, run=run)
            for part in parts
        ]
        failpoint("commit:staged")
        commits = store.catalog.tables.publish_together(_alike(drafts), actor=store.actor)
    for draft, commit in zip(drafts, commits, strict=True):
        if commit.id != draft.commit.id:
            delete_files(store, draft)
    for commit in commits:
        keep_up(store, commit)
    return commits


def _alike(drafts: Sequence[Draft]) -> list[Draft]:
    """The drafts, all of them kept aside when one of them is."""
    if all(draft.commit.state != "quarantined" for draft in drafts):
        return list(drafts)
    return [replace(draft, commit=replace(draft.commit, state="quarantined")) for draft in drafts]
