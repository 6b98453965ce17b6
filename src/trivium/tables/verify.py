"""Verify: every byte that a table keeps is read again and compared with what was committed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from trivium.errors import CorruptObject, NotFound
from trivium.store.catalog.retention import FileSpan
from trivium.store.store import Store
from trivium.values.tables import DataFile


class Damage(Struct, frozen=True):
    """A file that is gone or was changed, the versions that cannot be read without it, and what is wrong.

    No version: a commit in quarantine has the file.
    """

    path: str
    versions: tuple[int, ...]
    problem: str


class Verified(Struct, frozen=True):
    """How much of a table was read, and what is damaged. versions: how many can be read."""

    table: str
    versions: int
    files: int
    bytes: int
    damaged: tuple[Damage, ...]


def verify_table(store: Store, name: str) -> Verified:
    """Every byte of every kept version and of every commit in quarantine was read. Raises NotFound for no table."""
    store.catalog.tables.get_spec(name)
    spans = store.catalog.retention.list_spans(name)
    files = {span.file.path: span.file for span in spans} | {file.path: file for file in _aside(store, name)}
    kept = _kept_versions(store, name)
    damaged = [
        Damage(path, versions_with(path, spans, kept), problem)
        for path, file in files.items()
        if (problem := _problem(store, file)) is not None
    ]
    lost = {version for each in damaged for version in each.versions}
    size = sum(file.bytes for file in files.values())
    return Verified(name, len(kept) - len(lost), len(files), size, tuple(damaged))


def find_missing(store: Store, name: str) -> list[str]:
    """The kept files of a table that are gone or have another size: one listing tells, no byte is read."""
    there = {path: size for path, size, _ in store.lake.list_paths(name)}
    files = {span.file.path: span.file for span in store.catalog.retention.list_spans(name)}
    return [path for path, file in files.items() if there.get(path) != file.bytes]


def versions_with(path: str, spans: Iterable[FileSpan], kept: Sequence[int]) -> tuple[int, ...]:
    """The kept versions that a file is part of."""
    within = [
        (span.added_version, span.removed_version or kept[-1] + 1) for span in spans if span.file.path == path and kept
    ]
    return tuple(version for version in kept if any(start <= version < end for start, end in within))


def _problem(store: Store, file: DataFile) -> str | None:
    try:
        store.lake.verify(file)
    except (CorruptObject, NotFound) as error:
        return str(error)
    return None


def _kept_versions(store: Store, name: str) -> list[int]:
    commits = [
        store.catalog.tables.find_version(name, version)
        for version in range(1, store.catalog.tables.newest_version(name) + 1)
    ]
    return [commit.version for commit in commits if commit and commit.version and commit.collected_at is None]


def _aside(store: Store, name: str) -> list[DataFile]:
    aside = store.catalog.retention.list_aside(name)
    return [file for commit in aside if commit.state == "quarantined" for file in commit.added]
