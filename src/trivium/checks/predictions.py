"""How good predictions are, judged: of an endpoint, of the exam of a gate, of the rows of a table."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import numpy as np
import polars as pl

from trivium.checks.measures import Array, Z, find_measure, find_share, improvement
from trivium.checks.partition import Partition
from trivium.checks.surroundings import Surroundings
from trivium.durations import parse_duration
from trivium.errors import Misuse, SchemaMismatch
from trivium.values.alerts import CheckResult
from trivium.values.models import Metric
from trivium.values.tables import CheckSpec, TableSpec

LEAST_ROWS = 30
MOST_SLICES = 50
QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
SERVER_ERRORS = 500


def judge_predictions(spec: CheckSpec, rows: pl.DataFrame, *, time: str, now_partition: str) -> list[CheckResult]:
    """What a monitor says of served predictions: one result per slice (one for all without `by`).

    rows: columns label (null while unknown), score, latency_ms, error, the time column, and slice columns; or those
    that the check names. A check fails only when its 95 % interval lies on the wrong side of the bound, so that an
    alarm is believed.

    Raises Misuse for a check that only a gate can judge, SchemaMismatch when a column is missing.
    """
    if "beats" in spec.arguments:
        raise Misuse(
            f"The check {spec.name!r} compares with another model: give it to register(gate=), not to an endpoint."
        )
    recent = _within(rows, time, spec.arguments.get("window"))
    return [
        result
        for slice_, part in _slices(spec, recent)
        for result in _judge_rows(spec, part, slice_, now_partition)
    ]  # fmt: skip


def judge_exam(spec: CheckSpec, rows: pl.DataFrame, *, partition: str) -> list[CheckResult]:
    """What a gate says of an exam: the burden of proof is the model's, except on slices too small to tell.

    rows: columns label, score, the slice columns, and baseline or champion where there is one. A measure on all rows
    has to reach its bound itself; a slice fails when its interval excludes the bound. `beats` has to be shown: the
    interval of the paired improvement lies above the margin.
    """
    return [_judge_slice(spec, part, slice_, partition, strict=not slice_) for slice_, part in _slices(spec, rows)]


def judge_table(
    spec: CheckSpec, part: Partition, *, table: TableSpec, around: Surroundings | None = None
) -> list[CheckResult]:
    """What the same rules say of a partition of a table, or of the window that ends with its newest row.

    Raises Misuse for a window without surroundings; ValueError, TypeError or PolarsError for columns that hold
    something else than the check is about.
    """
    time = str(table.time)
    rows = part.rows if "window" not in spec.arguments else _rows_in_window(spec, part, table, around)
    judged = judge_predictions(spec, rows, time=time, now_partition=part.name)
    if judged:
        return judged
    by = spec.arguments["by"]
    return [_result(spec, None, "", part.name, (True, f"no row has a value of {by!r}, so there is no slice to judge"))]


def _rows_in_window(spec: CheckSpec, part: Partition, table: TableSpec, around: Surroundings | None) -> pl.DataFrame:
    """The rows of the partition with those before them, as far as the window reaches; only the columns needed."""
    if around is None or table.time is None:
        raise Misuse(f"Check {spec.name!r} looks beyond the rows of a partition, and there is nothing to look at here.")
    wanted = list(dict.fromkeys([*spec.arguments["columns"], table.time]))
    window = parse_duration(spec.arguments["window"])
    last = math.ceil(window / parse_duration(table.every))
    _, past = around.past(part.name, last, with_own=True)
    there = past.collect_schema()
    known = [name for name in wanted if name in there]
    rows = part.rows.select(wanted)
    if table.time not in known:
        return rows
    before = past.select(known).filter(_is_after(rows[table.time].max(), window, table.time))
    return pl.concat([before.collect(engine="streaming"), rows], how="diagonal_relaxed")


def _within(rows: pl.DataFrame, time: str, window: str | None) -> pl.DataFrame:
    if window is None or not rows.height:
        return rows
    return rows.filter(_is_after(_column(rows, time).max(), parse_duration(window), time))


def _is_after(newest: Any, window: timedelta, time: str) -> pl.Expr:
    return pl.col(time) > pl.lit(newest) - window


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


def _judge_rows(spec: CheckSpec, rows: pl.DataFrame, slice_: str, partition: str) -> Iterator[CheckResult]:
    """The results of any of the kinds on the rows of one slice."""
    if spec.kind == "latency":
        yield from _judge_latency(spec, rows, slice_, partition)
    elif spec.kind == "error_rate":
        yield _judge_errors(spec, rows, slice_, partition)
    else:
        yield _judge_slice(spec, rows, slice_, partition, strict=False)


def _judge_slice(spec: CheckSpec, rows: pl.DataFrame, slice_: str, partition: str, *, strict: bool) -> CheckResult:
    labels = _column(rows, spec.arguments.get("label", "label"))
    scores = _column(rows, spec.arguments.get("score", "score"))
    other = _rival(spec)
    if other is None:
        found = find_measure(spec.arguments["measure"], labels, scores, slice_)
        passed, story = _meets_bound(spec, found, strict=strict)
    elif other not in rows.columns:
        found, passed = None, other == "champion"
        story = "there is no champion to beat yet" if passed else "the report has no baseline to beat"
    else:
        found = improvement(spec.arguments["measure"], labels, scores, rows[other])
        passed, story = _is_better(spec, found, strict=strict)
    known = labels.is_not_null() & scores.is_not_null()
    story += _tell_left_out(rows.height - (found.rows if found else int(known.sum())), "without a label or a score")
    return _result(spec, found, slice_, partition, (passed, story))


def _judge_errors(spec: CheckSpec, rows: pl.DataFrame, slice_: str, partition: str) -> CheckResult:
    failed = failures(_column(rows, str(spec.column)), spec.arguments.get("errors", ())).drop_nulls()
    found = find_share("error_rate", failed.cast(pl.Float64).to_numpy(), slice_)
    passed, story = _meets_bound(spec, found, strict=False)
    story += _tell_left_out(rows.height - failed.len(), "with no word of failing or not")
    return _result(spec, found, slice_, partition, (passed, story))


def failures(column: pl.Series, errors: list[Any] | tuple[Any, ...] = ()) -> pl.Series:
    """Which rows failed: (n,) booleans, null where it is not known. errors: the values that say so, or none.

    Without them: true of booleans, 500 and above of whole numbers (the HTTP status of a server's error), any text that
    is not empty. Raises TypeError for other columns.
    """
    if errors:
        known = column.cast(pl.String)
        return known.is_in([str(each) for each in errors])
    if column.dtype == pl.Boolean:
        return column
    if column.dtype.is_integer():
        return column >= SERVER_ERRORS
    if column.dtype in (pl.String, pl.Categorical, pl.Enum, pl.Null):
        return column.cast(pl.String).fill_null("") != ""
    raise TypeError(f"{column.dtype} does not say what failed; give booleans, texts or whole numbers, or errors=")


def _rival(spec: CheckSpec) -> str | None:
    """The column of answers to beat, or None."""
    other: str | None = spec.arguments.get("beats") or spec.arguments.get("against")
    return other


def _tell_left_out(rows: int, why: str) -> str:
    return f"; {rows:,} {f'row {why} is' if rows == 1 else f'rows {why} are'} left out" if rows else ""


def _meets_bound(spec: CheckSpec, found: Metric | None, *, strict: bool) -> tuple[bool, str]:
    name = spec.arguments["measure"]
    if found is None:
        return not strict, f"{name} is not defined on these rows (it needs {_needs(spec)})"
    bound, least = _bound(spec)
    meets = found.value >= bound if least else found.value <= bound
    shown = f"{name} {show(found)} on {found.rows:,} rows"
    demand = f"{'at least' if least else 'at most'} {bound:g}"
    if meets:
        return True, f"{shown}: {demand}, as demanded"
    if strict or (found.rows >= LEAST_ROWS and excludes(found, bound)):
        return False, f"{shown}: {demand} is demanded"
    return True, f"{shown}: {demand} is demanded, but these are too few rows to say that it is missed"


def _needs(spec: CheckSpec) -> str:
    if spec.kind == "error_rate":
        return "rows that say whether they failed"
    return "labels, of both kinds for a classifier"


def _is_better(spec: CheckSpec, found: Metric | None, *, strict: bool) -> tuple[bool, str]:
    name, margin = spec.arguments["measure"], spec.arguments.get("margin", 0.0)
    if found is None:
        return not strict, f"{name} cannot be compared on these rows"
    demand = f"more than {margin:g}" if margin else "any improvement"
    shown = f"{name} better than the {_rival(spec)}'s by {show(found)} on {found.rows:,} rows"
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
    if _rival(spec) is not None or found.low is None or found.high is None:
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


def _judge_latency(spec: CheckSpec, rows: pl.DataFrame, slice_: str, partition: str) -> Iterator[CheckResult]:
    times = _milliseconds(_column(rows, str(spec.column)))
    left_out = _tell_left_out(rows.height - times.size, "without a time")
    for name in sorted(QUANTILES.keys() & spec.arguments.keys()):
        bound = float(spec.arguments[name])
        found = quantile(name, times, slice_)
        if found is None:
            story, passed = f"{times.size} requests are too few to know their {name}", True
        else:
            passed = found.low is None or found.low <= bound
            story = f"{name} {found.value:.1f} ms on {found.rows:,} requests: at most {bound:g} ms is demanded"
        yield _result(spec, found, slice_, partition, (passed, story + left_out))


def _milliseconds(column: pl.Series) -> Array:
    """The times that are there, sorted, in milliseconds. Raises ValueError for a column that holds no times."""
    if isinstance(column.dtype, pl.Duration):
        column = column.dt.total_microseconds() / 1000
    if not column.dtype.is_numeric() and column.dtype != pl.Null:
        raise ValueError(f"{column.dtype} is no time; give milliseconds or durations")
    times: Array = np.sort(column.drop_nulls().cast(pl.Float64).drop_nans().to_numpy())
    return times


def quantile(name: str, ordered: Array, slice_: str = "") -> Metric | None:
    """A quantile of sorted values, its interval by order statistics (Conover, Practical Nonparametric Statistics)."""
    rows, share = ordered.size, QUANTILES[name]
    if rows < LEAST_ROWS:
        return None
    half = Z * (rows * share * (1 - share)) ** 0.5
    low = int(np.floor(max(rows * share - half, 1))) - 1
    high = int(np.ceil(min(rows * share + half, rows))) - 1
    value = float(np.quantile(ordered, share))
    return Metric(name, value, rows, slice_, min(value, float(ordered[low])), max(value, float(ordered[high])))
