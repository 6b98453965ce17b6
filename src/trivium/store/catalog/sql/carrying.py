"""Which versions may still hold rows of which commit."""

from __future__ import annotations

from collections.abc import Iterable

from trivium.store.catalog.sql.database import Transaction

END = 2**62  # no table has as many versions

# The spans s of the files f of commit c. A path has a span of versions for each time that it was live; it was dropped
# when an operation that puts no old row into a new file ended the span.
SPANS = """files f JOIN files s ON s.path = f.path
    LEFT JOIN commits x ON x."table" = s."table" AND x.version = s.removed_version
    WHERE f."table" = c."table" AND f.added_version = c.version AND f.added_by = 'commit'"""
DROPPED = "(s.removed_version IS NOT NULL AND s.removed_by = 'commit' AND x.operation IN ('overwrite', 'restore'))"

# Whether {version} may hold rows of commit c. A commit that added no file counts as carried.
CARRIED = f"""(c.version = {{version}} OR c.carried_until > {{version}} OR (c.carried_until IS NULL AND (
    NOT EXISTS (SELECT 1 FROM files f WHERE f."table" = c."table" AND f.added_version = c.version
        AND f.added_by = 'commit')
    OR EXISTS (SELECT 1 FROM {SPANS} AND s.added_version <= {{version}}
        AND (s.removed_version > {{version}} OR NOT {DROPPED}))
)))"""


def remember_carried(tx: Transaction, table: str, paths: Iterable[str]) -> None:
    """How long the commits of these files are carried is on record, so that the files can be forgotten."""
    versions = set[int]()
    for path in paths:
        rows = tx.execute("SELECT added_version FROM files WHERE path = ? AND added_by = 'commit'", path)
        versions |= {int(row["added_version"]) for row in rows}
    for version in sorted(versions):
        spans = tx.execute(
            f"SELECT COUNT(*) AS all_, SUM(CASE WHEN {DROPPED} THEN 1 ELSE 0 END) AS dropped, "
            f"MAX(s.removed_version) AS ended FROM commits c, {SPANS} "
            'AND c."table" = ? AND c.version = ? AND c.carried_until IS NULL',
            table, version,
        ).fetchone()  # fmt: skip
        if spans["all_"]:
            until = spans["ended"] if spans["dropped"] == spans["all_"] else END
            tx.execute('UPDATE commits SET carried_until = ? WHERE "table" = ? AND version = ?', until, table, version)
