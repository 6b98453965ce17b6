"""How the columns of a partition hang together: which determine which, which rise together, which are null together.

A fault in one column breaks what it had in common with others, even where its own values look as ever: values that
changed rows, a join that missed, a column that was copied from another day.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from trivium.values.alerts import Relation, RelationProfile

Codes = NDArray[np.int64]

UNDETERMINED, CORRELATION, MISMATCH = "undetermined", "rank_correlation", "null_mismatch"
MOST_COLUMNS = 40
MOST_ROWS = 20_000
MOST_ROWS_SEARCHED = 4_000
MOST_RELATIONS = 400
FEWEST_ROWS = 20
TYPES = (pl.String, pl.Categorical, pl.Enum, pl.Boolean, pl.Date, pl.Datetime)

MOST_ERROR = 0.03
MOST_OF_CHANCE = 0.25
SAYS_NOTHING = 0.95
MOST_GROUPS = 0.7
SMALL = 16
SMALL_COLUMNS = 3
MOST_GROUPS_OF_TWO = 0.4
LEAST_CORRELATION = 0.4
LEAST_RANKED = 4
MOST_MISMATCH = 0.2


class Coded(Struct, frozen=True):
    """A column as numbers from 0: equal values have equal ones, 0 is null. `count`: one more than the largest."""

    codes: Codes
    count: int

    @property
    def distinct(self) -> int:
        """How many different values there are."""
        return int(np.count_nonzero(np.bincount(self.codes)))

    @property
    def top_share(self) -> float:
        """The share of the most frequent value."""
        return float(np.bincount(self.codes).max() / self.codes.size)


def find_relations(rows: pl.DataFrame) -> tuple[Relation, ...]:
    """Relations that hold in these rows and say something, at most 400; of the first 40 columns and 4,000 rows."""
    if rows.height < FEWEST_ROWS:
        return ()
    rows = rows.head(MOST_ROWS_SEARCHED).select(_comparable(rows)[:MOST_COLUMNS])
    coded = code_columns(rows, rows.columns)
    found = [*_find_determined(coded, rows.schema), *_find_mismatches(rows), *_find_correlations(rows)]
    return tuple(found[:MOST_RELATIONS])


def measure_relations(rows: pl.DataFrame, relations: Sequence[Relation]) -> tuple[RelationProfile, ...]:
    """These relations as numbers, without those whose columns are absent or say nothing; of 20,000 rows at most."""
    if rows.height < FEWEST_ROWS or not relations:
        return ()
    if rows.height > MOST_ROWS:
        rows = rows.gather_every(-(-rows.height // MOST_ROWS))
    there = {*_comparable(rows)}
    measurable = [relation for relation in relations if there.issuperset(relation.columns)]
    measured = Measured(rows, measurable)
    found = []
    for relation in measurable:
        value = measured.value(relation)
        if value is not None:
            found.append(RelationProfile(relation, value))
    return tuple(found)


class Measured:
    """Rows whose columns are coded and ranked once for all of these relations."""

    def __init__(self, rows: pl.DataFrame, relations: Sequence[Relation]) -> None:
        self.rows = rows
        coded = code_columns(rows, _columns_of(relations, UNDETERMINED))
        self._coded: dict[tuple[str, ...], Coded] = {(name,): column for name, column in coded.items()}
        ranked = pl.col(_columns_of(relations, CORRELATION)).rank("average").cast(pl.Float64)
        self._ranks = {column.name: column.to_numpy() for column in rows.select(ranked).iter_columns()}

    def value(self, relation: Relation) -> float | None:
        """The relation as a number; None where it is not defined."""
        if relation.kind == UNDETERMINED:
            *determinants, dependent = relation.columns
            return undetermined(self._code(tuple(determinants)), self._code((dependent,)))
        one, other = relation.columns
        if relation.kind == MISMATCH:
            return float((self.rows[one].is_null() != self.rows[other].is_null()).mean())  # type: ignore[arg-type]
        return correlation(self._ranks[one], self._ranks[other])

    def _code(self, columns: tuple[str, ...]) -> Coded:
        if columns not in self._coded:
            self._coded[columns] = join_codes([self._coded[name,] for name in columns])
        return self._coded[columns]


def code_columns(rows: pl.DataFrame, columns: Sequence[str]) -> dict[str, Coded]:
    """These columns as numbers, in the order of their values, by one query for all of them."""
    found = rows.select(pl.col(columns).rank("dense").fill_null(0).cast(pl.Int64))
    codes = {column.name: column.to_numpy() for column in found.iter_columns()}
    return {name: Coded(each, int(each.max(initial=0)) + 1) for name, each in codes.items()}


def join_codes(parts: Sequence[Coded]) -> Coded:
    """Several columns as one."""
    joined = parts[0].codes
    for part in parts[1:]:
        joined = np.unique(joined * part.count + part.codes, return_inverse=True)[1].astype(np.int64)
    return Coded(joined, int(joined.max(initial=0)) + 1)


def undetermined(one: Coded, other: Coded) -> float:
    """The least share of rows to leave out so that equal values of `one` have equal values of `other`.

    The error g3 of Kivinen and Mannila, "Approximate inference of functional dependencies from relations", Theoretical
    Computer Science 149 (1995), section 2.
    """
    pairs = one.codes * other.count + other.codes
    pairs.sort()
    starts = np.flatnonzero(np.concatenate(([True], pairs[1:] != pairs[:-1])))
    counts = np.diff(np.append(starts, pairs.size))
    left = pairs[starts] // other.count
    groups = np.flatnonzero(np.concatenate(([True], left[1:] != left[:-1])))
    return float(1 - np.maximum.reduceat(counts, groups).sum() / pairs.size)


def correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float | None:
    """Spearman's rank correlation over the rows that have both; None with fewer than 20 of them or without spread."""
    both = np.isfinite(one) & np.isfinite(other)
    if np.count_nonzero(both) < FEWEST_ROWS:
        return None
    first, second = one[both] - one[both].mean(), other[both] - other[both].mean()
    spread = float(np.sqrt((first @ first) * (second @ second)))
    return float(first @ second) / spread if spread > 0 else None


def _columns_of(relations: Sequence[Relation], kind: str) -> list[str]:
    return list(dict.fromkeys(name for relation in relations if relation.kind == kind for name in relation.columns))


def _comparable(rows: pl.DataFrame) -> list[str]:
    return [name for name, dtype in rows.schema.items() if dtype.is_numeric() or isinstance(dtype, TYPES)]


def _find_determined(coded: Mapping[str, Coded], schema: Mapping[str, pl.DataType]) -> Iterator[Relation]:
    rows = len(next(iter(coded.values())).codes) if coded else 0
    distinct = {name: column.distinct for name, column in coded.items()}
    told = {name: column for name, column in coded.items() if column.top_share <= SAYS_NOTHING}
    known: set[tuple[str, str]] = set()
    for name, column in coded.items():
        if 2 <= distinct[name] <= MOST_GROUPS * rows:
            for other, told_of in told.items():
                if other != name and _holds(column, told_of):
                    known.add((name, other))
                    yield Relation(UNDETERMINED, (name, other))
    small = [name for name in told if distinct[name] <= SMALL and told[name].top_share < 1 - MOST_OF_CHANCE / 2]
    small.sort(key=lambda name: (schema[name] != pl.String, distinct[name]))
    for first in small[:SMALL_COLUMNS]:
        for second, column in coded.items():
            if second == first or not 2 <= distinct[second] <= MOST_GROUPS_OF_TWO * rows:
                continue
            both = join_codes([coded[first], column])
            rest = [] if both.count > MOST_GROUPS * rows else [name for name in told if name not in (first, second)]
            for other in rest:
                if (first, other) not in known and (second, other) not in known and _holds(both, told[other]):
                    yield Relation(UNDETERMINED, (first, second, other))


def _holds(one: Coded, other: Coded) -> bool:
    error = undetermined(one, other)
    return error <= MOST_ERROR and error < MOST_OF_CHANCE * (1 - other.top_share)


def _find_correlations(rows: pl.DataFrame) -> Iterator[Relation]:
    kinds = [name for name, dtype in rows.schema.items() if dtype.is_numeric() or dtype.is_temporal()]
    ranked = [name for name in kinds if rows[name].n_unique() > LEAST_RANKED]
    pairs = [Relation(CORRELATION, pair) for pair in combinations(ranked, 2)]
    measured = Measured(rows, pairs)
    for pair in pairs:
        value = measured.value(pair)
        if value is not None and abs(value) >= LEAST_CORRELATION:
            yield pair


def _find_mismatches(rows: pl.DataFrame) -> Iterator[Relation]:
    missing = {name: rows[name].is_null() for name in rows.columns if rows[name].null_count()}
    for one, other in combinations(missing, 2):
        apart = int((missing[one] != missing[other]).sum())
        if apart <= MOST_MISMATCH * min(rows[one].null_count(), rows[other].null_count()):
            yield Relation(MISMATCH, (one, other))
