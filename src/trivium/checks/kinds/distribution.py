"""Distribution: a column's values are spread as they were in the past, or in a pinned version."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import polars as pl

from trivium.checks.distance import SHARES, Floats, bin_levels, bin_numbers, ks, smoothed
from trivium.checks.kinds.outcome import Outcome, shorten, unevaluable
from trivium.checks.partition import Partition
from trivium.checks.surroundings import Surroundings
from trivium.errors import Misuse
from trivium.values.tables import CheckSpec, Severity

Distance = Literal["psi", "js", "ks"]
NAMES = {"psi": "population stability index", "js": "Jensen-Shannon distance", "ks": "Kolmogorov-Smirnov statistic"}
TEXTS = (pl.String, pl.Categorical, pl.Enum, pl.Boolean)
LAST = 30
MOST_VALUES = 1_000_000
SHOWN = 5


def distribution(
    column: str,
    distance: Distance,
    at_most: float,
    *,
    last: int | None = None,
    version: int | None = None,
    name: str | None = None,
    severity: Severity = "warn",
    owner: str | None = None,
) -> CheckSpec:
    """A check that a column's values are no further from those before than this.

    distance: "psi" (population stability index) and "js" (Jensen-Shannon distance) for numbers, texts and booleans,
    "ks" (Kolmogorov-Smirnov statistic) for numbers. at_most: the threshold, in the distance's own unit. last: the
    newest so many partitions before are compared with (30 unless a version is named; a table without event time is
    compared with all that is there); version: the rows of that version. Nulls and NaN are left out: `coverage` counts
    them. Without values on either side it passes.

    Raises Misuse for an unknown distance, a threshold that it cannot exceed, or both a window and a version.
    """
    if distance not in NAMES:
        raise Misuse(f"There is no distance {distance!r}; known: {', '.join(NAMES)}.")
    if not 0 < at_most < (float("inf") if distance == "psi" else 1):
        raise Misuse(f"{distance} at most {at_most} would always or never hold; give a threshold inside its range.")
    if (last is not None and version is not None) or (last is not None and last < 1):
        raise Misuse(
            "distribution() compares with the last= partitions (at least 1), or with a version=; not with both."
        )
    window = None if version is not None else last or LAST
    arguments = {"distance": distance, "at_most": at_most, "last": window, "version": version}
    return CheckSpec(name or f"{distance}({column})", "distribution", column, arguments, severity, owner)


def judge_distribution(check: CheckSpec, part: Partition, around: Surroundings) -> Outcome:
    """The distance of the partition's values from those before, against the threshold.

    At most a million values of the past are compared with, picked at even steps.
    """
    column, distance = str(check.column), str(check.arguments["distance"])
    found = _past(check, part, around)
    if isinstance(found, str):
        return unevaluable(check, found)
    source, past = found
    now, before = _present(part.rows[column]), _present(_sampled(past, column))
    if not now.len() or not before.len():
        return Outcome(passed=True, message=f"`{column}`: there is nothing to compare with {source}")
    if (why := _incomparable(distance, now, before)) is not None:
        return unevaluable(check, why)
    labels, shares, value = measure_distance(distance, now, before)
    at_most = float(check.arguments["at_most"])
    most = {} if _is_private(around, column) else _most_changed(labels, shares)
    story = "" if value <= at_most else _tell(most)
    return Outcome(
        passed=value <= at_most,
        message=f"`{column}`: {NAMES[distance]} {value:.3g} from {source}, expected at most {at_most:g}{story}",
        observed=value,
        expected=f"at most {at_most:g}",
        evidence={"distance": distance, "compared_with": source, "values": before.len(), "shares": most},
    )


def measure_distance(
    distance: str, now: pl.Series, before: pl.Series
) -> tuple[list[str], tuple[Floats, Floats], float]:
    """(labels of bins, shares now and before, distance) of two samples without nulls, neither empty; no bins for ks."""
    if now.dtype in TEXTS or before.dtype in TEXTS:
        labels, *counts = bin_levels(_counted(now), _counted(before))
    else:
        sorted_now, sorted_before = _sorted(now), _sorted(before)
        if distance == "ks":
            nothing = np.empty(0)
            return [], (nothing, nothing), ks(sorted_now, sorted_before)
        labels, *counts = bin_numbers(sorted_now, sorted_before)
    if distance == "psi":
        shares = smoothed(counts[0], counts[1])
    else:
        shares = counts[0] / counts[0].sum(), counts[1] / counts[1].sum()
    return labels, shares, SHARES[distance](*shares)


def _past(check: CheckSpec, part: Partition, around: Surroundings) -> tuple[str, pl.LazyFrame] | str:
    """What to compare with, in words and as rows; or why there is none."""
    version = check.arguments["version"]
    if version is None:
        names, rows = around.past(part.name, int(check.arguments["last"]))
        return (f"{names[0]} to {names[-1]}" if len(names) > 1 else names[0] if names else "the past"), rows
    if around.find_version(around.own, version) is None:
        return f"version {version} cannot be read"
    return f"version {version}", around.scan(around.own, version)


def _sampled(rows: pl.LazyFrame, column: str) -> pl.Series:
    if column not in rows.collect_schema():
        return pl.Series(column, [], dtype=pl.Null)
    total = rows.select(pl.len()).collect(engine="streaming").item()
    step = -(-total // MOST_VALUES)
    picked = rows.select(column) if step <= 1 else rows.select(column).gather_every(step)
    return picked.collect(engine="streaming").to_series()


def _present(values: pl.Series) -> pl.Series:
    present = values.drop_nulls()
    return present.filter(present.is_not_nan()) if present.dtype.is_float() else present


def _incomparable(distance: str, now: pl.Series, before: pl.Series) -> str | None:
    kinds = [("text" if values.dtype in TEXTS else "number" if values.dtype.is_numeric() else "", values.dtype)
             for values in (now, before)]  # fmt: skip
    other = next((dtype for kind, dtype in kinds if not kind), None)
    if other is not None:
        return f"{other} has no distance; compare numbers, texts or booleans"
    if kinds[0][0] != kinds[1][0]:
        return f"{now.dtype} cannot be compared with the {before.dtype} before"
    return "ks compares numbers; texts have psi and js" if distance == "ks" and kinds[0][0] == "text" else None


def _sorted(values: pl.Series) -> Floats:
    ordered: Floats = np.sort(values.cast(pl.Float64).to_numpy())
    return ordered


def _counted(values: pl.Series) -> dict[str, int]:
    counted = values.cast(pl.String).rename("value").value_counts()
    return dict(zip(counted["value"], counted["count"], strict=True))


def _most_changed(labels: list[str], shares: tuple[Floats, Floats]) -> dict[str, Any]:
    """The bins that changed most: [share before, share now]."""
    order = np.argsort(-np.abs(shares[0] - shares[1]), kind="stable")[:SHOWN]
    return {shorten(labels[i]): [round(float(shares[1][i]), 4), round(float(shares[0][i]), 4)] for i in order}


def _tell(most: dict[str, Any]) -> str:
    if not most:
        return ""
    label, (before, now) = next(iter(most.items()))
    return f" (most changed: {label!r}, {before:.1%} before, {now:.1%} now)"


def _is_private(around: Surroundings, column: str) -> bool:
    spec = around.find_spec(around.own)
    return spec is not None and column in spec.pii
