"""Checks on how good predictions are: declared for endpoints and gates alike, judged on labels and scores."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import msgspec
import numpy as np
import polars as pl

from trivium.checks.measures import Z, find_measure, get_measure, improvement
from trivium.durations import parse_duration
from trivium.errors import Misuse, SchemaMismatch
from trivium.values.alerts import CheckResult
from trivium.values.models import Metric
from trivium.values.tables import CheckSpec, Severity

KINDS = ("metric", "latency")
LEAST_ROWS = 30
MOST_SLICES = 50
QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}


def metric(
    name: str,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    window: str | None = None,
    by: str | None = None,
    beats: Literal["baseline", "champion"] | None = None,
    margin: float = 0.0,
    severity: Severity = "block",
    owner: str | None = None,
) -> CheckSpec:
    """A measure of the predictions keeps its bound, or beats that of another on the same rows.

    name: a measure ("auc", "log_loss", "brier", "accuracy", "rate", "calibration_error", "rmse", "mae").
    window: only predictions this close to the newest one ("7d"). by: a column; each of its values is judged by itself.
    beats: whose answers have to be worse, by more than `margin` in the measure's unit (for gates).

    Raises Misuse when nothing, or something that cannot be meant, is demanded.
    """
    better = get_measure(name).better
    demands = {"at_least": at_least, "at_most": at_most, "beats": beats}
    if sum(demand is not None for demand in demands.values()) != 1:
        raise Misuse(f"metric({name!r}) demands exactly one of at_least=, at_most= and beats=.")
    if beats is not None and (better == "neither" or beats not in ("baseline", "champion")):
        raise Misuse(f"metric({name!r}, beats={beats!r}) means nothing: beat the 'baseline' or the 'champion'.")
    if window is not None:
        parse_duration(window)
    arguments = {"measure": name, **demands, "margin": margin if beats else None, "by": by, "window": window}
    given = {key: value for key, value in arguments.items() if value is not None}
    return CheckSpec(_metric_name(given), "metric", None, given, severity, owner)


def latency(
    *,
    p50: str | None = None,
    p90: str | None = None,
    p95: str | None = None,
    p99: str | None = None,
    window: str | None = None,
    severity: Severity = "warn",
    owner: str | None = None,
) -> CheckSpec:
    """Answers are this quick: quantiles of an endpoint's own time for a request, such as `latency(p99="50ms")`."""
    given = {name: text for name, text in {"p50": p50, "p90": p90, "p95": p95, "p99": p99}.items() if text is not None}
    if not given:
        raise Misuse('latency() demands a quantile, such as p99="50ms".')
    bounds: dict[str, Any] = {name: parse_duration(text).total_seconds() * 1000 for name, text in given.items()}
    title = "latency " + ", ".join(f"{name} <= {text}" for name, text in given.items())
    if window is not None:
        parse_duration(window)
        bounds["window"] = window
    return CheckSpec(title, "latency", "latency_ms", bounds, severity, owner)


def judge_predictions(spec: CheckSpec, rows: pl.DataFrame, *, time: str, now_partition: str) -> list[CheckResult]:
    """What a monitor says of served predictions: one result per slice (one for all without `by`).

    rows: columns label (null while unknown), score, latency_ms, the time column, and slice columns.
    A check fails only when its 95 % interval lies on the wrong side of the bound, so that an alarm is believed.

    Raises Misuse for a check that only a gate can judge, SchemaMismatch when a column is missing.
    """
    if "beats" in spec.arguments:
        raise Misuse(
            f"The check {spec.name!r} compares with another model: give it to register(gate=), not to an endpoint."
        )
    recent = _within(rows, time, spec.arguments.get("window"))
    if spec.kind == "latency":
        return [*_judge_latency(spec, recent, now_partition)]
    return [_judge_slice(spec, part, slice_, now_partition, strict=False) for slice_, part in _slices(spec, recent)]


def judge_exam(spec: CheckSpec, rows: pl.DataFrame, *, partition: str) -> list[CheckResult]:
    """What a gate says of an exam: the burden of proof is the model's, except on slices too small to tell.

    rows: columns label, score, the slice columns, and baseline or champion where there is one. A measure on all rows
    has to reach its bound itself; a slice fails when its interval excludes the bound. `beats` has to be shown: the
    interval of the paired improvement lies above the margin.
    """
    return [_judge_slice(spec, part, slice_, partition, strict=not slice_) for slice_, part in _slices(spec, rows)]


def _metric_name(given: dict[str, Any]) -> str:
    if "beats" in given:
        margin = f" by {given['margin']:g}" if given["margin"] else ""
        demand = f"{given['measure']} beats {given['beats']}{margin}"
    else:
        sign, bound = (">=", given["at_least"]) if "at_least" in given else ("<=", given["at_most"])
        demand = f"{given['measure']} {sign} {bound:g}"
    slices = f" by {given['by']}" if "by" in given else ""
    return demand + slices + (f" over {given['window']}" if "window" in given else "")


def _within(rows: pl.DataFrame, time: str, window: str | None) -> pl.DataFrame:
    if window is None or not rows.height:
        return rows
    return rows.filter(pl.col(time) > pl.lit(_column(rows, time).max()) - parse_duration(window))


def _slices(spec: CheckSpec, rows: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    by = spec.arguments.get("by")
    if by is None:
        yield "", rows
        return
    values = _column(rows, by).drop_nulls().value_counts(sort=True)[by].head(MOST_SLICES)
    for value in sorted(values.to_list(), key=str):
        yield f"{by}={value}", rows.filter(pl.col(by) == value)


def _column(rows: pl.DataFrame, name: str) -> pl.Series:
    if name not in rows.columns:
        raise SchemaMismatch(f"The check needs column {name!r}; the rows have {', '.join(rows.columns)}.")
    return rows[name]


def _judge_slice(spec: CheckSpec, rows: pl.DataFrame, slice_: str, partition: str, *, strict: bool) -> CheckResult:
    labels, scores = _column(rows, "label"), _column(rows, "score")
    other = spec.arguments.get("beats")
    if other is None:
        found = find_measure(spec.arguments["measure"], labels, scores, slice_)
        passed, story = _meets_bound(spec, found, strict=strict)
    elif other not in rows.columns:
        found, passed = None, other == "champion"
        story = "there is no champion to beat yet" if passed else "the report has no baseline to beat"
    else:
        found = improvement(spec.arguments["measure"], labels, scores, rows[other])
        passed, story = _is_better(spec, found, strict=strict)
    return _result(spec, found, slice_, partition, (passed, story))


def _meets_bound(spec: CheckSpec, found: Metric | None, *, strict: bool) -> tuple[bool, str]:
    name = spec.arguments["measure"]
    if found is None:
        return not strict, f"{name} is not defined on these rows (it needs labels, of both kinds for a classifier)"
    bound, least = _bound(spec)
    meets = found.value >= bound if least else found.value <= bound
    shown = f"{name} {show(found)} on {found.rows:,} rows"
    demand = f"{'at least' if least else 'at most'} {bound:g}"
    if meets:
        return True, f"{shown}: {demand}, as demanded"
    if strict or (found.rows >= LEAST_ROWS and excludes(found, bound)):
        return False, f"{shown}: {demand} is demanded"
    return True, f"{shown}: {demand} is demanded, but these are too few rows to say that it is missed"


def _is_better(spec: CheckSpec, found: Metric | None, *, strict: bool) -> tuple[bool, str]:
    name, other, margin = spec.arguments["measure"], spec.arguments["beats"], spec.arguments.get("margin", 0.0)
    if found is None:
        return not strict, f"{name} cannot be compared on these rows"
    demand = f"more than {margin:g}" if margin else "any improvement"
    shown = f"{name} better than the {other}'s by {show(found)} on {found.rows:,} rows"
    if found.low is not None and found.low > margin:
        return True, f"{shown}: {demand} is demanded"
    if strict or (found.rows >= LEAST_ROWS and found.high is not None and found.high <= margin):
        return False, f"{shown}: {demand} is demanded, with the whole interval"
    return True, f"{shown}: {demand} is demanded, but these are too few rows to deny it"


def show(found: Metric) -> str:
    """A value with its interval, as people read it: "0.712 (0.694 to 0.729)"."""
    if found.low is None or found.high is None:
        return f"{found.value:.3f}"
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"


def excludes(found: Metric, bound: float) -> bool:
    """Whether the interval lies wholly on one side of the bound."""
    return found.low is not None and found.high is not None and not found.low <= bound <= found.high


def _bound(spec: CheckSpec) -> tuple[float, bool]:
    """The bound, and whether it is a least one."""
    if "at_least" in spec.arguments:
        return float(spec.arguments["at_least"]), True
    return float(spec.arguments.get("at_most", 0.0)), False


def _surprise(spec: CheckSpec, found: Metric) -> float | None:
    """How far beyond the bound, in half widths of the interval: 1.0 just excludes it."""
    if "beats" in spec.arguments or found.low is None or found.high is None:
        return None
    bound, least = _bound(spec)
    gap, width = (
        (bound - found.value, found.high - found.value) if least else (found.value - bound, found.value - found.low)
    )
    return max(0.0, gap / width) if width > 0 else None


def _result(
    spec: CheckSpec, found: Metric | None, slice_: str, partition: str, verdict: tuple[bool, str]
) -> CheckResult:
    passed, story = verdict
    evidence = {} if found is None else msgspec.to_builtins(found)
    return CheckResult(
        check=f"{spec.name} [{slice_}]" if slice_ else spec.name,
        kind=spec.kind,
        column=spec.column,
        partition=partition,
        passed=passed,
        severity=spec.severity,
        message=f"{slice_}: {story}" if slice_ else story,
        observed=None if found is None else found.value,
        expected=spec.name,
        surprise=None if found is None or passed else _surprise(spec, found),
        evidence={**evidence, "slice": slice_, **spec.arguments},
    )


def _judge_latency(spec: CheckSpec, rows: pl.DataFrame, partition: str) -> Iterator[CheckResult]:
    times = np.sort(_column(rows, "latency_ms").drop_nulls().cast(pl.Float64).to_numpy())
    for name in sorted(QUANTILES.keys() & spec.arguments.keys()):
        bound = float(spec.arguments[name])
        found = quantile(name, times)
        if found is None:
            story, passed = f"{times.size} requests are too few to know their {name}", True
        else:
            passed = found.low is None or found.low <= bound
            story = f"{name} {found.value:.1f} ms on {found.rows:,} requests: at most {bound:g} ms is demanded"
        yield _result(spec, found, "", partition, (passed, story))


def quantile(name: str, ordered: np.ndarray[Any, np.dtype[np.float64]]) -> Metric | None:
    """A quantile of sorted values, its interval by order statistics (Conover, Practical Nonparametric Statistics)."""
    rows, share = ordered.size, QUANTILES[name]
    if rows < LEAST_ROWS:
        return None
    half = Z * (rows * share * (1 - share)) ** 0.5
    low = int(np.floor(max(rows * share - half, 1))) - 1
    high = int(np.ceil(min(rows * share + half, rows))) - 1
    value = float(np.quantile(ordered, share))
    return Metric(name, value, rows, "", min(value, float(ordered[low])), max(value, float(ordered[high])))
