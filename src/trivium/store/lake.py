"""The rows of tables: immutable Parquet files, named in the catalog."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl

from trivium.digest import digest_file
from trivium.errors import CorruptObject, NotFound
from trivium.ids import Ids
from trivium.store.durable import write_durably
from trivium.values.tables import DataFile

NO_VALUES = pl.Null()


class Lake:
    """Parquet files under one folder. Bytes are on disk before anybody names them."""

    def __init__(self, root: Path, *, ids: Ids, sync: bool = True) -> None:
        self.root = root
        self.ids = ids
        self.sync = sync

    def write(self, table: str, partition: str, rows: pl.DataFrame) -> DataFile:
        """The rows are a new durable file of this table, belonging to no version yet."""
        name = f"{table}/{partition.replace(':', '')}/{self.ids()}.parquet"
        path = self.root / name
        write_durably(path, lambda aside: rows.write_parquet(aside, compression="zstd"), sync=self.sync)
        return DataFile(
            path=name, partition=partition, rows=rows.height, bytes=path.stat().st_size, digest=digest_file(path)
        )

    def path(self, file: DataFile) -> Path:
        """Where the file is. Raises NotFound when its bytes are gone."""
        path = self.root / file.path
        if not path.is_file():
            raise NotFound(f"The data file {file.path} is gone; restore it from a back-up.")
        return path

    def verify(self, file: DataFile) -> None:
        """Raises CorruptObject unless the bytes are the ones that were committed."""
        if digest_file(self.path(file)) != file.digest:
            raise CorruptObject(
                f"The data file {file.path} was changed on disk after its commit; restore it from a back-up, "
                "or read an older version of the table."
            )

    def scan(self, files: Iterable[DataFile], columns: Sequence[str] = ()) -> pl.LazyFrame:
        """The rows of these files, lazily; columns that a file lacks are null. columns: the names of all, if known."""
        paths = [self.path(file) for file in files]
        return pl.scan_parquet(
            paths, schema=_schema(paths, columns), missing_columns="insert", extra_columns="ignore", glob=False
        )


def _schema(paths: Sequence[Path], columns: Sequence[str]) -> dict[str, pl.DataType]:
    # Polars takes the first file's columns for all; the newest files are the ones that have them all. A file in which
    # a column has no value does not know the column's type.
    found: dict[str, pl.DataType] = {}
    for path in reversed(paths):
        for name, dtype in pl.scan_parquet(path, glob=False).collect_schema().items():
            if found.get(name, NO_VALUES) == NO_VALUES:
                found[name] = dtype
        if columns and all(found.get(name, NO_VALUES) != NO_VALUES for name in columns):
            break
    return {name: found[name] for name in dict.fromkeys([*columns, *found]) if name in found}
