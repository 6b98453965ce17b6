"""A small trace of a column's values by their place, which tells whether rows were copied from an earlier partition."""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

MOST = 256
FEWEST_ROWS = 8
FACTORS = (np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53))
HALF, HIGHEST = np.uint64(33), np.uint64(56)


class Places(Struct, frozen=True):
    """Each 1st, 2nd, 4th, ... row, 256 rows at most: the `rows`, and the step between them, two to the `power`."""

    rows: pl.DataFrame
    power: int


def pick_places(rows: pl.DataFrame) -> Places:
    """The rows that leave a trace; none of fewer than 8."""
    power = max(0, (-(-rows.height // MOST) - 1).bit_length())
    if rows.height < FEWEST_ROWS:
        return Places(rows.clear(), power)
    picked = pl.Series(np.arange(0, rows.height, 1 << power))
    columns = [values[picked] for values in rows.iter_columns()]  # as a frame they would wait for threads that write
    return Places(pl.DataFrame(columns), power)


def sketch_column(places: Places, column: str) -> bytes:
    """One byte for each of the picked rows, after a byte that tells the step's power of two."""
    picked = places.rows[column]
    if not len(picked):
        return b""
    if picked.dtype.is_numeric():
        codes = _bits(picked.cast(pl.Float64), np.float64)
    elif isinstance(picked.dtype, (pl.Date, pl.Datetime)):
        codes = _bits(picked.cast(pl.Int64), np.int64)
    else:
        codes = np.array([crc32(str(value).encode()) for value in picked.to_list()], dtype=np.uint64)
    return bytes([places.power]) + mix(codes)


def _bits(values: pl.Series, kind: type[np.float64 | np.int64]) -> NDArray[np.uint64]:
    """The bits of numbers, of null those of 0."""
    if values.null_count():
        return np.array([0 if value is None else value for value in values.to_list()], dtype=kind).view(np.uint64)
    return values.to_numpy().view(np.uint64)


def mix(codes: NDArray[np.uint64]) -> bytes:
    """A byte for each number, by the finalizer of MurmurHash3 (Appleby, 2011): times a day apart share none."""
    for factor in FACTORS:
        codes = (codes ^ (codes >> HALF)) * factor
    return (codes >> HIGHEST).astype(np.uint8).tobytes()


def find_staleness(sketch: bytes, past: Sequence[bytes]) -> float:
    """The largest share of a column's places that hold what they held in one of these earlier partitions."""
    mine = np.frombuffer(sketch[1:], np.uint8)
    if not mine.size:
        return 0.0
    alike = [other[1:] for other in past if other[0] == sketch[0]]
    best = 0.0
    if alike:
        theirs = b"".join(other.ljust(mine.size, b"\0")[: mine.size] for other in alike)
        best = float((np.frombuffer(theirs, np.uint8).reshape(len(alike), -1) == mine).sum(axis=1).max()) / mine.size
    return max([best, *(share_alike(sketch, other) for other in past if other[0] != sketch[0])])


def share_alike(one: bytes, other: bytes) -> float:
    """The share of the first column's places that hold the same in the other, which was sketched at another step."""
    mine, theirs = np.frombuffer(one[1:], np.uint8), np.frombuffer(other[1:], np.uint8)
    mine, theirs = mine[:: 1 << max(other[0] - one[0], 0)], theirs[:: 1 << max(one[0] - other[0], 0)]
    both = min(mine.size, theirs.size)
    return float((mine[:both] == theirs[:both]).sum()) / max(mine.size, 1)
