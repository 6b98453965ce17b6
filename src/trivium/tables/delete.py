"""Delete: rows that a condition is true for are in no later version; older versions still have them."""

from __future__ import annotations

from collections.abc import Sequence

from trivium.checks.expression import Expression, parse_expression
from trivium.checks.mask import mask_rows
from trivium.errors import Misuse
from trivium.store.catalog.tables import Draft
from trivium.store.store import Store
from trivium.tables.commit import draft_commit, find_known, publish, version_of
from trivium.tables.read import get_version
from trivium.tables.repeat import repeat_on_conflict
from trivium.tables.rewrite import Rewriting, drop_rows, judge_whole
from trivium.values.tables import Column, Commit, DataFile


def delete_rows(
    store: Store, name: str, where: str, *, idempotency_key: str | None = None, run: str | None = None
) -> Commit:
    """The rows that `where` (an SQL expression over a row) is true for are gone from the newest version.

    Older versions keep them until they are collected; `erase_rows` takes them out of all. With event time the checks
    judge what is left of each touched partition. When no row matches, the newest version is returned.
    Raises Misuse for an expression that is none, or over columns that the table does not have.
    """
    known = find_known(store, name, idempotency_key, "delete")
    if known is not None:
        return known
    return repeat_on_conflict(
        store, lambda noting: _delete(noting, name, where, idempotency_key=idempotency_key, run=run)
    )


def condition(table: str, where: str, columns: Sequence[Column]) -> Expression:
    """The parsed condition. Raises Misuse for columns that the table does not have."""
    expression = parse_expression(where)
    have = [column.name for column in columns]
    lower = {name.lower() for name in have}
    unknown = [name for name in expression.columns if name.lower() not in lower]
    if unknown:
        raise Misuse(f"Table {table!r} has no column {', '.join(unknown)}; it has {', '.join(have)}.")
    return expression


def _delete(store: Store, name: str, where: str, *, idempotency_key: str | None, run: str | None) -> Commit:
    newest = get_version(store, name)
    expression = condition(name, where, newest.columns)
    files = store.catalog.tables.files(name, version_of(newest))
    holders = [file for file in files if _holds_any(store, newest, expression, file)]
    change = drop_rows(store, newest, holders, lambda rows: mask_rows(expression, rows))
    if not change.removed:
        return newest
    return publish(store, _draft(store, newest, change, idempotency_key=idempotency_key, run=run))


def _draft(store: Store, newest: Commit, change: Rewriting, *, idempotency_key: str | None, run: str | None) -> Draft:
    spec = store.catalog.tables.get_spec(newest.table)
    return draft_commit(
        store,
        spec,
        operation="delete",
        judgements=judge_whole(store, newest, change) if spec.time else (),
        partitions=change.partitions,
        columns=newest.columns,
        added=change.added,
        removed=[file.path for file in change.removed],
        idempotency_key=idempotency_key,
        run=run,
        base=version_of(newest),
    )


def _holds_any(store: Store, newest: Commit, expression: Expression, file: DataFile) -> bool:
    """Whether the condition is true for a row of the file; only the columns that it names are read."""
    names = [column.name for column in newest.columns]
    rows = store.lake.scan([file], names)
    named = {name.lower() for name in expression.columns}
    wanted = [name for name in rows.collect_schema().names() if name.lower() in named]
    return bool(mask_rows(expression, (rows.select(wanted) if wanted else rows).collect()).any())
