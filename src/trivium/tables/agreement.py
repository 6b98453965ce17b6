"""How far people agree beyond what chance would give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from itertools import combinations

import polars as pl
from msgspec import Struct


class Agreement(Struct, frozen=True):
    """How far the annotators of a table agree, over the rows that at least two of them answered.

    share: of pairs of answers to one row, those that are the same. alpha: Krippendorff's, nominal. kappas: Cohen's, for
    each two annotators with rows in common. None where the rows do not say: too few, or only one value.
    """

    annotators: tuple[str, ...]
    rows: int
    share: float | None
    alpha: float | None
    kappas: dict[str, float | None]

    @property
    def kappa(self) -> float | None:
        """Cohen's kappa when there are exactly two annotators."""
        return next(iter(self.kappas.values())) if len(self.kappas) == 1 and len(self.annotators) == 2 else None


def cohen_kappa(first: Sequence[Hashable], second: Sequence[Hashable]) -> float | None:
    """Cohen's kappa of two annotators' answers to the same n rows: 1 is full agreement, 0 is chance.

    None for no rows, and when both only ever gave one and the same value.
    J. Cohen (1960), A Coefficient of Agreement for Nominal Scales, Educational and Psychological Measurement 20(1).
    Its Table 1 has p_o = .29 and p_c = .35, so kappa = (.29 - .35) / (1 - .35) = -.092.
    """
    n = len(first)
    if not n or len(second) != n:
        return None
    same = sum(a == b for a, b in zip(first, second, strict=True)) / n
    ones, others = Counter(first), Counter(second)
    chance = sum(count * others[value] for value, count in ones.items()) / (n * n)
    return None if chance == 1 else (same - chance) / (1 - chance)


def krippendorff_alpha(units: Iterable[Sequence[Hashable]]) -> float | None:
    """Krippendorff's alpha for nominal values: 1 is full agreement, 0 is chance; any number of annotators and gaps.

    units: for each row the values that it was given, by whomever; rows with fewer than two count for nothing. None when
    no row has two, and when there is only one value.
    K. Krippendorff (2011), Computing Krippendorff's Alpha-Reliability: his examples give .095 (A, two values), .692 (B,
    five values) and .743 (C, four observers with missing values).
    """
    paired = [values for values in units if len(values) > 1]
    totals = Counter(value for values in paired for value in values)
    n = sum(totals.values())
    expected = n * n - sum(count * count for count in totals.values())
    if not expected:
        return None
    differing = sum(_differing(values) / (len(values) - 1) for values in paired)
    return 1 - (n - 1) * differing / expected


def measure_agreement(answers: pl.DataFrame, key: Sequence[str]) -> Agreement:
    """The agreement of answers, one row for each: the columns of `key`, `annotator` and `value`."""
    by_row = answers.group_by(key, maintain_order=True).agg("annotator", "value")
    units = [dict(zip(who, what, strict=True)) for who, what in by_row.select("annotator", "value").iter_rows()]
    annotators = sorted({name for unit in units for name in unit})
    paired = [list(unit.values()) for unit in units if len(unit) > 1]
    pairs = sum(len(values) * (len(values) - 1) for values in paired)
    differing = sum(_differing(values) for values in paired)
    return Agreement(
        annotators=tuple(annotators),
        rows=len(paired),
        share=1 - differing / pairs if pairs else None,
        alpha=krippendorff_alpha(paired),
        kappas={
            f"{one}, {other}": cohen_kappa(*_common(units, one, other))
            for one, other in combinations(annotators, 2)
            if any(one in unit and other in unit for unit in units)
        },
    )


def _differing(values: Sequence[Hashable]) -> int:
    """How many ordered pairs of the values differ."""
    return len(values) ** 2 - sum(count * count for count in Counter(values).values())


def _common(units: Sequence[dict[str, str]], one: str, other: str) -> tuple[list[str], list[str]]:
    """The values that both gave, row by row."""
    both = [(unit[one], unit[other]) for unit in units if one in unit and other in unit]
    return [pair[0] for pair in both], [pair[1] for pair in both]
