"""What each position of a history's vectors is, as arrays, so that all facts are judged at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from trivium.checks.facts import (
    GRAIN,
    LEVEL,
    ONLY_LESS,
    ONLY_MORE,
    SORTING,
    Bools,
    Floats,
    Key,
    columns_of_key,
    has_two_scales,
    is_logarithmic,
)
from trivium.checks.numbers import QUANTILES

Places = NDArray[np.intp]
NOWHERE = -1
SPANNING = ("q05", "q25", "median", "q75", "q95")
SPAN = 0.5
ORDERED = tuple(QUANTILES)


class Layout(Struct, frozen=True):
    """Arrays over the facts. Kinds are masks; `owner` numbers the columns (-1: a relation or the rows as a whole).

    `sd`, `distinct`, `nulls`: where the fact's column has these facts (-1: nowhere). `fewest`: the same for the column
    of a relation that is given second; else that of `distinct`. `level`: a quantile's share in [0, 1], else NaN.
    `below`, `above`: where the neighbouring quantiles of the column are.
    `places`: (8, facts), where all of them and the mean are.
    """

    keys: list[Key]
    place: Bools
    count: Bools
    share: Bools
    grain: Bools
    sorting: Bools
    more: Bools
    less: Bools
    correlation: Bools
    rows: Bools
    negative: Bools
    mean: Bools
    spread: Bools
    mix: Bools
    letters: Bools
    stale: Bools
    mixed: Bools
    hours: Bools
    owner: Places
    sd: Places
    distinct: Places
    fewest: Places
    nulls: Places
    level: Floats
    below: Places
    above: Places
    places: Places

    @property
    def size(self) -> int:
        """How many facts there are."""
        return len(self.keys)

    @classmethod
    def of(cls, keys: Sequence[Key]) -> Layout:
        """The layout of vectors with these keys."""
        at = {key: number for number, key in enumerate(keys)}
        columns = [columns_of_key(key) for key in keys]
        lone = [key[0] if len(columns[number]) == 1 and key[0] else None for number, key in enumerate(keys)]
        names = {name: number for number, name in enumerate(dict.fromkeys(name for name in lone if name))}
        facts = [fact for _, fact in keys]

        def mask(kind: Sequence[bool]) -> Bools:
            return np.array(kind, dtype=bool)

        def where(fact: str, of: Sequence[str | None]) -> Places:
            return np.array([at.get((name, fact), NOWHERE) if name else NOWHERE for name in of], dtype=np.intp)

        def beside(step: int) -> Places:
            return np.array([_neighbour(key, step, at) for key in keys], dtype=np.intp)

        place = mask([has_two_scales(fact) for fact in facts])
        count = mask([is_logarithmic(fact) for fact in facts])
        return cls(
            keys=list(keys),
            place=place,
            count=count,
            share=~place & ~count & mask([fact not in ("log_rows", "entropy") for fact in facts]),
            grain=mask([fact in GRAIN for fact in facts]),
            sorting=mask([fact in SORTING for fact in facts]),
            more=mask([fact in ONLY_MORE for fact in facts]),
            less=mask([fact in ONLY_LESS for fact in facts]),
            correlation=mask([fact == "rank_correlation" for fact in facts]),
            rows=mask([fact == "log_rows" for fact in facts]),
            negative=mask([fact == "negative_rate" for fact in facts]),
            mean=mask([fact in ("mean", "length_mean") for fact in facts]),
            spread=mask([fact == "sd" for fact in facts]),
            mix=mask([fact == "entropy" for fact in facts]),
            hours=place & (where("whole_hour_rate", lone) != NOWHERE),
            mixed=mask([fact.startswith(LEVEL) for fact in facts]),
            stale=mask([fact in ("stale", "stale_stretch") for fact in facts]),
            letters=mask([fact == "length_mean" for fact in facts]),
            owner=np.array([names[name] if name else NOWHERE for name in lone], dtype=np.intp),
            sd=where("sd", lone),
            distinct=where("distinct", [each[0] or None for each in columns]),
            fewest=where("distinct", [each[-1] or None for each in columns]),
            nulls=where(
                "null_rate", [None if fact == "null_rate" else name for name, fact in zip(lone, facts, strict=True)]
            ),
            level=np.array([QUANTILES.get(fact, np.nan) for fact in facts]),
            below=beside(-1),
            above=beside(1),
            places=np.stack([where(name, lone) for name in (*ORDERED, "mean")]),
        )


def values_at(values: Floats, places: Places, missing: float) -> Floats:
    """The values at these places; `missing` for nowhere and for what is not known."""
    if not values.size:
        return values
    found = np.where(places == NOWHERE, missing, values[places])
    return np.where(np.isfinite(found), found, missing)


def largest_by_owner(layout: Layout, figures: Floats, kind: Bools) -> Floats:
    """For each fact the largest figure among those facts of its column that are of a kind, 0 without one."""
    owned = kind & (layout.owner != NOWHERE)
    if not owned.any():
        return np.zeros(layout.size)
    largest = np.zeros(int(layout.owner.max()) + 1)
    np.maximum.at(largest, layout.owner[owned], np.nan_to_num(figures[owned]))
    return np.where(layout.owner == NOWHERE, 0.0, largest[layout.owner])


def usual_units(layout: Layout, vector: Floats) -> Floats:
    """The unit of each fact's logarithmic scale, (facts,): 1, and for the places of a column half of what the middle
    half of its values spans, so that no scale depends on whether a length is told in metres or in miles.

    vector: the first known values. Of a column whose middle half stands still, the next wider span is taken.
    """
    q05, q25, median, q75, q95 = (values_at(vector, layout.places[ORDERED.index(name)], 0.0) for name in SPANNING)
    units = np.ones(layout.size)
    for span in (np.abs(median), values_at(vector, layout.sd, 0.0), SPAN * (q95 - q05), SPAN * (q75 - q25)):
        units = np.where(span > 0, span, units)
    return np.where(layout.place & (layout.owner != NOWHERE) & ~layout.letters, units, 1.0)


def _neighbour(key: Key, step: int, at: dict[Key, int]) -> int:
    if key[1] not in QUANTILES:
        return NOWHERE
    number = ORDERED.index(key[1]) + step
    return at.get((key[0], ORDERED[number]), NOWHERE) if 0 <= number < len(ORDERED) else NOWHERE
