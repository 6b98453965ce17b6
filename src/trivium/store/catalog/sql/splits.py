"""Splits over SQL."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from trivium.errors import NotFound
from trivium.ids import checked_name
from trivium.store.catalog.sql.database import Database, Transaction
from trivium.store.catalog.sql.rows import iso
from trivium.values.models import ModelVersion
from trivium.values.splits import Examined, Split, SplitUse

NEWEST = "SELECT * FROM splits WHERE name = ? ORDER BY version DESC LIMIT 1"
LAST = ("9999", "", 0)  # later than every moment that is ever recorded


class SqlSplits:
    """Implements `Splits`; see there for the guarantees."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def keep(self, draft: Split, *, refresh: bool, use: SplitUse | None) -> Split:
        checked_name(draft.name, "split")
        with self.database.write() as tx:
            newest = tx.one(Split, NEWEST, draft.name)
            stays = newest is not None and (not refresh or _same(newest, draft))
            kept = newest if newest is not None and stays else _next(tx, draft, newest)
            return _settle(tx, kept, draft, use)

    def follow(self, draft: Split, *, use: SplitUse | None) -> Split:
        checked_name(draft.name, "split")
        with self.database.write() as tx:
            alike = tx.all(
                Split,
                "SELECT * FROM splits WHERE name = ? AND past_digest = ? AND exam_digest = ? ORDER BY version DESC",
                draft.name, draft.past_digest, draft.exam_digest,
            )  # fmt: skip
            known = next((each for each in alike if _same(each, draft)), None)
            kept = known or _next(tx, draft, tx.one(Split, NEWEST, draft.name))
            return _settle(tx, kept, draft, use)

    def find_split(self, name: str, version: int | None = None) -> Split | None:
        if version is None:
            return self.database.read().one(Split, NEWEST, name)
        return self.database.read().one(Split, "SELECT * FROM splits WHERE name = ? AND version = ?", name, version)

    def get_split(self, name: str, version: int | None = None) -> Split:
        found = self.find_split(name, version)
        if found is not None:
            return found
        newest = self.find_split(name)
        if newest is not None:
            raise NotFound(f"Split {name!r} has no version {version}; its newest is {newest.version}.")
        known = ", ".join(each.name for each in self.list_newest()[:10]) or "none yet"
        raise NotFound(f"There is no split {name!r}. Splits: {known}.")

    def list_splits(
        self, *, name: str | None = None, before: tuple[datetime, str, int] | None = None, limit: int = 50
    ) -> list[Split]:
        seen = LAST if before is None else (iso(before[0]), *before[1:])
        return self.database.read().all(
            Split,
            "SELECT * FROM splits WHERE (CAST(? AS TEXT) IS NULL OR name = ?) "
            "AND (created_at, name, version) < (?, ?, ?) ORDER BY created_at DESC, name DESC, version DESC LIMIT ?",
            name, name, *seen, limit,
        )  # fmt: skip

    def list_newest(self) -> list[Split]:
        return self.database.read().all(
            Split,
            "SELECT s.* FROM splits s WHERE s.version = (SELECT MAX(o.version) FROM splits o WHERE o.name = s.name) "
            "ORDER BY s.name",
        )

    def list_of_table(self, table: str) -> list[Split]:
        found = self.database.read().all(
            Split,
            "SELECT * FROM splits WHERE inputs LIKE ? ORDER BY created_at, name, version",
            f'%"table":"{table}"%',
        )
        return [each for each in found if any(read.table == table for read in each.inputs)]

    def list_by_exam(self, digest: str) -> list[Split]:
        return self.database.read().all(
            Split, "SELECT * FROM splits WHERE exam_digest = ? ORDER BY created_at, name, version", digest
        )

    def record_use(self, use: SplitUse) -> None:
        with self.database.write() as tx:
            _record_use(tx, use)

    def find_use(self, run: str, node: str, name: str) -> SplitUse | None:
        return self.database.read().one(
            SplitUse, "SELECT * FROM split_uses WHERE run = ? AND node = ? AND name = ?", run, node, name
        )

    def list_uses(self, name: str, version: int, *, limit: int = 200) -> list[SplitUse]:
        return self.database.read().all(
            SplitUse,
            "SELECT * FROM split_uses WHERE name = ? AND version = ? ORDER BY run DESC, node LIMIT ?",
            name, version, limit,
        )  # fmt: skip

    def record_examined(self, examined: Examined) -> None:
        with self.database.write() as tx:
            tx.replace("examined", examined)

    def list_examined(
        self, digest: str, *, before: tuple[datetime, str, int] | None = None, limit: int = 50
    ) -> list[ModelVersion]:
        seen = LAST if before is None else (iso(before[0]), *before[1:])
        return self.database.read().all(
            ModelVersion,
            "SELECT m.* FROM examined e JOIN model_versions m ON m.name = e.model AND m.version = e.version "
            "WHERE e.exam_digest = ? AND (e.registered_at, e.model, e.version) < (?, ?, ?) "
            "ORDER BY e.registered_at DESC, e.model DESC, e.version DESC LIMIT ?",
            digest, *seen, limit,
        )  # fmt: skip


def _same(one: Split, other: Split) -> bool:
    """Whether both are the same division of the same rows."""
    return all(getattr(one, each) == getattr(other, each) for each in ("rule", "past_digest", "exam_digest"))


def _next(tx: Transaction, draft: Split, newest: Split | None) -> Split:
    made = replace(draft, version=1 if newest is None else newest.version + 1, created_at=tx.clock())
    tx.insert("splits", made)
    detail = {"version": made.version, "rule": str(made.rule), "exam": made.exam_digest, "rows": made.exam_rows}
    tx.event(made.actor, "split.recorded", made.name, detail)
    return made


def _settle(tx: Transaction, split: Split, draft: Split, use: SplitUse | None) -> Split:
    """The split has the draft's policy, and the use is of it."""
    if use is not None:
        _record_use(tx, replace(use, name=split.name, version=split.version))
    if split.fresh == draft.fresh:
        return split
    changed = replace(split, fresh=draft.fresh)
    tx.replace("splits", changed)
    tx.event(draft.actor, "split.policy_changed", split.name, {"version": split.version, "fresh": draft.fresh})
    return changed


def _record_use(tx: Transaction, use: SplitUse) -> None:
    known = tx.execute("SELECT 1 FROM split_uses WHERE run = ? AND node = ? AND name = ?", use.run, use.node, use.name)
    if known.fetchone() is None:
        tx.insert("split_uses", use)
