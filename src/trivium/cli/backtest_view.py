"""What a backtest tells while it goes on, and what it found."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, TextIO

from trivium.checks.alarm_quality import CLEAN_PER_FAULT, AlarmQuality, Rate
from trivium.checks.backtest import Backtest, Progress
from trivium.checks.faults.fault import SEVERITIES
from trivium.checks.replay import Ruling
from trivium.checks.trial import Trial
from trivium.cli.changing_line import ChangingLine, spelled_seconds
from trivium.cli.listing import print_heading, print_line, print_table

STATES = ("valid", "flagged", "quarantined")


class BacktestView:
    """Tells progress on stderr, so that stdout has the result alone."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._line = ChangingLine(stream)
        self._begun = time.monotonic()

    def tell(self, progress: Progress) -> None:
        """The progress is shown, if the last was shown long enough ago."""
        if self._line.is_due():
            self._line.show(progress_line(progress, time.monotonic() - self._begun))

    def close(self) -> None:
        """The changing line is gone."""
        self._line.close()


def progress_line(progress: Progress, seconds: float) -> str:
    """ "judged 120 of 365 partitions, 48 faults tried, 20 s left"."""
    left = seconds / progress.partitions * (progress.total - progress.partitions)
    return (
        f"judged {progress.partitions:,} of {progress.total:,} partitions, {progress.trials:,} faults tried, "
        f"{spelled_seconds(left)} left"
    )


def print_backtest(name: str, partitions: int, found: Backtest, quality: AlarmQuality) -> None:
    """What was found, for people: alarms of clean partitions, recall by kind and severity, and how sure all that is."""
    judged, alarms = len(found.clean), [row for row in ruling_rows(found.clean) if row["state"] != "valid"]
    if alarms:
        print_heading("Partitions that alarm as they are")
        print_table(alarms, ("partition", "state", "columns", "message"))
    if quality.by_kind:
        print_heading("Faults that were injected: seen, out of tried")
        print_table(kind_rows(quality), ("kind", *SEVERITIES))
    print_heading("How good the alarms are")
    learned = f", {partitions - judged} only learned from" if judged < partitions else ""
    counts = ", ".join(f"{sum(each.state == state for each in found.clean)} {state}" for state in STATES)
    print_line(f"{judged} partitions of {name}: {counts}{learned}.")
    for line in sentences(quality):
        print_line(line)


def sentences(quality: AlarmQuality) -> list[str]:
    """The figures, and how sure they are."""
    alarms, recall = quality.false_alarms, quality.recall["all"]
    lines = [] if alarms.share is None else [f"Clean partitions that alarm: {of_a_hundred(alarms)}."]
    if recall.share is None:
        return lines
    lines.append(f"Faults seen in the first broken partition: {of_a_hundred(recall)}{later(quality.caught_within)}.")
    told = {clean + 1: quality.precision[odds] for odds, clean in CLEAN_PER_FAULT.items()}
    for partitions, figure in told.items():
        if figure.value is not None and figure.low is not None:
            share = f"{percent(figure.value)} of the alarms are true, at least {percent(figure.low)}"
            lines.append(f"When one partition in {partitions} is broken, {share}.")
    if quality.column_precision is not None and quality.column_recall is not None:
        right, named = percent(quality.column_precision), percent(quality.column_recall)
        lines.append(f"Columns, when one partition in 2 is broken: {right} of those named are damaged, {named} named.")
    return [*lines, "The ranges hold 95 % of what chance does with so few partitions and trials."]


def of_a_hundred(rate: Rate) -> str:
    """ "1.3 in 100 (0.5 to 3.3; 4 of 305)"."""
    low, high = (100 * (each or 0.0) for each in (rate.low, rate.high))
    return f"{100 * (rate.share or 0.0):.1f} in 100 ({low:.1f} to {high:.1f}; {rate.hits} of {rate.total})"


def later(caught_within: dict[int, Rate]) -> str:
    """How many are seen when the fault stays: ", 91 % within 5"."""
    number = max(caught_within, default=1)
    rate = caught_within.get(number)
    return "" if number == 1 or rate is None or rate.share is None else f"; {percent(rate.share)} within {number}"


def percent(share: float) -> str:
    """ "97 %"."""
    return f"{100 * share:.0f} %"


def kind_rows(quality: AlarmQuality) -> list[dict[str, Any]]:
    """One row for each kind of fault, and one for all of them."""
    kinds = {kind: spelled_counts(rates) for kind, rates in quality.by_kind.items()}
    return [{"kind": kind, **counts} for kind, counts in {**kinds, "all": spelled_counts(quality.recall)}.items()]


def spelled_counts(rates: dict[str, Rate]) -> dict[str, str | None]:
    """ "3/4" for each severity; None without a trial."""
    counts = {name: rates[name] for name in SEVERITIES}
    return {name: f"{rate.hits}/{rate.total}" if rate.total else None for name, rate in counts.items()}


def missed_rows(trials: Iterable[Trial]) -> list[dict[str, Any]]:
    """One row for each fault that the first broken partition did not show."""
    return [
        {
            "kind": each.kind,
            "severity": each.severity,
            "partition": each.ruling.partition,
            "columns": sorted(each.columns),
            "changed": each.changed,
            "score": each.ruling.score,
            "named": sorted(each.ruling.columns),
        }
        for each in trials
        if not each.caught
    ]


def ruling_rows(rulings: Iterable[Ruling]) -> list[dict[str, Any]]:
    """One row for each partition."""
    return [
        {
            "partition": each.partition,
            "state": each.state,
            "columns": sorted(each.columns),
            "score": each.score,
            "message": "; ".join(each.messages),
        }
        for each in rulings
    ]
