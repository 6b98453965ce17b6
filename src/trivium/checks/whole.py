"""Facts of a large column: what is cheap of all its rows, what needs sorting or reading of a fixed sample of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trivium.checks.numbers import LARGEST, Floats

MANY_ROWS = 200_000
STRETCHES, STRETCH = 100, 1_000
MOST_COUNTED = 50_000
CHUNK = 500_000

Bools = NDArray[np.bool_]
ToFloats = Callable[[pl.Series], Floats]


def sample_stretches(values: pl.Series) -> pl.Series:
    """100 stretches of 1,000 rows that follow each other, evenly spread; always the same ones. values: many rows."""
    starts = np.linspace(0, len(values) - STRETCH, STRETCHES).astype(np.int64)
    return values.gather((starts[:, np.newaxis] + np.arange(STRETCH)).ravel())


def has_few_values(present: pl.Series) -> bool:
    """Whether the column has at most about 50,000 different values, which can all be counted."""
    return about_distinct(present) <= MOST_COUNTED


def about_distinct(present: pl.Series) -> float:
    """How many different values there are, within about 2 %; the same each time."""
    return float(present.to_frame().select(pl.first().approx_n_unique()).item())


def count_repeated(rows: pl.DataFrame) -> int:
    """How many rows repeat another one, by 64-bit hashes of a chunk at a time."""
    hashes = pl.concat([rows.slice(start, CHUNK).hash_rows() for start in range(0, rows.height, CHUNK)])
    return rows.height - hashes.n_unique()


def measure_numbers(present: pl.Series, to_floats: ToFloats, sampled: dict[str, float]) -> dict[str, float]:
    """Those of the sampled facts that can be told of all rows, chunk by chunk: rates, limits, moments and runs.

    sampled: the facts of a sample; its 1st and 99th percentile are where the moments are cut off.
    """
    if "q01" not in sampled:
        return {}
    low, high, centre = max(sampled["q01"], -LARGEST), min(sampled["q99"], LARGEST), sampled["mean"]
    found = np.array([_tally(chunk, low, high, centre) for chunk in _chunks(present, to_floats)])
    rows, nan, finite, zero, negative, total, squares = found[:, :7].sum(axis=0).tolist()
    mean = total / finite
    facts = {
        "nan_rate": nan / rows,
        "infinite_rate": (rows - nan - finite) / rows,
        "zero_rate": zero / finite,
        "negative_rate": negative / finite,
        "minimum": float(found[:, 7].min()),
        "maximum": float(found[:, 8].max()),
        "mean": centre + mean,
        "sd": float(np.sqrt(max(squares / finite - mean * mean, 0.0))),
        **measure_runs(present, lambda values: _alike(to_floats(values))),
        **_count_numbers(present, to_floats, sampled),
    }
    return {name: value for name, value in facts.items() if name in sampled}


def measure_runs(present: pl.Series, find_alike: Callable[[pl.Series], Bools]) -> dict[str, float]:
    """The share of rows equal to the row before, and the longest run of one value, of all rows.

    find_alike: of n values, the (n - 1,) booleans whether each is equal to the one before.
    """
    alike, longest, last = 0, 1, -1
    for start in range(0, len(present) - 1, CHUNK):
        same = find_alike(present.slice(start, CHUNK + 1))
        alike += int(np.count_nonzero(same))
        breaks = np.flatnonzero(~same) + start
        if breaks.size:
            longest = max(longest, int(breaks[0]) - last, int(np.diff(breaks).max(initial=1)))
            last = int(breaks[-1])
    longest = max(longest, len(present) - 1 - last)
    return {"repeat_rate": alike / (len(present) - 1), "longest_run": float(longest)}


def measure_text_runs(present: pl.Series) -> dict[str, float]:
    """The same of texts."""
    return measure_runs(present, lambda values: (values.slice(1) == values.slice(0, len(values) - 1)).to_numpy())


def measure_lengths(present: pl.Series) -> dict[str, float]:
    """How long the texts are, of all rows."""
    chunks = [present.slice(start, CHUNK).str.len_chars().to_numpy() for start in range(0, len(present), CHUNK)]
    return {
        "length_mean": sum(int(each.sum(dtype=np.int64)) for each in chunks) / len(present),
        "length_minimum": float(min(each.min() for each in chunks)),
        "length_maximum": float(max(each.max() for each in chunks)),
    }


def _chunks(present: pl.Series, to_floats: ToFloats) -> Iterator[Floats]:
    return (to_floats(present.slice(start, CHUNK)) for start in range(0, len(present), CHUNK))


def _tally(values: Floats, low: float, high: float, centre: float) -> tuple[float, ...]:
    """Rows, NaN, finite values, zeros, negative ones; sum and squares of what lies within; least and greatest value."""
    finite = values[np.isfinite(values)]
    nan = int(np.count_nonzero(np.isnan(values))) if finite.size < values.size else 0
    near = np.clip(finite, low, high) - centre
    zero, negative = int(np.count_nonzero(finite == 0)), int(np.count_nonzero(finite < 0))
    limits = float(finite.min(initial=np.inf)), float(finite.max(initial=-np.inf))
    return (values.size, nan, finite.size, zero, negative, float(near.sum()), float(near @ near), *limits)


def _count_numbers(present: pl.Series, to_floats: ToFloats, sampled: dict[str, float]) -> dict[str, float]:
    """How many different values there are: exactly while they are few, else about (within 2 %)."""
    if not has_few_values(present):
        return {"distinct": max(about_distinct(present), sampled["distinct"])}
    counted = present.rename("value").value_counts()
    counts = counted["count"].to_numpy()[np.isfinite(to_floats(counted["value"]))]
    return {"distinct": float(counts.size), "top_share": float(counts.max() / counts.sum())}


def _alike(values: Floats) -> Bools:
    alike: Bools = values[1:] == values[:-1]
    return alike
