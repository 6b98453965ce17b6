"""One fault, injected into one partition of the past: was it seen, at which column, and how soon?"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from itertools import islice

import numpy as np
import polars as pl
from msgspec import Struct

from trivium.checks.faults.fault import SEVERITIES, Fault, Target, fits, pick_rows
from trivium.checks.faults.library import EVERY_FAULT
from trivium.checks.history import History
from trivium.checks.partition import Partition
from trivium.checks.replay import Replay, Ruling
from trivium.errors import Misuse
from trivium.values.tables import TableSpec

TRIES = 5
OLDEST = 7


class Plan(Struct, frozen=True):
    """A trial to come: the fault, and the seed of everything that is random about it."""

    kind: str
    severity: str
    seed: tuple[int, ...]

    @property
    def fault(self) -> Fault:
        """The fault of that name."""
        return EVERY_FAULT[self.kind]

    def rng(self, purpose: int) -> np.random.Generator:
        """Randomness for one purpose: the same for every partition that this plan breaks."""
        return np.random.default_rng((*self.seed, purpose))


class Trial(Struct, frozen=True):
    """What came of it. columns: those that were damaged; none when rows were lost or added.

    changed: the share of rows that it changed in the column where it changed most. ruling: of the first broken
    partition. broken: how many partitions in a row were broken in this way, and `caught_at` which of them made an
    alert tell (1: the first); None when none did.
    """

    kind: str
    severity: str
    columns: frozenset[str]
    changed: float
    ruling: Ruling
    broken: int
    caught_at: int | None

    @property
    def caught(self) -> bool:
        """Whether the first broken partition made an alert name a damaged column; any alert when rows were at fault."""
        return self.caught_at == 1


def run_trial(replay: Replay, place: int, history: History, plan: Plan, *, patience: int) -> Trial | None:
    """The trial at this place of the past, on random columns; None when no column fits or nothing would change.

    While no alert tells, up to `patience` partitions are broken in the same way, as a fault stays until it is seen.
    """
    rows = replay.parts[place].rows
    for columns in choose_columns(replay.spec, rows, plan):
        changed = changed_shares(rows, break_rows(replay, place, columns, plan))
        if changed:
            damaged = frozenset[str]() if plan.fault.of_rows else frozenset(changed)
            told: list[Ruling] = []
            for ruling in islice(judge_broken(replay, place, history, plan, columns), patience):
                told.append(ruling)
                if is_caught(ruling, damaged):
                    break
            caught_at = len(told) if is_caught(told[-1], damaged) else None
            return Trial(plan.kind, plan.severity, damaged, max(changed.values()), told[0], len(told), caught_at)
    return None


def judge_broken(
    replay: Replay, place: int, history: History, plan: Plan, columns: tuple[str, ...]
) -> Iterator[Ruling]:
    """The rulings on the partitions from this place on, each broken. Those not kept aside are history for the next.

    Rows that a declared check cannot read are refused, which nobody overlooks.
    """
    for at in range(place, len(replay.parts)):
        part = replay.parts[at]
        if not set(columns) <= set(part.rows.columns):
            return
        try:
            judgement = replay.judge(Partition(part.name, break_rows(replay, at, columns, plan)), history)
        except Misuse as refused:
            yield Ruling(part.name, "quarantined", frozenset(columns), math.inf, (str(refused),))
            continue
        yield Ruling.of(judgement)
        if judgement.state != "quarantined":
            history = history.extended(judgement.profile)


def is_caught(ruling: Ruling, damaged: Collection[str]) -> bool:
    """Whether an alert names a damaged column; any alert when none is to blame."""
    return not ruling.columns.isdisjoint(damaged) if damaged else ruling.alarmed


def choose_columns(spec: TableSpec, rows: pl.DataFrame, plan: Plan) -> list[tuple[str, ...]]:
    """Columns to break together: up to five choices, in random order. Keys and event time are never broken."""
    fault, rng = plan.fault, plan.rng(0)
    if fault.needs == "rows":
        return [()] if rows.height else []
    names = [name for name in rows.columns if name not in {spec.time, *spec.key} and fits(rows[name], fault.needs)]
    if len(names) < fault.fewest or not rows.height:
        return []
    wanted = min(int(rng.integers(fault.fewest, fault.most + 1)), len(names))
    return [tuple(rng.permutation(names)[:wanted].tolist()) for _ in range(TRIES)]


def break_rows(replay: Replay, place: int, columns: tuple[str, ...], plan: Plan) -> pl.DataFrame:
    """The rows of the partition at this place, with the fault in these columns; as they are when it cannot happen."""
    rows, rng, fault = replay.parts[place].rows, plan.rng(1), plan.fault
    share = float(rng.uniform(*SEVERITIES[plan.severity]))
    back = int(rng.integers(1, OLDEST + 1))
    older = replay.parts[max(0, place - back)].rows if fault.past else rows.clear()
    if not rows.height or (fault.past and not older.height):
        return rows
    return fault.inject(Target(rows, columns, pick_rows(rows.height, share, rng), older, plan.rng(2)))


def changed_shares(rows: pl.DataFrame, broken: pl.DataFrame) -> dict[str, float]:
    """The share of rows that changed, by column; under "" when their number changed; empty when nothing did.

    A column that is gone or has another type changed in all rows.
    """
    if broken.height != rows.height:
        return {"": min(1.0, abs(broken.height - rows.height) / max(rows.height, 1))}
    shares = {name: changed_share(rows[name], broken.get_column(name, default=None)) for name in rows.columns}
    return {name: share for name, share in shares.items() if share}


def changed_share(values: pl.Series, broken: pl.Series | None) -> float:
    """The share of values that are not what they were, in [0, 1]."""
    if broken is None or broken.dtype != values.dtype:
        return 1.0
    return int(values.ne_missing(broken).sum()) / max(len(values), 1)
