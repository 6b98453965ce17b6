"""The rows of tables: immutable Parquet files, named in the catalog."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from pathlib import Path

from trivium.digest import digest_bytes, digest_file
from trivium.errors import CorruptObject, NotFound
from trivium.frames.deferred import pl
from trivium.ids import Ids
from trivium.store.local_storage import LocalStorage
from trivium.store.storage import Places, Storage, StoredFile, Wanted, changed
from trivium.values.tables import DataFile

IN_MEMORY_BYTES = 64 << 20
SCHEMAS = 10_000


class Lake:
    """Parquet files in one storage, or a folder. Bytes are there for good before anybody names them.

    Files that are read are what was committed: a changed one raises CorruptObject, an absent one NotFound.
    """

    def __init__(self, storage: Storage | Path, *, ids: Ids, sync: bool = True) -> None:
        self.storage = LocalStorage(storage, sync=sync) if isinstance(storage, Path) else storage
        self.ids = ids
        self._schemas: dict[str, pl.Schema] = {}
        self._noted: list[str] | None = None

    @property
    def root(self) -> Path:
        """The folder of the files, or of their local copies."""
        return self.storage.folder

    def noting(self) -> tuple[Lake, list[str]]:
        """The same lake, and a list in which the paths of all files are that are written through it from now on."""
        noted, written = copy(self), list[str]()
        noted._noted = written
        return noted, written

    def write(self, table: str, partition: str, rows: pl.DataFrame) -> DataFile:
        """The rows are a new durable file of this table, belonging to no version yet."""
        if rows.estimated_size() > IN_MEMORY_BYTES:
            return self._write_file(table, partition, rows.lazy())
        buffer = io.BytesIO()
        rows.write_parquet(buffer, compression="zstd")
        data = buffer.getbuffer()
        name = self._new_name(table, partition)
        stamp = self.storage.put(name, data)
        return DataFile(name, partition, rows.height, data.nbytes, digest_bytes(data), stamp)

    def write_lazy(self, table: str, partition: str, rows: pl.LazyFrame) -> DataFile | None:
        """The same for rows that need not fit in memory; None, and no file, when there are none."""
        file = self._write_file(table, partition, rows)
        if file.rows:
            return file
        self.delete(file)
        return None

    def has(self, file: DataFile) -> bool:
        """Whether the file is there; nothing is read."""
        return self.storage.stat(file.path) is not None

    def delete(self, file: DataFile | str) -> None:
        """The file, or what is at this path, is gone for good; nothing happens when it was not there."""
        path = file if isinstance(file, str) else file.path
        self._schemas.pop(path, None)
        self.storage.delete(path)

    def list_paths(self, table: str | None = None) -> Iterator[StoredFile]:
        """(path, bytes, modified) of every file of a table or of all, also of what interrupted writes left behind.

        Folders that start with an underscore are not the lake's: other engines' logs are in them.
        """
        for file in self.storage.list_files(table or ""):
            if not any(part.startswith("_") for part in file.name.split("/")):
                yield file

    def path(self, file: DataFile) -> Path:
        """A local path where the file, or a copy of it, can be read. Raises NotFound; the bytes are not compared."""
        here = self.storage.path(file.path)
        return here if here.is_file() else Path(self.local_paths([file])[0])

    def local_paths(self, files: Iterable[DataFile]) -> list[str]:
        """Local paths of the files, or of copies that were fetched. Raises NotFound and CorruptObject."""
        wanted = _wanted(files)
        with _told(wanted):
            return self.storage.local_paths(wanted)

    def verify(self, file: DataFile) -> None:
        """Every byte is read again. Raises CorruptObject unless they are the ones that were committed, or NotFound."""
        with _told(_wanted([file])):
            if self.storage.digest(file.path) != file.digest:
                raise CorruptObject(changed(file.path, self.root))

    def scan(self, files: Iterable[DataFile], columns: Sequence[str] = ()) -> pl.LazyFrame:
        """The rows of these files, lazily; columns that a file lacks are null. columns: the names of all, if known."""
        wanted = _wanted(files)
        with _told(wanted):
            places = self.storage.places(wanted)
        return pl.scan_parquet(
            places.paths,
            schema=self._schema([file.name for file in wanted], places, columns),
            missing_columns="insert",
            extra_columns="ignore",
            cast_options=pl.ScanCastOptions(integer_cast="upcast", float_cast="upcast"),
            glob=False,
            storage_options=places.options,
            credential_provider=None,
        )

    def _new_name(self, table: str, partition: str) -> str:
        name = f"{table}/{partition.replace(':', '')}/{self.ids()}.parquet"
        if self._noted is not None:
            self._noted.append(name)
        return name

    def _write_file(self, table: str, partition: str, rows: pl.LazyFrame) -> DataFile:
        name = self._new_name(table, partition)
        facts: list[tuple[int, int, str]] = []

        def write(aside: Path) -> None:
            rows.sink_parquet(aside, compression="zstd", mkdir=False)
            height = pl.scan_parquet(aside, glob=False).select(pl.len()).collect().item()
            facts.append((height, aside.stat().st_size, digest_file(aside)))

        stamp = self.storage.put_file(name, write)
        height, size, digest = facts[0]
        return DataFile(name, partition, height, size, digest, stamp)

    def _schema(self, names: Sequence[str], places: Places, columns: Sequence[str]) -> dict[str, pl.DataType]:
        # Polars takes the first file's columns for all; the newest files are the ones that have them all. A file in
        # which a column has no value does not know the column's type.
        found: dict[str, pl.DataType] = {}
        unknown = pl.Null()
        for name, path in zip(reversed(names), reversed(places.paths), strict=True):
            for column, dtype in self._footer(name, path, places.options).items():
                if found.get(column, unknown) == unknown:
                    found[column] = dtype
            if columns and all(found.get(column, unknown) != unknown for column in columns):
                break
        return {column: found[column] for column in dict.fromkeys([*columns, *found]) if column in found}

    def _footer(self, name: str, path: str, options: dict[str, str] | None) -> pl.Schema:
        known = self._schemas.get(name)
        if known is None:
            try:
                known = pl.scan_parquet(
                    path, glob=False, storage_options=options, credential_provider=None
                ).collect_schema()
            except (pl.exceptions.PolarsError, OSError) as error:
                raise CorruptObject(f"The stored file {name} cannot be read as Parquet: {error}") from error
            if len(self._schemas) >= SCHEMAS:
                self._schemas.clear()
            self._schemas[name] = known
        return known


def _wanted(files: Iterable[DataFile]) -> list[Wanted]:
    return [Wanted(file.path, file.digest, file.stamp, file.bytes) for file in files]


@contextmanager
def _told(files: Sequence[Wanted]) -> Iterator[None]:
    try:
        yield
    except (CorruptObject, NotFound) as error:
        tables = " and ".join(sorted({file.name.partition("/")[0] for file in files}))
        story = f"Versions of table {tables!r} that do not have this file still open (`trivium tables log {tables}`)."
        raise type(error)(f"{error} {story}") from None
