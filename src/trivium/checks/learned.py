"""Learned expectations: what the next partition should look like, from the history alone, with nothing to configure."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

import numpy as np

from trivium.checks.blame import blame_columns, explain_relation
from trivium.checks.calendar import columns_of_date
from trivium.checks.explanation import COPIES_ROWS, Explanation, explain_column
from trivium.checks.facts import EDGES, PLACES, QUANTILES, RELATIONS, Floats, columns_of_key
from trivium.checks.feedback import EVIDENCE, NO_FEEDBACK, Feedback, tell_reaches
from trivium.checks.history import History
from trivium.checks.surprise import COLD, measure_surprise
from trivium.values.alerts import CheckResult, Profile
from trivium.values.tables import Severity, Watch

FEWEST = 3
COLD_FACTOR = 3.0
COLD_SHARE = 0.5
PLAIN = frozenset(
    {
        "null_rate",
        "nan_rate",
        "infinite_rate",
        "blank_rate",
        "never_seen",
        "new_shape",
        "upper_rate",
        "lower_rate",
        "log_rows",
    }
)
BLATANT = 3.0
BLATANT_SHARE = 0.5
EXPLAINED_SHARE = 0.8


def judge_learned(
    profile: Profile,
    history: History,
    *,
    watch: Watch,
    keys: Collection[str] = (),
    without: Collection[str] = (),
    feedback: Feedback = NO_FEEDBACK,
) -> list[CheckResult]:
    """A failed result for each surprising column, strongest first, and one for the rows as a whole; else a passed one.

    keys: columns whose numbers are names. without: columns that are already known to be broken. feedback: what
    verdicts on earlier alarms taught. Severity as `severity_of` says. Columns that tell the date may move with it. With
    fewer than 14 partitions of history only the blatant alarms, with fewer than 3 nothing.
    """
    history = history.without(profile.partition)
    if len(history) < FEWEST:
        return [_quiet(profile, history, 0.0)]
    untaught = measure_surprise(profile, history)
    surprises = feedback.apply(untaught)
    alarms = np.flatnonzero(surprises.scores >= 1.0).tolist()
    moved = {column for at in alarms for column in columns_of_key(surprises.keys[at])}
    without = {*without, *columns_of_date(moved, profile, history, surprises)}
    hits = [at for at in alarms if not {*columns_of_key(surprises.keys[at])} & without]
    columns = dict.fromkeys(surprises.keys[at][0] for at in hits if surprises.keys[at][1] not in RELATIONS)
    found = [explain_column(column, profile, history, surprises) for column in columns]
    if "" not in columns:
        blamed = blame_columns(surprises, {*columns, *without})
        found += [explain_relation(column, surprises, profile, at) for column, at in blamed.items()]
    alarming = [cause for cause in _without_echoes(found) if len(history) >= COLD or _is_plain(cause)]
    if not alarming:
        return [_quiet(profile, history, _strongest(surprises.scores))]
    alarming.sort(key=lambda cause: -cause.surprise)
    return [
        _failed(profile, cause, severity_of(cause, watch, keys), {EVIDENCE: tell_reaches(cause.column, untaught)})
        for cause in alarming
    ]


def severity_of(cause: Explanation, watch: Watch, keys: Collection[str] = ()) -> Severity:
    """Blocking, where the table's watch allows it, for a blatant surprise.

    Blatant is three times the alarm over at least half of the rows; or, over at least four in five rows, any alarm that
    a known engineering fault explains, since nature seldom moves a whole column by exactly a unit. A key whose numbers
    go on at another place is neither.
    """
    if cause.column in keys and {*cause.facts} <= PLACES | EDGES:
        return "warn"
    strong = cause.surprise >= BLATANT and cause.rows_share >= BLATANT_SHARE
    explained = cause.looks_like is not None and cause.rows_share >= EXPLAINED_SHARE
    return "block" if (strong or explained) and watch == "block" else "warn"


def _without_echoes(found: list[Explanation]) -> list[Explanation]:
    """When the number of rows surprises, columns that only count rows say nothing of their own."""
    if not any(not cause.column for cause in found):
        return found
    return [cause for cause in found if not cause.column or not set(cause.facts) <= COPIES_ROWS]


def _is_plain(cause: Explanation) -> bool:
    """What no short history excuses: values lost, of another form or never seen in most rows, or a whole other unit."""
    form = any(fact in PLAIN and moved >= COLD_SHARE for fact, moved in cause.moved.items())
    unit = cause.looks_like is not None and set(QUANTILES) <= set(cause.facts)
    return cause.surprise >= COLD_FACTOR and (form or unit)


def _strongest(scores: Floats) -> float:
    known = scores[np.isfinite(scores)]
    return float(known.max()) if known.size else 0.0


def _quiet(profile: Profile, history: History, strongest: float) -> CheckResult:
    known = len(history)
    learning = "" if known >= COLD else f"; still learning, {known} of {COLD} partitions known"
    return CheckResult(
        check="learned",
        kind="learned",
        column=None,
        partition=profile.partition,
        passed=True,
        severity="warn",
        message=f"{len(profile.columns)} columns look as the last {known} partitions let expect{learning}",
        surprise=round(strongest, 4) if math.isfinite(strongest) else None,
    )


def _failed(profile: Profile, cause: Explanation, severity: Severity, more: dict[str, Any]) -> CheckResult:
    return CheckResult(
        check=f"learned({cause.column or 'rows'})",
        kind="learned",
        column=cause.column or None,
        partition=profile.partition,
        passed=False,
        severity=severity,
        message=cause.message,
        observed=cause.observed,
        expected=cause.expected,
        surprise=round(cause.surprise, 4),
        failing_rows=round(cause.rows_share * profile.rows),
        evidence=cause.evidence | more,
    )
