"""How surprising each fact of a partition is, in units of the level at which it alarms.

A fact's error is measured against its own worst past errors, or what sampling alone does to it, whichever is more. With
n past errors the worst is about where one in n lies; the alarm has to lie where one in all facts and partitions of the
budget does. For an exponential tail these levels are as the logarithms of their rates, so one factor leads from one to
the other, and nothing has to be chosen for a table, a column or a fact.
"""

from __future__ import annotations

import math
import sys

import numpy as np
from msgspec import Struct

from trivium.checks.facts import Bools, Floats, Key, to_log
from trivium.checks.history import History
from trivium.checks.layout import Layout, largest_by_owner, values_at
from trivium.checks.numbers import QUANTILES
from trivium.checks.predictors import phase_of
from trivium.checks.residuals import Chosen
from trivium.checks.times import clocks_changed
from trivium.values.alerts import Profile

BUDGET = 0.001
COLD = 14
FEWEST_RESIDUALS = 3
ENOUGH = 10
LATELY = 0.5
FEWEST_SORTED = 3
EULER = 0.08

SLACK = 1.5
NEVER = 0.6
NOISE = 3.0
COMPANY = 0.25
SPARSE = 1.5
TRACED = 50.0
LEAST_CORRELATION = 0.3
CHANCE_OF_CORRELATION = 2.0
REPEATS = 0.3
MIX = 0.5
MIDDLE = 0.5
GRAIN_OF_PLACES = 1e-6


class Surprises(Struct, frozen=True):
    """Vectors over `keys`: what is (`values`), what was expected, how far off (`scores`, 1.0 = just alarming), and
    `widths`, the distance from the expectation at which each fact alarms. Where `logs`, all of them are on the signed
    logarithmic scale of the fact's unit, see `facts.to_log`."""

    keys: list[Key]
    values: Floats
    expected: Floats
    widths: Floats
    scores: Floats
    logs: Bools
    units: Floats

    def at(self, key: Key) -> int | None:
        """The position of a fact that has a score."""
        found = self.keys.index(key) if key in self.keys else None
        return found if found is not None and math.isfinite(self.scores[found]) else None

    def to_scale(self, at: int, value: float) -> float:
        """A value of the fact on the scale on which it is compared."""
        return float(to_log(np.array([value]), self.units[at : at + 1])[0]) if self.logs[at] else value

    def from_scale(self, at: int, value: float) -> float:
        """The inverse of `to_scale`."""
        if not self.logs[at]:
            return value
        unit = float(self.units[at])
        return math.copysign(min(unit * math.expm1(min(abs(value) / unit, 700.0)), sys.float_info.max), value)


class Sample(Struct, frozen=True):
    """What is expected of a partition, `expected`, in the facts' own units, and how large it is beside the usual one:
    its `rows`, and for each fact the rows that have a value. `slope`: what a unit is on the scale of comparison.
    `clocks`: whether they were changed lately."""

    expected: Floats
    slope: Floats
    rows: float
    usual: float
    present: Floats
    clocks: bool


def measure_surprise(profile: Profile, history: History) -> Surprises:
    """The surprise of every fact of this partition given the history, which has at least one partition.

    Facts that were seldom known have no score (NaN): with fewer than three past errors, or absent from most of the last
    28 partitions; nor have an order that rows never kept, and a correlation that was never strong.
    """
    layout, chosen = history.layout, history.residuals.choose()
    size = layout.size
    vector = history.vector_of(profile)[0][:size]
    predicted = history.predictions(phase_of(profile.partition), size)[chosen.best, np.arange(size)]
    logs, units = choose_scales(layout, chosen), history.units
    scale = np.where(logs, chosen.worst[1], chosen.worst[0])
    sample = Sample(
        expected=predicted,
        slope=np.where(logs, 1 / (1 + np.abs(predicted) / units), 1.0),
        rows=float(max(profile.rows, 1)),
        usual=max(float(np.median(history.rows)), 1.0),
        present=present_rows(layout, vector, profile.rows),
        clocks=clocks_changed(profile.partition),
    )
    live = live_facts(layout, chosen, history.known_lately(size), predicted)
    floor = np.maximum(scale, sampling_floor(layout, sample))
    slack = slack_of(layout, chosen, scale, sample)
    factor = tail_factor(chosen.count, facts=int(live.sum()))
    widths = (floor + slack) * factor
    values, expected = (
        np.where(logs, to_log(vector, units), vector),
        np.where(logs, to_log(predicted, units), predicted),
    )
    widths = np.where(
        layout.negative, np.maximum(widths, below_zero(layout, predicted - chosen.worst[0] * factor)), widths
    )
    scores = shortfall(layout, values, expected) / widths
    scores[~live] = math.nan
    return Surprises(layout.keys, values, expected, widths, scores, logs, units)


def tail_factor(count: Floats, *, facts: int) -> Floats:
    """How far beyond the mean of its two worst past errors a fact alarms. count: its past errors. facts: all of them.

    For n exponential errors of mean 1 the expected worst is log n + 0.577, the second one 1 less (Rényi, "On the theory
    of order statistics", Acta Mathematica Hungarica 4, 1953), so their mean is log n + 0.08; one error in
    facts / budget lies above log(facts / budget). The budget is shared as by Bonferroni.
    """
    factor: Floats = np.log(max(facts, 2) / BUDGET) / (np.log(np.maximum(count, FEWEST_RESIDUALS)) + EULER)
    return factor


def live_facts(layout: Layout, chosen: Chosen, lately: Floats, predicted: Floats) -> Bools:
    """Which facts can be judged."""
    most = float(chosen.count.max()) if chosen.count.size else 0.0
    known = chosen.count >= min(ENOUGH, max(most / 2, FEWEST_RESIDUALS))
    weak = layout.correlation & ~(np.abs(predicted) > LEAST_CORRELATION)
    sorted_ever = chosen.never_moved & (values_at(predicted, layout.distinct, 0.0) >= FEWEST_SORTED)
    live: Bools = known & (lately >= LATELY) & ~weak & ~(layout.sorting & ~sorted_ever)
    return live


def choose_scales(layout: Layout, chosen: Chosen) -> Bools:
    """Which facts are compared on the logarithmic scale, (facts,): counts, and the places of a column that it suits.

    The scale on which the worst past errors stand out least from the usual ones is taken, for all places of a column
    together: the choice between the powers 1 and 0 of Box and Cox, "An analysis of transformations", Journal of the
    Royal Statistical Society B 26 (1964), by the tail of the errors instead of by likelihood.
    """
    gain = np.log(chosen.heaviness[0]) - np.log(chosen.heaviness[1])
    votes = np.zeros(int(layout.owner.max(initial=-1)) + 2)
    np.add.at(votes, layout.owner[layout.place], gain[layout.place])
    return layout.count | (layout.place & (votes[layout.owner] >= 0.0))


def below_zero(layout: Layout, lows: Floats) -> Floats:
    """The share of values that may be negative as far as the places of their column may move, (facts,).

    lows: as far as each fact may come down, in its own units. Values that come down to zero become negative one day
    without a fault.
    """
    down = np.stack([values_at(lows, places, math.inf) <= 0 for places in layout.places])
    share: Floats = (down * np.array([*QUANTILES.values(), MIDDLE])[:, np.newaxis]).max(axis=0)
    return share


def present_rows(layout: Layout, vector: Floats, rows: int) -> Floats:
    """How many rows have a value that each fact is about, at least 1."""
    return np.maximum(rows * (1 - np.clip(values_at(vector, layout.nulls, 0.0), 0.0, 1.0)), 1.0)


def shortfall(layout: Layout, values: Floats, expected: Floats) -> Floats:
    """How far each fact is off in a direction that means something: novelties only grow, relations only weaken."""
    off = values - expected
    weaker = np.abs(expected) - values * np.sign(expected)
    off = np.where(layout.correlation, np.maximum(weaker, 0.0), off)
    off = np.where(layout.more, np.maximum(off, 0.0), off)
    return np.abs(np.where(layout.less, np.minimum(off, 0.0), off))


def sampling_floor(layout: Layout, sample: Sample) -> Floats:
    """Three standard errors of each fact if rows were drawn by chance, (facts,), on the scale of comparison.

    A quantile's error is that of its share over the density between it and its neighbours (Kendall and Stuart, "The
    advanced theory of statistics" 1, 1977, section 10.10).
    """
    expected, slope = sample.expected, sample.slope
    sparse = sample.present * SPARSE < sample.rows
    rows = np.maximum(min(sample.rows, sample.usual) * np.where(sparse, sample.present / sample.rows, 1.0), 1.0)
    share, level = np.clip(expected, 0.0, 1.0), np.nan_to_num(layout.level)
    errors = np.where(layout.share, np.sqrt(share * (1 - share)), 0.0)
    errors = np.where(level > 0, slope * _gaps(layout, expected) * np.sqrt(level * (1 - level)), errors)
    errors = np.where(layout.mean, slope * values_at(expected, layout.sd, 0.0), errors)
    errors = np.where(layout.spread, slope * np.abs(expected), errors)
    errors = np.where(layout.mix, MIX, errors)
    errors = np.where(layout.correlation, np.maximum(0.0, 1 - expected**2), errors)
    errors = NOISE * errors / np.sqrt(rows)
    return np.nan_to_num(np.where(layout.count, NOISE * REPEATS / np.sqrt(np.maximum(expected, 1.0)), errors))


def slack_of(layout: Layout, chosen: Chosen, scale: Floats, sample: Sample) -> Floats:
    """What each fact may move beyond its own past, (facts,), on the scale of comparison.

    Shares and the number of rows move by 1.5 rows (0.6 of that where the share never moved; copied rows by 1.5 of the
    fifty or more that left a trace), counts and the mean length of texts by 1.5, the roundness of values by 1.5
    different values, places by what 1.5 rows do to the mean. A partition that is smaller than usual adds three standard
    errors, a change of clocks an hour to times. As far as it stood still, a place also moves by a quarter of the worst
    error of any place of its column, and the share of a level by the worst of any level: what never moved may follow.
    """
    expected, slope, rows = sample.expected, sample.slope, sample.rows
    excess = NOISE * max(0.0, 1 / math.sqrt(rows) - 1 / math.sqrt(sample.usual))
    share = np.clip(np.nan_to_num(expected), 0.0, 1.0)
    by_chance = excess * np.sqrt(share * (1 - share))
    distinct = np.minimum(values_at(expected, layout.distinct, rows), values_at(expected, layout.fewest, rows))
    distinct = np.clip(distinct, 1.0, rows)
    unlike = CHANCE_OF_CORRELATION * np.maximum(0.0, 1 - expected**2) / np.sqrt(distinct)
    spread = np.maximum(values_at(expected, layout.sd, 0.0), 0.0)
    followed = COMPANY * chosen.still * largest_by_owner(layout, scale, layout.place)
    moved = SLACK * layout.letters + layout.hours * float(sample.clocks)
    place = slope * (moved + spread * (SLACK / rows + excess)) + followed + GRAIN_OF_PLACES
    slack = np.full(layout.size, SLACK / rows)
    for kind, most in (
        (layout.share, SLACK / rows + by_chance),
        (layout.stale, SLACK / np.minimum(rows, TRACED) + by_chance),
        (layout.grain, SLACK / distinct + by_chance),
        (layout.correlation, SLACK / rows + unlike),
        (layout.place, place),
        (layout.count, SLACK * slope),
        (layout.rows, np.full(layout.size, SLACK / sample.usual)),
    ):
        slack = np.where(kind, most, slack)
    slack = np.where(layout.share & chosen.never_moved & ~layout.stale, NEVER * slack, slack)
    slack += np.where(layout.mixed, chosen.still * largest_by_owner(layout, scale, layout.mixed), 0.0)
    sparse = rows / sample.present
    return np.nan_to_num(np.where(sparse > SPARSE, slack * sparse, slack), nan=math.inf)


def _gaps(layout: Layout, expected: Floats) -> Floats:
    """What a quantile moves for each share of rows, by the wider of the gaps to its neighbours."""
    gaps = []
    for beside in (layout.below, layout.above):
        level, value = values_at(layout.level, beside, math.nan), values_at(expected, beside, math.nan)
        gaps.append(np.abs((value - expected) / (level - layout.level)))
    return np.nan_to_num(np.fmax(*gaps))
