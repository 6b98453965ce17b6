"""Published pipelines over SQL."""

from __future__ import annotations

from msgspec.structs import replace

from trivium.errors import NotFound
from trivium.ids import checked_name
from trivium.store.catalog.sql.database import Database
from trivium.values.published import Publication

NEWEST = "SELECT * FROM published WHERE name = ? ORDER BY version DESC LIMIT 1"
SAME = ("kept", "parameters", "result", "tables")
MOST_NAMED = 10


class SqlPublished:
    """Implements `Published`; see there for the guarantees."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def publish(self, draft: Publication) -> Publication:
        checked_name(draft.name, "pipeline")
        with self.database.write() as tx:
            newest = tx.one(Publication, NEWEST, draft.name)
            if newest is not None and all(getattr(newest, each) == getattr(draft, each) for each in SAME):
                return newest
            version = 1 if newest is None else newest.version + 1
            made = replace(draft, version=version, created_at=tx.clock())
            tx.insert("published", made)
            tx.event(
                made.actor,
                "pipeline.published",
                made.name,
                {"version": version, "code": made.kept, **({"run": made.run} if made.run else {})},
            )
        return made

    def get_publication(self, name: str, version: int | None = None) -> Publication:
        newest = self.database.read().one(Publication, NEWEST, name)
        if newest is None:
            names = self.database.read().execute("SELECT DISTINCT name FROM published ORDER BY name").fetchall()
            known = ", ".join(each[0] for each in names[:MOST_NAMED]) or "none yet"
            raise NotFound(
                f"No pipeline {name!r} is published; there are: {known}. `trivium pipelines publish {name}` publishes "
                "the project's."
            )
        if version is None or version == newest.version:
            return newest
        found = self.database.read().one(
            Publication, "SELECT * FROM published WHERE name = ? AND version = ?", name, version
        )
        if found is None:
            raise NotFound(f"Published pipeline {name!r} has no version {version}; its newest is {newest.version}.")
        return found

    def list_publications(self, *, name: str | None = None, limit: int = 50) -> list[Publication]:
        return self.database.read().all(
            Publication,
            "SELECT * FROM published WHERE (CAST(? AS TEXT) IS NULL OR name = ?) "
            "ORDER BY created_at DESC, name DESC, version DESC LIMIT ?",
            name, name, limit,
        )  # fmt: skip
