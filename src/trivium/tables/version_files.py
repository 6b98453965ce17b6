"""The files of a version, for engines that read them by themselves."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from trivium.frames.deferred import pl
from trivium.store.store import Store
from trivium.tables.read import read_version


class VersionFiles(NamedTuple):
    """Where the rows of a version are, in order of partition, and the columns that they have together.

    A file may lack columns, which are null in it, or hold them in a narrower type, and may have more.
    """

    paths: tuple[Path, ...]
    schema: pl.Schema


def locate_version(store: Store, name: str, version: int, partitions: tuple[str, ...] | None = None) -> VersionFiles:
    """The files of a published version, or of some partitions of it, as local paths whose bytes are what was committed;
    told, noted and refused as by `read_version`."""
    schema = read_version(store, name, version, partitions=partitions).collect_schema()
    files = [] if partitions == () else store.catalog.tables.files(name, version, partitions)
    return VersionFiles(tuple(Path(path) for path in store.lake.local_paths(files)), schema)
