"""What others would have said of the same partitions, with what they do when nobody configures them."""

from __future__ import annotations

import warnings
from importlib.util import find_spec

import numpy as np
import polars as pl
from polars import selectors

from trivium.checks.history import History
from trivium.checks.partition import Partition
from trivium.checks.replay import Replay
from trivium.values.alerts import CheckResult, Judgement, Profile

REFERENCE = 7
SIGMAS = 3.0
Facts = dict[tuple[str, str], float]


class ThreeSigma(Replay, frozen=True):
    """Coverage of every column and mean of every number, three standard deviations around all that came before."""

    facts: tuple[Facts, ...] = ()

    @classmethod
    def of(cls, replay: Replay) -> ThreeSigma:
        """The same past, judged in this way."""
        facts = tuple(coverage_and_mean(part.rows) for part in replay.parts)
        return cls(replay.spec, replay.parts, replay.now, facts=facts)

    def judge(self, part: Partition, history: History) -> Judgement:
        """Failed for each column whose coverage or mean is outside, or which is gone."""
        now, scores = coverage_and_mean(part.rows), dict[str, float]()
        for column, fact in self.facts[len(history)]:
            past = np.array([facts.get((column, fact), np.nan) for facts in self.facts[: len(history)]])
            score = distance(now.get((column, fact), np.nan), past[np.isfinite(past)])
            scores[column] = max(scores.get(column, 0.0), score / SIGMAS)
        return judged(self.spec.name, part, scores)


class Evidently(Replay, frozen=True):
    """Evidently's preset for drift, with its own tests and thresholds, against the seven partitions before."""

    first: int = REFERENCE

    @classmethod
    def of(cls, replay: Replay, first: int) -> Evidently | None:
        """The same past, judged in this way from the partition at place `first` on; None when it is not installed."""
        if find_spec("evidently") is None:
            return None
        return cls(replay.spec, replay.parts, replay.now, first=max(first, REFERENCE))

    def judge(self, part: Partition, history: History) -> Judgement:
        """Failed for each column that drifted, or is gone."""
        if len(history) < self.first:
            return judged(self.spec.name, part, {})
        before = pl.concat(self.parts[at].rows for at in range(len(history) - REFERENCE, len(history)))
        return judged(self.spec.name, part, drifts(part.rows, before))


def coverage_and_mean(rows: pl.DataFrame) -> Facts:
    """The share of values that are there, and the mean of numbers."""
    facts = {(values.name, "coverage"): 1 - values.null_count() / max(len(values), 1) for values in rows.iter_columns()}
    numbers = rows.select(selectors.numeric().cast(pl.Float64).mean()).row(0, named=True)
    return facts | {(name, "mean"): mean for name, mean in numbers.items() if mean is not None}


def distance(value: float, past: np.ndarray) -> float:
    """How many standard deviations a value is from the mean of the past; infinite when it is gone."""
    if past.size < 2:
        return 0.0
    if not np.isfinite(value):
        return np.inf
    spread = float(past.std(ddof=1))
    return abs(value - past.mean()) / spread if spread else (0.0 if value == past[-1] else np.inf)


def drifts(rows: pl.DataFrame, before: pl.DataFrame) -> dict[str, float]:
    """1 for each column that drifted or is gone, else 0. Times and columns without a value are left out."""
    gone = {name: 1.0 for name in before.columns if rows.get_column(name, default=None) is None}
    names = [name for name in before.columns if name not in gone and comparable(rows[name], before[name])]
    other = {name: 1.0 for name in before.columns if name not in gone and rows[name].dtype != before[name].dtype}
    found = measure_drift(rows.select(names), before.select(names)) if names else {}
    return {**found, **gone, **other}


def comparable(values: pl.Series, before: pl.Series) -> bool:
    """Whether both are numbers, or both texts, with a value."""
    kinds = values.dtype == before.dtype and (values.dtype.is_numeric() or values.dtype == pl.String)
    return bool(kinds and values.count() and before.count())


def measure_drift(rows: pl.DataFrame, before: pl.DataFrame) -> dict[str, float]:
    """What Evidently's preset says of each column: 1 when its score is on the wrong side of its threshold."""
    from evidently import Report  # noqa: PLC0415 # an optional package
    from evidently.presets import DataDriftPreset  # noqa: PLC0415

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report = Report([DataDriftPreset()]).run(rows.to_pandas(), before.to_pandas()).dict()
    metrics = [(each["config"], float(each["value"])) for each in report["metrics"] if "method" in each["config"]]
    return {config["column"]: float(is_drift(config, value)) for config, value in metrics}


def is_drift(config: dict[str, object], value: float) -> bool:
    """A p value drifts below its threshold, a distance above it."""
    threshold = float(str(config["threshold"]))
    return value < threshold if "p_value" in str(config["method"]) else value >= threshold


def judged(table: str, part: Partition, scores: dict[str, float]) -> Judgement:
    """The judgement that says so: a column fails from 1 on."""
    results = tuple(
        CheckResult("peer", "peer", name, part.name, score < 1, "warn", f"{name}: {score:.2f}", surprise=score)
        for name, score in scores.items()
    )
    state = "flagged" if any(not each.passed for each in results) else "valid"
    return Judgement(part.name, state, Profile(table, part.name, part.rows.height, ()), results)
