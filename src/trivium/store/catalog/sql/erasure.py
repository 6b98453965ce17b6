"""The past of a table rewritten without the erased rows: the only act that changes what was published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from trivium.ids import new_id
from trivium.store.catalog.content import content_digest, content_of
from trivium.store.catalog.retention import Erasure
from trivium.store.catalog.sql.commits import moment_after
from trivium.store.catalog.sql.database import Transaction
from trivium.values.tables import Commit, DataFile


def erase_past(tx: Transaction, erasure: Erasure, newest: Commit, actor: str) -> Mapping[int, int]:
    """Files, commits, judgements and alerts are as if the rows had never been there. The newest version is followed."""
    changes = _swap_spans(tx, erasure)
    counts = {}
    for commit in tx.all(Commit, 'SELECT * FROM commits WHERE "table" = ?', erasure.table):
        erased = _without(commit, erasure, changes)
        if erased != commit:
            tx.replace("commits", erased)
        if erased.version is not None:
            counts[erased.version] = erased.rows
    for commit_id, judgement in erasure.judgements:
        tx.replace("judgements", judgement, commit_id=commit_id, table=erasure.table)
    for alert in erasure.alerts:
        tx.replace("alerts", alert)
    return {**counts, **_follow(tx, erasure, newest, actor, counts[erasure.newest])}


def _swap_spans(tx: Transaction, erasure: Erasure) -> list[tuple[int, int | None, int, int]]:
    """(added version, removed version, rows less, content more) of each span whose file changed."""
    changes = []
    for path, written in erasure.swaps.items():
        for row in tx.execute("SELECT * FROM files WHERE path = ?", path).fetchall():
            before = DataFile(**{name: row[name] for name in DataFile.__struct_fields__})
            changes.append(
                (
                    int(row["added_version"]), row["removed_version"],
                    before.rows - (written.rows if written else 0),
                    (content_of(written) if written else 0) - content_of(before),
                )
            )  # fmt: skip
            tx.execute("DELETE FROM files WHERE path = ? AND added_version = ?", path, row["added_version"])
            if written is not None:
                placed = replace(written, rank=before.rank)
                more = {name: row[name] for name in ("added_version", "added_by", "removed_version", "removed_by")}
                tx.insert("files", placed, table=erasure.table, **more)
    return changes


def _without(commit: Commit, erasure: Erasure, changes: Iterable[tuple[int, int | None, int, int]]) -> Commit:
    added = tuple(
        file
        for before in commit.added
        for file in [erasure.swaps.get(before.path, before) if before.path in erasure.swaps else before]
        if file is not None
    )
    removed = tuple(path for path in (_renamed(path, erasure) for path in commit.removed) if path is not None)
    if commit.version is None:
        return replace(commit, added=added, removed=removed, rows=sum(file.rows for file in added))
    within = [each for each in changes if each[0] <= commit.version and (each[1] is None or commit.version < each[1])]
    content = int(commit.digest or "0", 16) + sum(each[3] for each in within)
    return replace(
        commit,
        added=added,
        removed=removed,
        rows=commit.rows - sum(each[2] for each in within),
        digest=content_digest(content) if commit.digest else "",
    )


def _renamed(path: str, erasure: Erasure) -> str | None:
    if path not in erasure.swaps:
        return path
    written = erasure.swaps[path]
    return None if written is None else written.path


def _follow(tx: Transaction, erasure: Erasure, newest: Commit, actor: str, rows: int) -> dict[int, int]:
    """A version after the newest one, with the same rows: whoever follows the table learns that something changed."""
    version = erasure.newest + 1
    digest = tx.execute('SELECT digest FROM commits WHERE "table" = ? AND version = ?', erasure.table, erasure.newest)
    follower = replace(
        newest, id=new_id(), version=version, state="valid", operation="erase", partitions=(), rows=rows, added=(),
        removed=(), idempotency_key=None, actor=actor, run=None, committed_at=moment_after(tx, [erasure.table]),
        base=erasure.newest, node="",
        digest=digest.fetchone()[0], renamed={}, collected_at=None,
    )  # fmt: skip
    tx.insert("commits", follower)
    detail: dict[str, Any] = {"version": version, "rows": erasure.rows, "columns": list(erasure.conditioned_on)}
    detail |= {"files": list(erasure.swaps), "because": erasure.because, "models": list(erasure.models)}
    tx.event(actor, "table.erased", erasure.table, detail)
    return {version: rows}
