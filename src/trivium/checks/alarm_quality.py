"""How complete and how precise alarms are, in figures that a person can act upon, with how sure they are.

Precision depends on how rare faults are, so it is told for one fault in 2, 10 and 30 partitions: P = R / (R + k F),
where R is the recall, F the share of clean partitions that alarm, and k = 1, 9, 29 clean partitions for each broken
one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from msgspec import Struct

from trivium.checks.backtest import Backtest
from trivium.checks.faults.fault import SEVERITIES
from trivium.checks.faults.library import EVERY_FAULT
from trivium.checks.replay import Ruling
from trivium.checks.trial import Trial

Z = 1.959964
CLEAN_PER_FAULT = {"1:1": 1, "1:10": 9, "1:30": 29}


class Rate(Struct, frozen=True):
    """So many of so many: the share, and its 95 % interval; all None when there was nothing to count."""

    hits: int
    total: int
    share: float | None
    low: float | None
    high: float | None


class Figure(Struct, frozen=True):
    """A figure that follows from rates, with the values at the ends of their intervals; None when undefined."""

    value: float | None
    low: float | None = None
    high: float | None = None


class AlarmQuality(Struct, frozen=True):
    """What a backtest says of the alarms.

    recall: the share of faults that made an alert name a damaged column (any alert when rows were lost or added), by
    severity, "all" being their mean; by_kind: the same for each kind. false_alarms and blocked: clean partitions that
    alarm, or would be quarantined. precision: by how rare faults are, "1:30" being one in 30 partitions.
    column_precision, column_recall: over pairs of a partition and a column, at as many broken as clean partitions;
    without the faults of rows. best_f1: of "any alert" at as many broken as clean partitions, at `best_threshold`, in
    units of the alarm threshold. caught_within: the share of faults that were seen when 1, 2, ... partitions in a row
    were broken. loudest: the share of clean partitions in which an alert names the column.
    """

    recall: dict[str, Rate]
    by_kind: dict[str, dict[str, Rate]]
    false_alarms: Rate
    blocked: Rate
    precision: dict[str, Figure]
    column_precision: float | None
    column_recall: float | None
    best_f1: float | None
    best_threshold: float | None
    caught_within: dict[int, Rate]
    loudest: dict[str, float]


def measure_quality(found: Backtest) -> AlarmQuality:
    """The figures of a backtest."""
    recall = recalls(found.trials)
    alarms = rate(ruling.alarmed for ruling in found.clean)
    column_precision, column_recall = column_figures(found)
    best_f1, threshold = best_f1_of(found)
    return AlarmQuality(
        recall=recall,
        by_kind={kind: recalls(trials) for kind, trials in by_kind(found.trials).items()},
        false_alarms=alarms,
        blocked=rate(ruling.state == "quarantined" for ruling in found.clean),
        precision={name: precision(recall["all"], alarms, k) for name, k in CLEAN_PER_FAULT.items()},
        column_precision=column_precision,
        column_recall=column_recall,
        best_f1=best_f1,
        best_threshold=threshold,
        caught_within=caught_within(found.trials),
        loudest=loudest(found.clean),
    )


def rate(outcomes: Iterable[bool]) -> Rate:
    """The share of true outcomes."""
    known = list(outcomes)
    return rate_of(sum(known), len(known))


def rate_of(hits: int, total: int) -> Rate:
    """The share of hits, with the interval of Wilson, "Probable inference, the law of succession, and statistical
    inference", Journal of the American Statistical Association 22 (1927)."""
    if not total:
        return Rate(0, 0, None, None, None)
    share, weight = hits / total, Z * Z / total
    middle = (share + weight / 2) / (1 + weight)
    half = Z * math.sqrt(share * (1 - share) / total + weight / (4 * total)) / (1 + weight)
    return Rate(hits, total, share, max(0.0, middle - half), min(1.0, middle + half))


def recalls(trials: Sequence[Trial]) -> dict[str, Rate]:
    """Recall by severity; "all" is the mean over the severities, with the interval of all trials moved to it."""
    by_severity = {name: rate(each.caught for each in trials if each.severity == name) for name in SEVERITIES}
    shares = [each.share for each in by_severity.values() if each.share is not None]
    pooled = rate(each.caught for each in trials)
    if pooled.share is None or pooled.low is None or pooled.high is None:
        return {**by_severity, "all": pooled}
    mean = sum(shares) / len(shares)
    moved = mean - pooled.share
    low, high = max(0.0, pooled.low + moved), min(1.0, pooled.high + moved)
    return {**by_severity, "all": Rate(pooled.hits, pooled.total, mean, low, high)}


def by_kind(trials: Iterable[Trial]) -> dict[str, list[Trial]]:
    """The trials of each kind, in the order of the library."""
    groups: dict[str, list[Trial]] = {kind: [] for kind in EVERY_FAULT}
    for trial in trials:
        groups[trial.kind].append(trial)
    return {kind: found for kind, found in groups.items() if found}


def precision(recall: Rate, alarms: Rate, clean_per_fault: int) -> Figure:
    """The share of alarmed partitions that are broken, when there are so many clean ones for each broken one.

    The ends are those of both intervals at their worst and at their best.
    """
    return Figure(
        share_true(recall.share, alarms.share, clean_per_fault),
        share_true(recall.low, alarms.high, clean_per_fault),
        share_true(recall.high, alarms.low, clean_per_fault),
    )


def share_true(recall: float | None, alarmed: float | None, clean_per_fault: int) -> float | None:
    """R / (R + k F); None when nothing alarms or something is unknown."""
    if recall is None or alarmed is None or not recall + clean_per_fault * alarmed:
        return None
    return recall / (recall + clean_per_fault * alarmed)


def column_figures(found: Backtest) -> tuple[float | None, float | None]:
    """Precision and recall over pairs of a partition and a column, at as many broken as clean partitions."""
    trials = [trial for trial in found.trials if trial.columns]
    if not trials or not found.clean:
        return None, None
    named = [trial.ruling.columns for trial in trials]
    right = sum(len(columns & trial.columns) for columns, trial in zip(named, trials, strict=True))
    wrong = sum(len(columns - trial.columns) for columns, trial in zip(named, trials, strict=True))
    wrong_when_clean = sum(len(ruling.columns) for ruling in found.clean) * len(trials) / len(found.clean)
    claimed = right + wrong + wrong_when_clean
    return right / claimed if claimed else None, right / sum(len(trial.columns) for trial in trials)


def best_f1_of(found: Backtest) -> tuple[float | None, float | None]:
    """The best F1 of "any alert" over one threshold for the score, at as many broken as clean partitions; and where."""
    broken, clean = [trial.ruling.score for trial in found.trials], [ruling.score for ruling in found.clean]
    if not broken or not clean:
        return None, None
    best = (0.0, math.inf)
    for threshold in sorted({score for score in broken if score}):
        seen = sum(score >= threshold for score in broken) / len(broken)
        alarmed = sum(score >= threshold for score in clean) / len(clean)
        best = max(best, (2 * seen / (1 + seen + alarmed), threshold))
    return best[0], best[1] if math.isfinite(best[1]) else None


def caught_within(trials: Sequence[Trial]) -> dict[int, Rate]:
    """The share of faults seen by the time that so many partitions in a row are broken; cut short ones left out."""
    longest = max((trial.broken for trial in trials), default=0)
    return {
        number: rate(
            trial.caught_at is not None and trial.caught_at <= number
            for trial in trials
            if trial.caught_at is not None or trial.broken >= number
        )
        for number in range(1, longest + 1)
    }


def loudest(clean: Sequence[Ruling]) -> dict[str, float]:
    """The share of clean partitions in which an alert names the column, the loudest first."""
    columns = sorted({column for ruling in clean for column in ruling.columns})
    shares = {column: sum(column in ruling.columns for ruling in clean) / len(clean) for column in columns}
    return dict(sorted(shares.items(), key=lambda each: -each[1]))
