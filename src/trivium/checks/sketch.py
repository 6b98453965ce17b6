"""A small trace of a column's values by their place, which tells whether rows were copied from an earlier partition."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from zlib import crc32

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

MOST = 256
FEWEST_ROWS = 8
CHANCE = 2.0
REMEMBERED = 1_024
NEAR = 8
FACTORS = (np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53))
HALF, HIGHEST = np.uint64(33), np.uint64(56)


class Staleness(Struct, frozen=True):
    """The share of what a column tells that an earlier partition told: in all its places, and in one stretch."""

    whole: float
    stretch: float


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


def find_staleness(sketch: bytes, past: Sequence[bytes]) -> Staleness:
    """How much of what the places of a column tell, the same places of one earlier partition told as well.

    By all places together, and by those of one unbroken stretch beyond what chance does, each in [0, 1] and of the
    partition for which it is most. A place tells as much as its value is rare, minus the logarithm of the value's
    share, and nothing when one of the eight places before it holds the same value. Of m places in n partitions,
    unrelated ones agree on a stretch that tells about log(m n) (Karlin and Altschul, "Methods for assessing the
    statistical significance of molecular sequence features", PNAS 87, 1990); twice that is taken off.
    """
    return _staleness(sketch, tuple(past))


@lru_cache(REMEMBERED)
def _staleness(sketch: bytes, past: tuple[bytes, ...]) -> Staleness:
    """Kept, since a partition is asked about twice: when it is judged, and when the next commit learns it."""
    mine, best = np.frombuffer(sketch[1:], np.uint8), np.zeros(2)
    for power in {other[0] for other in past} if mine.size else ():
        ours = mine[:: 1 << max(power - sketch[0], 0)]
        step = 1 << max(sketch[0] - power, 0)
        theirs = [other[1::step].ljust(ours.size, b"\0")[: ours.size] for other in past if other[0] == power]
        best = np.maximum(best, _told_alike(ours, np.frombuffer(b"".join(theirs), np.uint8).reshape(len(theirs), -1)))
    return Staleness(*best.tolist())


def _told_alike(mine: NDArray[np.uint8], theirs: NDArray[np.uint8]) -> tuple[float, float]:
    """Both figures for the (n,) places of a column and the (partitions, n) ones of earlier partitions."""
    share = np.bincount(mine, minlength=256) / mine.size
    told = np.where(_is_new(mine), -np.log(share[mine]), 0.0)
    total = float(told.cumsum()[-1])
    if total == 0.0:
        return 0.0, 0.0
    alike = theirs == mine
    sums = np.cumsum(alike * told, axis=1)
    whole, chance = float(sums[:, -1].max()), CHANCE * math.log(theirs.size)
    if whole <= chance:  # then no stretch tells more either
        return whole / total, 0.0
    begun = np.maximum.accumulate(np.where(alike, 0.0, sums), axis=1)
    stretch = float((sums - begun).max()) - chance
    return whole / total, max(stretch, 0.0) / total


def _is_new(places: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Whether each place holds another value than the eight before it."""
    new = np.ones(places.size, dtype=bool)
    for back in range(1, min(NEAR, places.size - 1) + 1):
        new[back:] &= places[back:] != places[:-back]
    return new
