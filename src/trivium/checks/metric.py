"""Checks on how good predictions are, how quick, and how many failed: for endpoints, gates and tables alike."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

from trivium.checks.measures import comparable, get_measure
from trivium.durations import parse_duration
from trivium.errors import Misuse
from trivium.values.tables import CheckSpec, Severity, TableSpec

KINDS = frozenset({"metric", "latency", "error_rate"})
COLUMNS = {"metric": 'label="late", score="score"', "latency": 'column="latency_ms"', "error_rate": 'column="error"'}


def metric(
    name: str,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    label: str | None = None,
    score: str | None = None,
    window: str | None = None,
    by: str | None = None,
    beats: Literal["baseline", "champion"] | None = None,
    against: str | None = None,
    margin: float = 0.0,
    severity: Severity = "block",
    owner: str | None = None,
) -> CheckSpec:
    """A measure of the predictions keeps its bound, or beats that of another on the same rows.

    name: a measure ("auc", "log_loss", "brier", "accuracy", "rate", "calibration_error", "rmse", "mae").
    label, score: on a table, the columns with the truth and with what was predicted; an endpoint and a gate know both.
    window: only predictions this close to the newest one ("7d"). by: a column; each of its values is judged by itself.
    beats: whose answers have to be worse, by more than `margin` in the measure's unit (for gates). against: the same of
    another column of scores of the table; with a negative margin it may be better by that much.

    Raises Misuse when nothing, or something that cannot be meant, is demanded.
    """
    better = get_measure(name).better
    demands = {"at_least": at_least, "at_most": at_most, "beats": beats, "against": against}
    if sum(demand is not None for demand in demands.values()) != 1:
        raise Misuse(f"metric({name!r}) demands exactly one of at_least=, at_most=, beats= and against=.")
    if beats is not None and (better == "neither" or beats not in ("baseline", "champion")):
        raise Misuse(f"metric({name!r}, beats={beats!r}) means nothing: beat the 'baseline' or the 'champion'.")
    if against is not None and better == "neither":
        raise Misuse(f"{name} says nothing about better or worse; compare {', '.join(comparable())}.")
    if (label is None) != (score is None) or (against is not None and score is None):
        raise Misuse(f"metric({name!r}) on a table needs both label= and score=, the columns to compare.")
    if window is not None:
        parse_duration(window)
    compares = beats is not None or against is not None
    arguments = {"measure": name, **demands, "label": label, "score": score, "margin": margin if compares else None}
    given = _given({**arguments, "by": by, "window": window}, [label, score, against, by] if label else [])
    return CheckSpec(_metric_name(given), "metric", None, given, severity, owner)


def latency(
    *,
    p50: str | None = None,
    p90: str | None = None,
    p95: str | None = None,
    p99: str | None = None,
    column: str | None = None,
    window: str | None = None,
    by: str | None = None,
    severity: Severity = "warn",
    owner: str | None = None,
) -> CheckSpec:
    """Answers are this quick: quantiles of an endpoint's own time for a request, such as `latency(p99="50ms")`.

    column: on a table, the column with the times, in milliseconds or as durations. window, by: as for `metric`.
    Raises Misuse when no quantile is demanded.
    """
    given = {name: text for name, text in {"p50": p50, "p90": p90, "p95": p95, "p99": p99}.items() if text is not None}
    if not given:
        raise Misuse('latency() demands a quantile, such as p99="50ms".')
    bounds = {name: parse_duration(text).total_seconds() * 1000 for name, text in given.items()}
    if window is not None:
        parse_duration(window)
    of = f"({column})" if column else ""
    title = f"latency{of} " + ", ".join(f"{name} <= {text}" for name, text in given.items())
    arguments = _given({**bounds, "by": by, "window": window}, [column, by] if column else [])
    return CheckSpec(title + _scope(arguments), "latency", column or "latency_ms", arguments, severity, owner)


def error_rate(
    *,
    at_most: float,
    column: str | None = None,
    errors: Sequence[str | int] = (),
    window: str | None = None,
    by: str | None = None,
    severity: Severity = "warn",
    owner: str | None = None,
) -> CheckSpec:
    """At most this share of the requests failed: of an endpoint's own, or of the rows of a table.

    at_most: in [0, 1). column: on a table, booleans (true failed), texts (what is not empty is an error; null is none)
    or whole numbers (an HTTP status of 500 and above failed). errors: the values of the column that are errors
    instead. window, by: as for `metric`. Rows that say neither are left out.

    Raises Misuse for a share that always or never holds.
    """
    if not 0 <= at_most < 1:
        raise Misuse(f"error_rate(at_most={at_most}) always or never holds; give a share of 0 or more, and below 1.")
    if isinstance(errors, str):
        raise Misuse(f"errors= is a list of values, such as [{errors!r}].")
    if errors and column is None:
        raise Misuse("errors= are values of a column: name it by column=.")
    if window is not None:
        parse_duration(window)
    arguments = {"measure": "error_rate", "at_most": at_most, "errors": list(errors) or None, "by": by}
    given = _given({**arguments, "window": window}, [column, by] if column else [])
    title = f"error_rate{f'({column})' if column else ''} <= {at_most:g}{_scope(given)}"
    return CheckSpec(title, "error_rate", column or "error", given, severity, owner)


def names_columns(check: CheckSpec) -> bool:
    """Whether a check of these kinds is about the columns of a table; else an endpoint or a gate judges it."""
    return "columns" in check.arguments


def refuse_on_table(table: TableSpec, check: CheckSpec) -> None:
    """Raises Misuse for a check of these kinds that cannot be judged on the rows of this table."""
    if check.kind not in KINDS:
        return
    if "beats" in check.arguments:
        raise Misuse(f'Check {check.name!r} is for register(gate=); on a table write against="champion_score".')
    if not names_columns(check):
        raise Misuse(
            f"Check {check.name!r} of table {table.name!r} does not say which columns it is about: "
            f"add {COLUMNS[check.kind]}."
        )
    if "window" in check.arguments and table.time is None:
        raise Misuse(f"Check {check.name!r} has a window, but table {table.name!r} no event time: declare it by time=.")
    if (by := check.arguments.get("by")) in table.pii:
        raise Misuse(f"Check {check.name!r} would show values of {by!r}, a column about persons: slice by another one.")


def refuse_off_table(check: CheckSpec, *, kinds: Collection[str] = KINDS) -> None:
    """Raises Misuse for what is none of these kinds, or is about the columns of a table.

    kinds: those that an endpoint (all), or a gate, judges.
    """
    if check.kind not in kinds:
        known = ", ".join(sorted(kinds))
        raise Misuse(f"Check {check.name!r} is of kind {check.kind!r}; what is judged here is {known}.")
    if names_columns(check):
        raise Misuse(
            f"Check {check.name!r} names columns of a table; an endpoint and a gate know their own: "
            f"leave out {COLUMNS[check.kind]}."
        )


def _given(arguments: Mapping[str, Any], columns: Sequence[str | None]) -> dict[str, Any]:
    """The arguments that were given, and the columns of a table that they name."""
    given = {name: value for name, value in arguments.items() if value is not None}
    named = list(dict.fromkeys(column for column in columns if column))
    return {**given, "columns": named} if named else given


def _metric_name(given: Mapping[str, Any]) -> str:
    measure = f"{given['measure']}({given['score']})" if "score" in given else given["measure"]
    other = given.get("beats") or given.get("against")
    if other:
        margin = f" by {given['margin']:g}" if given["margin"] else ""
        return f"{measure} beats {other}{margin}{_scope(given)}"
    sign, bound = (">=", given["at_least"]) if "at_least" in given else ("<=", given["at_most"])
    return f"{measure} {sign} {bound:g}{_scope(given)}"


def _scope(given: Mapping[str, Any]) -> str:
    slices = f" by {given['by']}" if "by" in given else ""
    return slices + (f" over {given['window']}" if "window" in given else "")
