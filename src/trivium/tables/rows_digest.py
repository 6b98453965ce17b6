"""What rows are, as one digest: the same columns, types and values in the same order give the same, wherever stored."""

from __future__ import annotations

import io

import numpy as np
import polars as pl

from trivium.digest import digest_bytes, digest_of
from trivium.frames import type_name


def rows_digest(rows: pl.DataFrame) -> str:
    """SHA-256 over names, types, nulls and values of the columns, in their order; 64 hex digits.

    It does not depend on chunks, files, encodings or what lies beneath a null. Nested columns count by their Parquet
    bytes, which another version of the engine may write in another way.
    """
    columns = [[name, type_name(rows.schema[name]), *_parts(rows[name])] for name in rows.columns]
    return digest_of("rows", [rows.height, columns])


def _parts(values: pl.Series) -> list[str]:
    """Digests of a column's nulls and of its values."""
    nulls = np.packbits(values.is_null().to_numpy()).tobytes()
    return [digest_bytes(nulls), *(digest_bytes(part) for part in _content(values.drop_nulls()))]


def _content(values: pl.Series) -> list[bytes | memoryview]:
    if values.dtype.is_nested():
        buffer = io.BytesIO()
        values.rechunk().to_frame().write_parquet(buffer, compression="uncompressed", statistics=False)
        return [buffer.getbuffer()]
    if values.dtype == pl.Binary:
        return [_bytes(values.bin.size()), b"".join(values.to_list())]
    if values.dtype.is_numeric() and not values.dtype.is_decimal():
        return [_bytes(values)]
    if values.dtype.is_temporal():
        return [_bytes(values.to_physical())]
    if values.dtype == pl.Boolean:
        return [_bytes(values.cast(pl.UInt8))]
    texts = values.cast(pl.String)
    return [_bytes(texts.str.len_bytes()), "".join(texts.to_list()).encode("utf-8", "surrogatepass")]


def _bytes(numbers: pl.Series) -> bytes:
    array = numbers.to_numpy()
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes()
