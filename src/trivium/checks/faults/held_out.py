"""Engineering faults that the method is not tuned on: they tell whether it knows faults, or only those it was shown."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl

from trivium.checks.faults.fault import Hit, Target, number, replaced


def sentinel(target: Target) -> pl.DataFrame:
    """Missing values are coded as -999, N/A, or the end of time."""
    if target.values.dtype.is_numeric():
        return replaced(target, pl.lit(target.draw(-999.0, -9999.0, 99999.0)))
    text = target.pick("N/A", "NULL", "?")
    return replaced(target, pl.lit(text if target.values.dtype == pl.String else datetime(9999, 12, 31)))  # noqa: DTZ001 # any zone


def rounding(target: Target) -> pl.DataFrame:
    """Numbers are rounded to tens, or fractions to whole numbers."""
    whole = (target.values.drop_nulls() == target.values.drop_nulls().round()).all()
    step = 10.0 if whole else 1.0
    return replaced(target, (number(target) / step).round() * step)


def saturation(target: Target) -> pl.DataFrame:
    """Numbers above the 60th or 80th percentile are clipped to it."""
    limit = target.values.cast(pl.Float64).quantile(target.draw(0.6, 0.8))
    return target.rows if limit is None else replaced(target, number(target).clip(upper_bound=limit))


def scaling(target: Target) -> pl.DataFrame:
    """Another currency or calibration: times 1.1, 0.9 or 1.25."""
    return replaced(target, number(target) * target.draw(1.1, 0.9, 1.25))


def offset(target: Target) -> pl.DataFrame:
    """Numbers are off by one standard deviation, up or down."""
    direction, spread = target.draw(-1.0, 1.0), target.values.cast(pl.Float64).std() or 0.0
    return replaced(target, number(target) + direction * float(spread))  # type: ignore[arg-type] # of numbers


def inverse_unit(target: Target) -> pl.DataFrame:
    """Another unit, the other way round: by 1000, by 60, kilometres to miles, or Fahrenheit to Celsius."""
    factor, shift = ((1e-3, 0.0), (1 / 60, 0.0), (0.621371, 0.0), (1 / 1.8, -32 / 1.8))[int(target.rng.integers(0, 4))]
    return replaced(target, number(target) * factor + shift)


def decimal_comma(target: Target) -> pl.DataFrame:
    """The decimal sign got lost: times 10 or 100."""
    return replaced(target, number(target) * target.draw(10.0, 100.0))


def overflow(target: Target) -> pl.DataFrame:
    """Numbers that need more than eight signed bits wrap around; fractions are kept."""
    value = number(target)
    return replaced(target, pl.when(value.is_between(-128, 127)).then(value).otherwise((value + 128) % 256 - 128))


def noise(target: Target) -> pl.DataFrame:
    """Numbers get random errors of one standard deviation."""
    spread = float(target.values.cast(pl.Float64).std() or 0.0)  # type: ignore[arg-type] # of numbers
    return replaced(target, number(target) + pl.Series(target.rng.normal(0.0, spread, target.rows.height)))


def mean_imputation(target: Target) -> pl.DataFrame:
    """Values are lost and filled in by the mean of the column."""
    return replaced(target, pl.lit(target.values.cast(pl.Float64).mean(), dtype=pl.Float64))


def stuck(target: Target) -> pl.DataFrame:
    """A stuck sensor or a forward fill: each value that was hit repeats the last one that was not."""
    kept = pl.when(pl.Series(target.hit)).then(None).otherwise(pl.col(target.column))
    return replaced(target, kept.forward_fill().backward_fill())


def misalignment(target: Target) -> pl.DataFrame:
    """Values slip by one row among those that were hit."""
    order = np.arange(target.rows.height)
    order[target.hit] = np.roll(order[target.hit], 1)
    return target.rows.with_columns(target.values.gather(order))


def swap(target: Target) -> pl.DataFrame:
    """Two columns are exchanged."""
    one, other = target.columns
    return replaced(target, pl.col(other), one).with_columns(replaced(target, pl.col(one), other)[other])


def cut_text(target: Target) -> pl.DataFrame:
    """Texts are cut by one character, or to two, as in a narrow field."""
    text = pl.col(target.column).str
    return replaced(target, text.head(-1) if target.rng.random() < 0.5 else text.head(2))


def padding(target: Target) -> pl.DataFrame:
    """Texts have spaces behind or before them, or quotes around."""
    before, behind = (("", " "), (" ", ""), ('"', '"'))[int(target.rng.integers(0, 3))]
    return replaced(target, pl.concat_str(pl.lit(before), pl.col(target.column), pl.lit(behind)))


def label_permutation(target: Target) -> pl.DataFrame:
    """Every category carries the name of another one, as after a code list in the wrong order."""
    levels = target.values.drop_nulls().unique().sort().to_list()
    order = target.rng.permutation(len(levels))
    shifted = [levels[order[(place + 1) % len(levels)]] for place in np.argsort(order)]
    return replaced(target, pl.col(target.column).replace_strict(levels, shifted))


def day_month_swap(target: Target) -> pl.DataFrame:
    """Day and month are exchanged where that gives a date; elsewhere the time is lost."""
    dtype = target.values.dtype
    time = pl.col(target.column).cast(pl.Datetime("us")) if dtype == pl.Date else pl.col(target.column)
    parsed = time.dt.strftime("%Y-%d-%m %H:%M:%S").str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False)
    zone = getattr(dtype, "time_zone", None)
    return replaced(target, parsed.dt.replace_time_zone(zone) if zone else parsed)


def midnight(target: Target) -> pl.DataFrame:
    """Times lose their hours, dates their days."""
    unit = "1mo" if target.values.dtype == pl.Date else "1d"
    return replaced(target, pl.col(target.column).dt.truncate(unit))


def fan_out(target: Target) -> pl.DataFrame:
    """A join meets some keys twice or three times: all rows of a few values of the column are multiplied."""
    times = int(target.draw(2, 3))
    repeats = np.where(_few_levels(target), times, 1)
    return target.rows[np.repeat(np.arange(target.rows.height), repeats)]


def segment_loss(target: Target) -> pl.DataFrame:
    """A stretch of rows is missing somewhere, as when one file of many was not read (one row stays)."""
    count = min(int(target.hit.sum()), target.rows.height - 1)
    start = int(target.rng.random() * (target.rows.height - count))
    return pl.concat([target.rows.head(start), target.rows.slice(start + count)])


def biased_sample(target: Target) -> pl.DataFrame:
    """The rows with the largest values are missing, as many as were hit (one row stays), as after a wrong filter."""
    count = min(int(target.hit.sum()), target.rows.height - 1)
    place = target.values.cast(pl.Float64).fill_nan(None).rank("ordinal", descending=True)
    return target.rows.filter((place > count).fill_null(True))


def foreign_rows(target: Target) -> pl.DataFrame:
    """Rows of an older partition arrive again instead of some of its own."""
    late = target.older[np.flatnonzero(target.hit) % target.older.height]
    return pl.concat([target.rows.filter(~pl.Series(target.hit)), late], how="vertical_relaxed")


def _few_levels(target: Target) -> Hit:
    """The rows of random values of the column, (rows,), of so many values that about as many rows are hit."""
    codes = target.values.rank("dense").fill_null(0).to_numpy().astype(np.int64)
    sizes = np.bincount(codes)
    order = target.rng.permutation(np.flatnonzero(sizes))
    before = np.cumsum(sizes[order]) - sizes[order]
    chosen: Hit = np.isin(codes, order[before < target.hit.sum()])
    return chosen
