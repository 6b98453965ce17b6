"""Rows of a large partition that are there more than once, found by 64-bit hashes a share of them at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

CHUNK = 500_000
MOST_HASHES = 2**24
MOST_KEYS = 2**20
PLACE, NUMBER = "__place", "__number"

Hashes = NDArray[np.uint64]


def count_repeated(rows: pl.DataFrame) -> int:
    """How many rows repeat another one, by their hashes."""
    return sum(len(hashes) - int(np.count_nonzero(_firsts(hashes))) for hashes in _sorted_hashes(rows))


def find_repeated(keys: pl.DataFrame, most: int) -> tuple[int, list[int]]:
    """How many rows share their values with another one, and where the first so many are. Rows with a null do not.

    Exact: rows of equal hashes are compared. At most about a million values that occur twice are held at once.
    """
    count, first = 0, list[int]()
    for hashes in _sorted_hashes(keys):
        twice = np.unique(hashes[~_firsts(hashes)])
        for start in range(0, twice.size, MOST_KEYS):
            repeated = _repeated_keys(keys, twice[start : start + MOST_KEYS])
            count += int(repeated[NUMBER].sum())
            first = sorted([*first, *_first_places(keys, repeated, most)])[:most]
    return count, first


def _repeated_keys(keys: pl.DataFrame, twice: Hashes) -> pl.DataFrame:
    """Values that occur more than once, with their number in `__number`. twice: hashes, in order."""
    counted = keys.clear().with_columns(pl.lit(0, pl.UInt32).alias(NUMBER))
    for chunk in keys.iter_slices(CHUNK):
        hashes = chunk.hash_rows().to_numpy()
        places = np.minimum(np.searchsorted(twice, hashes), twice.size - 1)
        found = chunk.filter(pl.Series(twice[places] == hashes)).drop_nulls().group_by(keys.columns).len(NUMBER)
        if found.height:
            counted = pl.concat([counted, found]).group_by(keys.columns).agg(pl.col(NUMBER).sum())
    return counted.filter(pl.col(NUMBER) > 1)


def _first_places(keys: pl.DataFrame, repeated: pl.DataFrame, most: int) -> list[int]:
    found: list[int] = []
    for start in range(0, keys.height if repeated.height else 0, CHUNK):
        chunk = keys.slice(start, CHUNK).with_row_index(PLACE, start)
        found += chunk.join(repeated, on=keys.columns, how="semi", maintain_order="left")[PLACE].head(most).to_list()
        if len(found) >= most:
            break
    return found[:most]


def _sorted_hashes(rows: pl.DataFrame) -> Iterator[Hashes]:
    """The hashes of all rows, in order, a share at a time: equal ones are in the same share."""
    shares = -(-rows.height // MOST_HASHES)
    for share in range(shares):
        found, count = np.empty(rows.height, np.uint64), 0  # memory is taken only where it is written to
        for chunk in rows.iter_slices(CHUNK):
            hashes = chunk.hash_rows().to_numpy()
            hashes = hashes[hashes % np.uint64(shares) == share] if shares > 1 else hashes
            found[count : count + hashes.size] = hashes
            count += hashes.size
        held = found[:count]
        held.sort()
        yield held


def _firsts(hashes: Hashes) -> NDArray[np.bool_]:
    """Whether each is the first of its kind. hashes: in order."""
    return np.concatenate(([True], hashes[1:] != hashes[:-1]))[: hashes.size]
