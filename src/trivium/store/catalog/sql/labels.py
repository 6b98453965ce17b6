"""Labelling over SQL."""

from __future__ import annotations

from msgspec.structs import replace

from trivium.errors import Misuse, NotFound
from trivium.ids import checked_name
from trivium.store.catalog.sql.database import Database
from trivium.store.catalog.sql.rows import iso
from trivium.values.labels import Claim, LabelSpec

CLAIM = 'SELECT * FROM label_claims WHERE "table" = ? AND "row" = ? AND annotator = ? AND until > ?'


class SqlLabelling:
    """Implements `Labelling`; see there for the guarantees."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def declare(self, spec: LabelSpec, *, actor: str) -> LabelSpec:
        checked_name(spec.name, "table")
        known = self.find_spec(spec.name)
        if known == spec:
            return spec
        with self.database.write() as tx:
            known = tx.one(LabelSpec, "SELECT * FROM label_specs WHERE name = ?", spec.name)
            if known is not None and (known.of, known.key) != (spec.of, spec.key):
                raise Misuse(
                    f"Table {spec.name!r} has labels of {known.of!r} by {', '.join(known.key)}, not of {spec.of!r} by "
                    f"{', '.join(spec.key)}; give these labels another name."
                )
            if known != spec:
                tx.replace("label_specs", spec)
                detail = {"of": spec.of, "question": spec.question, "options": spec.options, "per_row": spec.per_row}
                tx.event(actor, "labels.declared", spec.name, detail)
        return spec

    def get_spec(self, name: str) -> LabelSpec:
        found = self.find_spec(name)
        if found is None:
            known = ", ".join(each.name for each in self.list_specs()[:10]) or "none yet"
            raise NotFound(f"Nothing is asked in a table {name!r}. Tables of labels: {known}.")
        return found

    def find_spec(self, name: str) -> LabelSpec | None:
        return self.database.read().one(LabelSpec, "SELECT * FROM label_specs WHERE name = ?", name)

    def list_specs(self) -> list[LabelSpec]:
        return self.database.read().all(LabelSpec, "SELECT * FROM label_specs ORDER BY name")

    def claim(self, claim: Claim, *, places: int) -> Claim | None:
        with self.database.write() as tx:
            now = iso(tx.clock())
            tx.execute('DELETE FROM label_claims WHERE "table" = ? AND until <= ?', claim.table, now)
            mine = tx.one(Claim, CLAIM, claim.table, claim.row, claim.annotator, now)
            if mine is not None:
                mine = replace(mine, until=max(mine.until, claim.until))
                tx.replace("label_claims", mine)
                return mine
            others = tx.execute(
                'SELECT COUNT(*) AS n FROM label_claims WHERE "table" = ? AND "row" = ?', claim.table, claim.row
            ).fetchone()
            if others["n"] >= places:
                return None
            tx.insert("label_claims", claim)
        return claim

    def find_claim(self, table: str, row: str, annotator: str) -> Claim | None:
        return self.database.read().one(Claim, CLAIM, table, row, annotator, iso(self.database.clock()))

    def release(self, table: str, row: str, annotator: str) -> None:
        with self.database.write() as tx:
            tx.execute(
                'DELETE FROM label_claims WHERE "table" = ? AND "row" = ? AND annotator = ?', table, row, annotator
            )

    def list_claims(self, table: str) -> list[Claim]:
        return self.database.read().all(
            Claim,
            'SELECT * FROM label_claims WHERE "table" = ? AND until > ? ORDER BY claimed_at, "row", annotator',
            table, iso(self.database.clock()),
        )  # fmt: skip
