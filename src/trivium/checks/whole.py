"""Facts of a large column: what is cheap of all its rows, what needs sorting or reading of a fixed sample of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trivium.checks.numbers import LARGEST, Floats
from trivium.checks.present import CHUNK, Present

MANY_ROWS = 200_000
STRETCHES, STRETCH = 100, 1_000
MOST_COUNTED = 50_000

Bools = NDArray[np.bool_]
ToFloats = Callable[[pl.Series], Floats]


def sample_stretches(present: Present) -> pl.Series:
    """100 stretches of 1,000 rows that follow each other, evenly spread; always the same ones. present: many values."""
    starts = np.linspace(0, len(present) - STRETCH, STRETCHES).astype(np.int64).tolist()
    return pl.concat([present.slice(start, STRETCH) for start in starts], rechunk=True)


def count_all(present: Present) -> pl.DataFrame:
    """Each distinct `value` with its `count`, in no order. present: of few different values."""
    counted = count_values(present.slice(0, 0))
    for chunk in present.chunks():
        more = pl.concat([counted, count_values(chunk)])
        counted = more.group_by("value").agg(pl.col("count").sum())
    return counted


def count_values(present: pl.Series) -> pl.DataFrame:
    """The same of values that fit into memory."""
    return present.alias("value").value_counts()


def measure_numbers(present: Present, to_floats: ToFloats, sampled: dict[str, float]) -> dict[str, float]:
    """Those of the sampled facts that can be told of all rows, chunk by chunk: rates, limits, moments and runs.

    sampled: the facts of a sample; its 1st and 99th percentile are where the moments are cut off.
    """
    if "q01" not in sampled:
        return {}
    low, high, centre = max(sampled["q01"], -LARGEST), min(sampled["q99"], LARGEST), sampled["mean"]
    found = np.array([_tally(to_floats(chunk), low, high, centre) for chunk in present.chunks()])
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


def measure_runs(present: Present, find_alike: Callable[[pl.Series], Bools]) -> dict[str, float]:
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


def measure_text_runs(present: Present) -> dict[str, float]:
    """The same of texts."""
    return measure_runs(present, lambda values: (values.slice(1) == values.slice(0, len(values) - 1)).to_numpy())


def measure_lengths(present: Present) -> dict[str, float]:
    """How long the texts are, of all rows."""
    found = [(each.sum(), each.min(), each.max()) for each in (_lengths(chunk) for chunk in present.chunks())]
    total, least, most = zip(*found, strict=True)
    return {
        "length_mean": sum(total) / len(present),
        "length_minimum": float(min(least)),
        "length_maximum": float(max(most)),
    }


def _lengths(texts: pl.Series) -> pl.Series:
    return texts.str.len_chars().cast(pl.Int64)


def _tally(values: Floats, low: float, high: float, centre: float) -> tuple[float, ...]:
    """Rows, NaN, finite values, zeros, negative ones; sum and squares of what lies within; least and greatest value."""
    finite = values[np.isfinite(values)]
    nan = int(np.count_nonzero(np.isnan(values))) if finite.size < values.size else 0
    near = np.clip(finite, low, high) - centre
    zero, negative = int(np.count_nonzero(finite == 0)), int(np.count_nonzero(finite < 0))
    limits = float(finite.min(initial=np.inf)), float(finite.max(initial=-np.inf))
    return (values.size, nan, finite.size, zero, negative, float(near.sum()), float(near @ near), *limits)


def _count_numbers(present: Present, to_floats: ToFloats, sampled: dict[str, float]) -> dict[str, float]:
    """How many different values there are: exactly while they are few, else about (within 2 %)."""
    about = present.about_distinct()
    if about > MOST_COUNTED:
        return {"distinct": max(about, sampled["distinct"])}
    counted = count_all(present)
    counts = counted["count"].to_numpy()[np.isfinite(to_floats(counted["value"]))]
    return {"distinct": float(counts.size), "top_share": float(counts.max() / counts.sum())}


def _alike(values: Floats) -> Bools:
    alike: Bools = values[1:] == values[:-1]
    return alike
