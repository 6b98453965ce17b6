"""A task that was given a secret cannot store it: what it returns is looked through before it is written."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from trivium.errors import UnsupportedValue
from trivium.frames.deferred import pl
from trivium.pipelines.redaction import Redaction
from trivium.store.blobs import Blobs

PARQUET = b"PAR1"


class GuardedBlobs(Blobs):
    """Blobs that refuse bytes in which the value of a secret can be read, with UnsupportedValue."""

    def __init__(self, blobs: Blobs, redaction: Redaction) -> None:
        super().__init__(blobs.storage, blobs.small)
        self._redaction = redaction

    def put(self, data: bytes) -> str:
        self._refuse(data)
        return super().put(data)

    def put_text(self, data: bytes) -> str:
        self._refuse(data)
        return super().put_text(data)

    def put_file(self, source: Path) -> str:
        self._refuse(source.read_bytes())
        return super().put_file(source)

    def put_made(self, make: Callable[[Path], None], *, in_order: bool = False) -> tuple[str, int]:
        def make_checked(path: Path) -> None:
            make(path)
            self._refuse(path.read_bytes())

        return super().put_made(make_checked, in_order=in_order)

    def _refuse(self, data: bytes) -> None:
        found = self._redaction.find(data.decode("utf-8", "replace"))
        if found is None and data.startswith(PARQUET):
            found = find_in_rows(pl.read_parquet(io.BytesIO(data)), self._redaction)
        if found is not None:
            raise UnsupportedValue(f"It holds the value of the secret {found!r}, which is never stored.")


def guarded(blobs: Blobs, redaction: Redaction) -> Blobs:
    """The same blobs, guarded when there is anything to hide."""
    return GuardedBlobs(blobs, redaction) if redaction else blobs


def find_in_rows(rows: pl.DataFrame, redaction: Redaction) -> str | None:
    """The name of a secret whose value is in a text of these rows, at any depth, or in a column's name; or None."""
    spellings, cs = redaction.spellings(), pl.selectors
    flat = rows.select((cs.string() | cs.categorical() | cs.enum()).cast(pl.String))
    for column in flat.iter_columns():
        hits = column.filter(column.str.contains_any(spellings))
        if hits.len():
            return redaction.find(str(hits[0]))
    deep = rows.select(cs.nested()).write_ndjson()
    raw = "\n".join(
        value.decode("utf-8", "replace")
        for column in rows.select(cs.binary()).iter_columns()
        for value in column.drop_nulls()
    )
    return redaction.find(" ".join(rows.columns)) or redaction.find(deep) or redaction.find(raw)
