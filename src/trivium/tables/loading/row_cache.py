"""The wanted rows of a version as one matrix on disk, row after row, so that any row is one short read away.

A file is a page that tells what follows, and the floats. It is derived: `trivium gc` may remove it, and it is made
again when it is gone or its bytes are not what they were.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import IO

import msgspec
import numpy as np
from msgspec import Struct

from trivium.digest import digest_of
from trivium.errors import NotFound, StorageFull, VersionConflict
from trivium.settings import Settings
from trivium.store.disk_errors import tell_disk_errors
from trivium.store.durable import write_durably
from trivium.store.local_storage import stamp_of
from trivium.store.proven import Proven
from trivium.store.store import Store
from trivium.tables.loading.matrix import Matrix, Precision, matrix_of
from trivium.tables.loading.pieces import Piece, Span
from trivium.tables.loading.read_ahead import read_ahead
from trivium.tables.loading.row_source import RowSource

FOLDER = Path("cache") / "rows"
PAGE = 4096
GRACE = timedelta(hours=24)


class Header(Struct, frozen=True):
    """What a cached file holds. `digest`: SHA-256 of the floats."""

    rows: int
    columns: int
    precision: Precision
    digest: str


class RowCache:
    """A cached matrix of `rows` rows. It stays mapped once looked at: mapping it is a quarter of an epoch's work."""

    def __init__(self, path: Path, rows: int, columns: int, precision: Precision) -> None:
        self.path = path
        self.rows = rows
        self.columns = columns
        self.precision = precision
        self._mapped: Matrix | None = None

    @property
    def bytes(self) -> int:
        """The size of an intact file."""
        return PAGE + self.rows * self.columns * np.dtype(self.precision).itemsize

    def map(self) -> Matrix:
        """(rows, columns) floats, read from the file where they are looked at. Raises NotFound when it was removed."""
        if self._mapped is None:
            self._mapped = self._map() if self.rows else np.empty((0, self.columns), self.precision)
        return self._mapped

    def _map(self) -> Matrix:
        try:
            return np.asarray(np.memmap(self.path, self.precision, "r", PAGE, (self.rows, self.columns)))
        except (FileNotFoundError, ValueError):
            raise NotFound(f"The cached rows {self.path} were removed meanwhile; start the loading again.") from None

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_mapped": None}


class OpenCaches:
    """The cached matrix of each path with the stamp of its file, while a store is open."""

    def __init__(self) -> None:
        self.known: dict[Path, tuple[str, RowCache]] = {}


def row_cache_folder(settings: Settings, table: str | None = None) -> Path:
    """Where the cached rows of a table, or of all, are."""
    folder = settings.state / FOLDER
    return folder / table if table else folder


def get_row_cache(store: Store, source: RowSource, pieces: Sequence[Piece], precision: Precision) -> RowCache:
    """The wanted rows of a version, made unless they are there and intact. One process makes them, others wait.

    Raises StorageFull, and leaves nothing behind, when the disk has no room; VersionConflict when rows were erased
    meanwhile; and Misuse as `matrix_of` does.
    """
    version = source.version
    what = [version.digest, version.columns, version.where.text if version.where else "", precision]
    path = row_cache_folder(store.settings, version.table) / f"{digest_of('rows', what)}.rows"
    rows = sum(piece.matching for piece in pieces)
    cache = RowCache(path, rows, len(version.columns), precision)
    proven = Proven(store.settings.state / "cache" / "proven")
    if not is_intact(cache, proven):
        _make(store, source, pieces, cache, proven)
    known = store.kept.get(OpenCaches).known
    stamp = stamp_of(path.lstat())
    if path not in known or known[path][0] != stamp:
        known[path] = stamp, cache
    return known[path][1]


def is_intact(cache: RowCache, proven: Proven) -> bool:
    """Whether the file is there with the bytes that were written; they are read unless their stamp is known."""
    try:
        found = cache.path.lstat()
        header = _header(cache.path)
    except (OSError, msgspec.MsgspecError):
        return False
    if (header.rows, header.columns, found.st_size) != (cache.rows, cache.columns, cache.bytes):
        return False
    stamp = stamp_of(found)
    if not proven.holds(header.digest, stamp):
        if _digest(cache.path) != header.digest:
            return False
        proven.add(header.digest, stamp)
    return True


def collect_row_caches(
    store: Store, table: str | None = None, *, grace: timedelta = GRACE, dry_run: bool = False
) -> dict[str, int]:
    """Cached rows that were made longer ago than `grace` are gone; returns paths (in `.trivium`) and bytes.

    Who reads them meanwhile goes on reading. dry_run: nothing happens, the answer is what would.
    """
    young = store.clock() - grace
    old: dict[str, int] = {}
    for path in sorted(row_cache_folder(store.settings, table).rglob("*")):
        found = path.lstat()
        if ".rows" in path.name and datetime.fromtimestamp(found.st_mtime, young.tzinfo) < young:
            old[str(path.relative_to(store.settings.state))] = found.st_size
            if not dry_run:
                path.unlink(missing_ok=True)
    return old


def _make(store: Store, source: RowSource, pieces: Sequence[Piece], cache: RowCache, proven: Proven) -> None:
    with tell_disk_errors(cache.path), _one_at_a_time(cache.path.parent):
        if not is_intact(cache, proven):  # nobody made it while this one waited
            _check_room(cache)
            write_durably(cache.path, partial(_write, cache, source, pieces), sync=store.settings.durability == "full")
            _refuse_erased(store, source, cache.path)
            proven.add(_header(cache.path).digest, stamp_of(cache.path.lstat()))


def _write(cache: RowCache, source: RowSource, pieces: Sequence[Piece], aside: Path) -> None:
    digest = hashlib.sha256()
    with aside.open("wb") as file:
        file.write(bytes(PAGE))
        jobs = (partial(_matrix, source, piece, cache.precision) for piece in pieces if piece.matching)
        for matrix in read_ahead(jobs, threads=2):
            digest.update(matrix.data)
            file.write(matrix.data)
        file.seek(0)
        _write_header(file, Header(cache.rows, cache.columns, cache.precision, digest.hexdigest()))


def _matrix(source: RowSource, piece: Piece, precision: Precision) -> Matrix:
    shape = piece.matching, len(source.version.columns)
    return matrix_of(source.read([Span(piece, 0, piece.matching)]), shape, precision)


def _write_header(file: IO[bytes], header: Header) -> None:
    file.write(msgspec.json.encode(header).ljust(PAGE))


def _header(path: Path) -> Header:
    with path.open("rb") as file:
        return msgspec.json.decode(file.read(PAGE), type=Header)


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        file.seek(PAGE)
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def _check_room(cache: RowCache) -> None:
    free = shutil.disk_usage(cache.path.parent).free
    if cache.bytes > free:
        raise StorageFull(
            f"A full shuffle caches its rows in {cache.path.parent}: {cache.bytes:,} bytes, and {free:,} are free. "
            "Free some space (`trivium gc`), load fewer columns or rows, or use shuffle='window', which caches nothing."
        )


def _refuse_erased(store: Store, source: RowSource, path: Path) -> None:
    """An erasure drops every cache; one that was being made from the rows before it must not outlive it."""
    version = source.version
    now = store.catalog.tables.find_version(version.table, version.version)
    if now is not None and now.digest and now.digest != version.digest:
        path.unlink(missing_ok=True)
        raise VersionConflict(f"Rows of {version.table!r} were erased while they were cached; start the loading again.")


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a") as lock:  # given up when the process dies
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
