"""How good the alarms of a table would have been: its own history replayed, with faults injected on purpose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import numpy as np
import polars as pl
from msgspec import Struct

from trivium.checks.alert import group_causes
from trivium.checks.faults import FAULTS, ROW_FAULTS, fits, pick_rows
from trivium.checks.history import History
from trivium.checks.judge import judge_partition
from trivium.checks.partition import Partition
from trivium.checks.surprise import COLD
from trivium.values.alerts import Judgement
from trivium.values.tables import TableSpec

INJECTED = ("null_spike", "unit_change", "case_change", "truncation")
SEVERITIES = {"blatant": (0.5, 1.0), "moderate": (0.1, 0.3), "subtle": (0.03, 0.05)}


class Trial(Struct, frozen=True):
    """One injected fault: into which column of which partition, how much of it, and whether an alert named it."""

    kind: str
    severity: str
    column: str
    partition: str
    alarmed: bool
    caught: bool
    blocked: bool


class Backtest(Struct, frozen=True):
    """What the replay found. `per_100`: alarmed partitions in 100 clean ones, by column; "" is any column at all.

    `blocked_per_100`: clean partitions that would have been quarantined. `judged`: how many partitions were replayed
    after the first ones were learned from.
    """

    judged: int
    per_100: dict[str, float]
    blocked_per_100: float
    trials: tuple[Trial, ...]

    def recall(self, *, kind: str | None = None, severity: str | None = None) -> float | None:
        """The share of injected faults that an alert named, by kind or severity; None without such a trial."""
        caught = [
            trial.caught for trial in self.trials if kind in (None, trial.kind) and severity in (None, trial.severity)
        ]
        return sum(caught) / len(caught) if caught else None


def backtest(
    spec: TableSpec,
    partitions: Sequence[Partition],
    *,
    now: datetime,
    warm_up: int = COLD,
    faults: Sequence[str] = INJECTED,
    trials: int = 24,
    seed: int = 0,
) -> Backtest:
    """The table's partitions, oldest first, judged as if each had just arrived; all of them count as clean.

    warm_up: partitions that are only learned from. faults: kinds out of `faults.FAULTS`. trials: how many faults of
    each kind are injected, each into a fresh copy of one partition, evenly over partitions, severities and columns.
    now: for freshness checks. The same seed gives the same trials.
    """
    rng, history = np.random.default_rng(seed), History()
    alarms: Counter[str] = Counter()
    blocked, found = 0, list[Trial]()
    judged = max(0, len(partitions) - warm_up)
    plan = plan_trials(judged, faults, trials, rng)
    for number, part in enumerate(partitions):
        judgement = judge_partition(spec, part, history, now=now, newest=False)
        if number >= warm_up:
            columns = alarmed_columns(judgement)
            alarms.update(columns | ({""} if columns or judgement.state != "valid" else set()))
            blocked += judgement.state == "quarantined"
            for kind, severity in plan.get(number - warm_up, ()):
                found += inject(spec, part, history, kind=kind, severity=severity, now=now, rng=rng)
        history = history.extended(judgement.profile)
    rate = 100 / max(judged, 1)
    per_100 = {column: round(count * rate, 2) for column, count in alarms.most_common()}
    return Backtest(judged, per_100, round(blocked * rate, 2), tuple(found))


def plan_trials(
    judged: int, faults: Sequence[str], trials: int, rng: np.random.Generator
) -> dict[int, list[tuple[str, str]]]:
    """Which (kind, severity) is injected at which of the judged partitions."""
    plan: dict[int, list[tuple[str, str]]] = {}
    for kind in faults if judged else ():
        for number in range(trials):
            severity = list(SEVERITIES)[number % len(SEVERITIES)]
            plan.setdefault(int(rng.integers(0, judged)), []).append((kind, severity))
    return plan


def inject(
    spec: TableSpec,
    part: Partition,
    history: History,
    *,
    kind: str,
    severity: str,
    now: datetime,
    rng: np.random.Generator,
) -> list[Trial]:
    """The trial of one fault on a random fitting column; none when no column fits or nothing changed."""
    fault, needs = FAULTS[kind]
    rows, protected = part.rows, {spec.time, *spec.key}
    columns = [
        name for name, dtype in rows.schema.items() if (name not in protected or needs == "time") and fits(dtype, needs)
    ]
    if not columns or not rows.height:
        return []
    column = columns[int(rng.integers(0, len(columns)))]
    low, high = SEVERITIES[severity]
    broken = fault(rows, column, pick_rows(rows.height, float(rng.uniform(low, high)), rng), rng)
    if _same(broken, rows):
        return []
    judgement = judge_partition(spec, Partition(part.name, broken), history, now=now, newest=False)
    named = alarmed_columns(judgement)
    caught = bool(named) or judgement.state != "valid" if kind in ROW_FAULTS else column in named
    blocked = judgement.state == "quarantined"
    return [Trial(kind, severity, column, part.name, judgement.state != "valid", caught, blocked)]


def alarmed_columns(judgement: Judgement) -> set[str]:
    """The columns that an alert would name."""
    return {causes[0].column for causes in group_causes(judgement.results) if causes[0].column}


def _same(broken: pl.DataFrame, rows: pl.DataFrame) -> bool:
    if broken.columns != rows.columns or broken.height != rows.height:
        return False
    return all(
        broken[name].cast(rows.schema[name], strict=False).equals(rows[name], null_equal=True) for name in rows.columns
    )
