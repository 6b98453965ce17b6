"""What one partition looks like: about 25 scalars for each column, its most frequent values, and facts of the whole.

The choice of scalars follows what unit tests for data (Schelter et al., "Automating large-scale data quality
verification", PVLDB 2018, table 1) and data validation at Google (Breck et al., "Data validation for machine
learning", SysML 2019, section 4) found worth watching, with facts of order and grain added.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import polars as pl

from trivium.checks.column import TEXTS, Column, read_column, read_columns
from trivium.checks.letters import Counts
from trivium.checks.numbers import Floats, describe_numbers
from trivium.checks.partition import Partition
from trivium.checks.present import Present
from trivium.checks.relations import measure_relations
from trivium.checks.repeated import count_repeated
from trivium.checks.sketch import Places, pick_places, sketch_column
from trivium.checks.texts import as_ranks, count_texts, describe_text_order, describe_texts
from trivium.checks.times import describe_times, hours_since
from trivium.checks.whole import (
    MANY_ROWS,
    MOST_COUNTED,
    count_all,
    count_values,
    measure_lengths,
    measure_numbers,
    measure_text_runs,
    sample_stretches,
)
from trivium.frames import type_name
from trivium.values.alerts import ColumnProfile, Profile, Relation

TOP = 50
MANY = 20
REPEATED = 0.5
LONGEST = 100
LEAST_SKETCHED = 12
MOST_LEVELS = 24

Facts = dict[str, float]


def profile_partition(table: str, part: Partition, relations: Sequence[Relation] = ()) -> Profile:
    """The profile of these rows. Facts that are undefined (a median of nothing) are absent, never NaN.

    relations: those between columns that are to be measured.
    """
    columns = profile_columns(part)
    measured = measure_relations(part.rows, relations)
    return Profile(table, part.name, part.rows.height, columns, describe_rows(part.rows, columns), measured)


def outline_partition(table: str, part: Partition) -> Profile:
    """Rows and types only: of a table whose columns nobody watches."""
    columns = tuple(ColumnProfile(name, type_name(dtype), {}) for name, dtype in part.rows.schema.items())
    return Profile(table, part.name, part.rows.height, columns)


def profile_columns(part: Partition) -> tuple[ColumnProfile, ...]:
    """The columns' profiles, in their order; those of a large partition on all cores, each the same on any number."""
    places = pick_places(part.rows)
    if part.rows.height <= MANY_ROWS:
        return tuple(profile_column(column, part.name, places) for column in read_columns(part.rows))
    with ThreadPoolExecutor(pl.thread_pool_size()) as threads:
        read = (part.rows[name] for name in part.rows.columns)
        return tuple(threads.map(lambda values: profile_column(read_column(values), part.name, places), read))


def profile_column(column: Column, partition: str, places: Places) -> ColumnProfile:
    """What one column looks like. Nested values are described by their size.

    Of more than 200,000 values, quantiles, grain, letters, order and fingerprint are those of 100 fixed stretches of
    1,000; rates of null, NaN, zero and negative ones, limits, moments, runs, lengths and sketch are of all. So are
    frequent texts and their letters unless there are over 50,000 different ones, and the number of different values is
    exact unless there are.
    """
    values, present = column.values, column.present
    facts: Facts = {"null_rate": values.null_count() / len(values)} if len(values) else {}
    top: dict[str, float] = {}
    shapes: dict[str, float] = {}
    if len(present) and isinstance(values.dtype, TEXTS):
        found, top, shapes = profile_texts(present, column.ranks)
        facts |= found
    elif len(present):
        facts |= describe_all(present, partition)
        if values.dtype.is_numeric() and facts.get("distinct", math.inf) <= MOST_LEVELS:
            top = top_levels(count_levels(present))
    finite = {name: float(value) for name, value in facts.items() if math.isfinite(value)}
    sketch = sketch_column(places, values.name) if facts.get("distinct", 0.0) > LEAST_SKETCHED else b""
    return ColumnProfile(values.name, type_name(values.dtype), finite, top, shapes, sketch)


def profile_texts(present: pl.Series | Present, ranks: Counts) -> tuple[Facts, dict[str, float], dict[str, float]]:
    """Facts, frequent values and shapes of texts. present, ranks: those of a column, at least one value."""
    if isinstance(present, Present):
        return profile_many_texts(present)
    different, counts = count_texts(present, ranks)
    facts, shapes = describe_texts(different, counts)
    return facts | describe_text_order(present, ranks), top_shares(different, counts), shapes


def profile_many_texts(present: Present) -> tuple[Facts, dict[str, float], dict[str, float]]:
    """The same of many texts: of a sample, and of all of them where that is cheap."""
    if present.values.dtype != pl.String:
        present = present.converted(lambda values: values.cast(pl.String))
    some, about = sample_stretches(present), present.about_distinct()
    ranks = as_ranks(some.rank("dense"))
    different, counts = count_all_texts(present) if about <= MOST_COUNTED else count_texts(some, ranks)
    facts, shapes = describe_texts(different, counts)
    facts |= describe_text_order(some, ranks) | measure_text_runs(present) | measure_lengths(present)
    if about > MOST_COUNTED:
        facts["distinct"] = max(facts["distinct"], about)
    return facts, top_shares(different, counts), shapes


def count_all_texts(present: Present) -> tuple[pl.Series, Counts]:
    """The different texts in their order, and how often each occurs. present: of few different ones."""
    counted = count_all(present).sort("value")
    return counted["value"], counted["count"].to_numpy().astype(np.int64)


def describe_all(present: pl.Series | Present, partition: str) -> Facts:
    """The scalars of values of any other type; of many those of a sample, and of all of them where that is cheap."""
    if not isinstance(present, Present):
        return describe(present, partition)
    if present.values.dtype == pl.Boolean:
        return describe(present.values.drop_nulls(), partition)
    sampled = describe(sample_stretches(present), partition)
    return sampled | measure_numbers(present, partial(as_floats, partition=partition), sampled)


def as_floats(values: pl.Series, partition: str) -> Floats:
    """Values of any type that `describe` describes by numbers as (n,) floats. values: no nulls."""
    if isinstance(values.dtype, (pl.Date, pl.Datetime)):
        return hours_since(values, partition)
    for kind, simplify in SIMPLER.items():
        if isinstance(values.dtype, kind):
            values = simplify(values)
    return values.cast(pl.Float64).to_numpy()


def count_levels(present: pl.Series | Present) -> pl.DataFrame:
    """Each distinct number as a float `value`, zero without a sign, with its `count`, in no order."""
    return count_all(present.converted(_as_level)) if isinstance(present, Present) else count_values(_as_level(present))


def _as_level(values: pl.Series) -> pl.Series:
    return values.cast(pl.Float64) + 0.0


def top_levels(counted: pl.DataFrame) -> dict[str, float]:
    """The shares of a few numbers. counted: each distinct `value` with its `count`."""
    named = sorted(zip(counted["value"].cast(pl.String).to_list(), counted["count"].to_list(), strict=True))
    names, counts = zip(*named, strict=True)
    return top_shares(pl.Series(names), np.array(counts))


def top_shares(values: pl.Series, counts: Counts) -> dict[str, float]:
    """The shares of the 50 most frequent values, of equally frequent ones the first.

    None where most values occur once, as in a key. values: (n,) different texts, in their order. counts: (n,).
    """
    total = int(counts.sum())
    if len(values) > MANY and len(values) > REPEATED * total:
        return {}
    first = np.argsort(-counts, kind="stable")[:TOP]
    named = zip(values[first].to_list(), counts[first].tolist(), strict=True)
    return {value[:LONGEST]: round(count / total, 6) for value, count in named}


def describe(present: pl.Series, partition: str) -> Facts:
    """The scalars that fit the column's type. present: at least one value, no nulls."""
    dtype = present.dtype
    if dtype == pl.Boolean:
        return {"true_rate": float(present.mean())}  # type: ignore[arg-type] # the mean of booleans is a float
    if dtype.is_numeric():
        return describe_numbers(present.cast(pl.Float64).to_numpy())
    if isinstance(dtype, (pl.Date, pl.Datetime)):
        return describe_times(present, partition)
    for kind, simplify in SIMPLER.items():
        if isinstance(dtype, kind):
            return describe(simplify(present), partition)
    return {}


SIMPLER: dict[type[pl.DataType], Callable[[pl.Series], pl.Series]] = {
    pl.Duration: lambda values: values.dt.total_seconds(fractional=True),
    pl.Time: lambda values: values.cast(pl.Int64) / 3.6e12,
    pl.List: lambda values: values.list.len(),
    pl.Array: lambda values: values.arr.len(),
    pl.Binary: lambda values: values.bin.size(),
}


def describe_rows(rows: pl.DataFrame, columns: Sequence[ColumnProfile]) -> Facts:
    """Facts of the rows as a whole: their number on a log scale, and the share of rows that repeat another one.

    columns: their profiles.
    """
    facts = {"log_rows": math.log1p(rows.height)}
    flat = [name for name, dtype in rows.schema.items() if not dtype.is_nested() and dtype != pl.Object]
    if rows.height > MANY_ROWS and flat:
        facts["duplicate_rate"] = count_repeated(rows.select(flat)) / rows.height
    elif any(column.facts.get("distinct") == rows.height for column in columns if column.name in flat):
        facts["duplicate_rate"] = 0.0  # a column tells all rows apart
    elif rows.height and flat:
        facts["duplicate_rate"] = 1 - rows.select(pl.struct(flat).n_unique()).item() / rows.height
    return facts
