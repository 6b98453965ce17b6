"""A place between 0 and 1 for each key, by its content alone: the same today, tomorrow and on every machine."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import polars as pl

from trivium.errors import Misuse, SchemaMismatch

EXACT = 53  # so many bits a float holds as they are


def share_of(rows: pl.DataFrame, columns: Sequence[str], seed: int = 0) -> pl.Series:
    """(n,) floats in [0, 1), evenly spread over the distinct values of the columns; equal values, equal places.

    A value counts by what it says, not by its type: 7 as int32, int64 or text, a moment in whatever unit or zone. The
    place is the beginning of the SHA-256 of seed and values, so those below 0.1 are also below 0.2.
    Raises SchemaMismatch for a column that is absent or null somewhere, Misuse for fractions and nested values.
    """
    parts = [_spelled(rows, name) for name in columns]
    texts = pl.select(pl.concat_str([pl.lit(f"split:{seed}:"), *(_prefixed(part) for part in parts)])).to_series()
    heads = b"".join([hashlib.sha256(text.encode()).digest()[:8] for text in texts.to_list()])
    return pl.Series("place", (np.frombuffer(heads, ">u8") >> (64 - EXACT)).astype(np.float64) / 2**EXACT)


def _prefixed(part: pl.Series) -> pl.Expr:
    """Each text with its length in front, so that two columns never run into each other."""
    text = pl.lit(part)
    return pl.concat_str([text.str.len_bytes().cast(pl.String), pl.lit(":"), text])


def _spelled(rows: pl.DataFrame, name: str) -> pl.Series:
    if name not in rows.columns:
        raise SchemaMismatch(f"The rows have no column {name!r} to split by; they have {rows.columns}.")
    values = rows[name]
    if values.null_count():
        raise SchemaMismatch(
            f"{values.null_count()} of {rows.height} rows have no {name!r}, so they are on no side of a split."
        )
    if isinstance(values.dtype, pl.Datetime):
        unzoned = values.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if values.dtype.time_zone else values
        return unzoned.dt.timestamp("us").cast(pl.String)
    if values.dtype.is_float() or values.dtype.is_nested() or values.dtype == pl.Binary:
        raise Misuse(f"Column {name!r} holds {values.dtype}; rows are told apart by whole numbers, text or times.")
    return values.cast(pl.String)
