"""How good the alarms of a table would have been: its own history replayed, with faults injected on purpose."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from zlib import crc32

import numpy as np
from msgspec import Struct

from trivium.checks.faults.fault import SEVERITIES
from trivium.checks.faults.library import FAULTS
from trivium.checks.replay import Replay, Ruling
from trivium.checks.surprise import COLD
from trivium.checks.trial import Plan, Trial, run_trial

PATIENCE = 5


class Backtest(Struct, frozen=True):
    """What a replay found: the ruling on every clean partition that was judged, and the trials."""

    clean: tuple[Ruling, ...]
    trials: tuple[Trial, ...]


class Progress(Struct, frozen=True):
    """How far a replay is: so many partitions of so many, and trials made."""

    partitions: int
    total: int
    trials: int


def tell_nobody(progress: Progress) -> None:
    """Nothing is told."""


def backtest(
    replay: Replay,
    *,
    warm_up: int = COLD,
    faults: Iterable[str] = tuple(FAULTS),
    trials: int = 2,
    patience: int = PATIENCE,
    seed: int = 0,
    tell: Callable[[Progress], None] = tell_nobody,
) -> Backtest:
    """The past, judged as if each partition had just arrived, and again with faults; every partition counts as clean.

    warm_up: partitions that are only learned from. faults: names out of `EVERY_FAULT`. trials: how many of each kind
    and severity, evenly over the judged partitions, each into a fresh copy of one. patience: how many partitions in a
    row are broken until an alert tells. tell: hears of the progress after each partition. The same seed gives the same
    trials of a kind, whatever the others are.
    """
    first, total = min(warm_up, len(replay.parts)), len(replay.parts)
    plans = plan_trials(total - first, faults, trials, seed)
    clean, found = list[Ruling](), list[Trial]()
    for place, (history, judgement) in enumerate(replay.walk()):
        if place >= first:
            clean.append(Ruling.of(judgement))
            made = [run_trial(replay, place, history, plan, patience=patience) for plan in plans.get(place - first, ())]
            found += [trial for trial in made if trial is not None]
        tell(Progress(place + 1, total, len(found)))
    return Backtest(tuple(clean), tuple(found))


def plan_trials(judged: int, faults: Iterable[str], trials: int, seed: int) -> dict[int, list[Plan]]:
    """Which trials are made at which of the judged partitions: each kind and severity evenly over the past."""
    plans: dict[int, list[Plan]] = {}
    cells = [(kind, severity) for kind in faults for severity in SEVERITIES]
    for kind, severity in cells if judged else ():
        at = crc32(f"{kind} {severity}".encode())
        start = np.random.default_rng((seed, at)).random()
        for number in range(trials):
            place = int((number + start) * judged / trials)
            plans.setdefault(place, []).append(Plan(kind, severity, (seed, at, number)))
    return plans
