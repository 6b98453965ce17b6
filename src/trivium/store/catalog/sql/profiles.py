"""What partitions looked like, in today's names of columns."""

from __future__ import annotations

from msgspec.structs import replace

from trivium.store.catalog.sql.database import Transaction
from trivium.store.catalog.sql.rows import from_json
from trivium.values.alerts import Profile, RelationProfile
from trivium.values.tables import Commit

NEWEST_OF_EACH = (
    "SELECT c.version, j.profile FROM (SELECT j.commit_id, j.partition, ROW_NUMBER() OVER "
    "(PARTITION BY j.partition ORDER BY c.version DESC) AS place FROM commits c "
    'JOIN judgements j ON j.commit_id = c.id WHERE c."table" = ? AND c.version > ?) n '
    "JOIN judgements j ON j.commit_id = n.commit_id AND j.partition = n.partition "
    "JOIN commits c ON c.id = n.commit_id WHERE n.place = 1 ORDER BY j.partition DESC LIMIT ?"
)


def read_profiles(tx: Transaction, table: str, *, after: int, limit: int) -> list[Profile]:
    """The profile of each partition written after a version, by the commit that wrote it last, oldest first."""
    rows = tx.execute(NEWEST_OF_EACH, table, after, limit).fetchall()
    renames = list_renames(tx, table)
    found = [(int(row["version"]), from_json(Profile, row["profile"])) for row in reversed(rows)]
    return [_renamed(profile, [names for at, names in renames if at > version]) for version, profile in found]


def list_renames(tx: Transaction, table: str) -> list[tuple[int, dict[str, str]]]:
    """(version, names before to names after) of each renaming of columns, by a restore as well, oldest first."""
    return [(commit.version, commit.renamed) for commit in list_renaming(tx, table) if commit.version is not None]


def list_renaming(tx: Transaction, table: str) -> list[Commit]:
    """The commits that renamed columns, oldest first."""
    return tx.all(Commit, "SELECT * FROM commits WHERE \"table\" = ? AND renamed <> '{}' ORDER BY version", table)


def _renamed(profile: Profile, renames: list[dict[str, str]]) -> Profile:
    for names in renames:
        columns = tuple(replace(column, name=names.get(column.name, column.name)) for column in profile.columns)
        profile = replace(
            profile, columns=columns, relations=tuple(_related(each, names) for each in profile.relations)
        )
    return profile


def _related(found: RelationProfile, names: dict[str, str]) -> RelationProfile:
    columns = tuple(names.get(name, name) for name in found.relation.columns)
    return replace(found, relation=replace(found.relation, columns=columns))
