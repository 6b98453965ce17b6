"""What a column's values were like before and after, out of profiles alone."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from trivium.pictures.picture import Distribution, Shape
from trivium.values.alerts import ColumnProfile

QUANTILES = ("minimum", "q01", "q05", "q25", "median", "q75", "q95", "q99", "maximum")
LENGTHS = {"length_minimum": "minimum", "length_mean": "mean", "length_maximum": "maximum"}
BEFORE = 14
VALUES = 8


def compare(past: Sequence[ColumnProfile], now: ColumnProfile, partition: str) -> Distribution | None:
    """The newest values beside the usual ones; None when the profile tells neither quantiles nor shares.

    past: the column in the partitions before, oldest first; the median of the last 14 is the usual.
    """
    after = shape_of([now], partition)
    recent = [each for each in past[-BEFORE:] if each.facts]
    label = "the partition before" if len(recent) == 1 else f"the {len(recent)} partitions before"
    before = shape_of(recent, label) if recent else None
    if not (after.quantiles or after.shares or (before and (before.quantiles or before.shares))):
        return None
    return Distribution(axis_of(now), before, after)


def axis_of(column: ColumnProfile) -> str:
    """What the quantiles of such a column are about."""
    if "length_mean" in column.facts:
        return "length in characters"
    return "hours from the partition's start" if column.type.startswith(("timestamp", "date")) else "values"


def shape_of(profiles: Sequence[ColumnProfile], label: str) -> Shape:
    """The typical shape of these partitions of a column: the median of each quantile, the mean share of each value."""
    quantiles = {name: typical(profiles, name) for name in QUANTILES}
    if not any(value is not None for value in quantiles.values()):
        quantiles = {shown: typical(profiles, name) for name, shown in LENGTHS.items()}
    return Shape(label, in_order(quantiles), mean_shares(profiles))


def typical(profiles: Sequence[ColumnProfile], fact: str) -> float | None:
    """The median of the fact over these partitions, None when none has it."""
    known = [each.facts[fact] for each in profiles if fact in each.facts]
    return median(known) if known else None


def in_order(quantiles: dict[str, float | None]) -> dict[str, float]:
    """The known ones, none less than the one before it, as medians of quantiles may be."""
    found: dict[str, float] = {}
    for name, value in quantiles.items():
        if value is not None:
            found[name] = max([value, *found.values()])
    return found


def mean_shares(profiles: Sequence[ColumnProfile]) -> dict[str, float]:
    """The mean share of each value; of booleans those of true and false."""
    total: dict[str, float] = {}
    telling = [shares for each in profiles if (shares := shares_of(each))]
    for shares in telling:
        for value, share in shares.items():
            total[value] = total.get(value, 0.0) + share / len(telling)
    return total


def shares_of(column: ColumnProfile) -> dict[str, float]:
    """The shares of the most frequent values."""
    rate = column.facts.get("true_rate")
    return column.top if rate is None else {"true": rate, "false": 1 - rate}


def compared_values(distribution: Distribution) -> list[tuple[str, float, float]]:
    """(value, share before, share after) of the eight values that are or were the most frequent."""
    before = distribution.before.shares if distribution.before else {}
    after = distribution.after.shares
    ranked = sorted({**before, **after}, key=lambda value: (-max(before.get(value, 0.0), after.get(value, 0.0)), value))
    return [(value, before.get(value, 0.0), after.get(value, 0.0)) for value in ranked[:VALUES]]
