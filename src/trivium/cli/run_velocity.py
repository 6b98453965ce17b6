"""`trivium runs velocity`: how fast people get on, by week, pipeline and person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from trivium.cli.flags import AsJson
from trivium.cli.listing import print_heading, print_json, print_line, print_table
from trivium.cli.project import open_project
from trivium.cli.signs import choose_signs
from trivium.durations import parse_duration
from trivium.tracking.velocity import Pace, Velocity, measure_velocity

LONGEST = 24
COLUMNS = ("runs", "experiments", "success", "reused", "saved", "waited", "promoted", "to_approval", "to_production")
LENGTHS = ((86400 * 2, 86400, "d"), (3600 * 2, 3600, "h"), (120, 60, "min"), (0, 1, "s"))


def show_velocity(
    context: typer.Context,
    pipeline: Annotated[str | None, typer.Option("--pipeline", help="Only runs of this pipeline.")] = None,
    since: Annotated[
        str, typer.Option("--since", metavar="LENGTH", help="How far to look back, such as 30d or 12w; whole weeks.")
    ] = "12w",
    as_json: AsJson = False,
) -> None:
    """Show experiments per week, what reuse saved, what was waited for, and the time from idea to production."""
    velocity = measure_velocity(open_project(context), since=parse_duration(since), pipeline=pipeline)
    if as_json:
        print_json(velocity)
    elif not velocity.total.runs:
        print_line(f"No runs since {velocity.since:%Y-%m-%d}: `trivium run PIPELINE` makes one.")
    else:
        print_velocity(velocity)


def print_velocity(velocity: Velocity) -> None:
    """The report, for people."""
    print_heading("Experiments per week")
    most = max(pace.experiments for pace in velocity.weeks)
    for pace in velocity.weeks:
        print_line(f"{pace.name}  {bar(pace.experiments, most)}{pace.experiments:,} in {pace.runs:,} runs")
    print_paces("By week", "week", velocity.weeks)
    print_paces("By pipeline", "pipeline", velocity.pipelines)
    print_paces("By person", "person", velocity.people)
    print_heading(f"Since {velocity.since:%Y-%m-%d}")
    for line in sentences(velocity.total):
        print_line(line)


def print_paces(title: str, word: str, paces: Sequence[Pace]) -> None:
    """A table of paces; columns of which nothing is known are left out."""
    rows = [pace_row(word, pace) for pace in paces]
    known = [name for name in COLUMNS if any(row[name] is not None for row in rows)]
    print_heading(title)
    print_table(rows, (word, *known))


def pace_row(word: str, pace: Pace) -> dict[str, Any]:
    """A pace as the table shows it."""
    return {
        word: pace.name,
        "runs": pace.runs,
        "experiments": pace.experiments,
        "success": share(pace.success),
        "reused": share(pace.reused),
        "saved": length(pace.saved or None),
        "waited": length(pace.waited),
        "promoted": pace.promoted or None,
        "to_approval": length(pace.to_approval),
        "to_production": length(pace.to_production),
    }


def sentences(pace: Pace) -> list[str]:
    """What the numbers say together."""
    said = [f"{pace.experiments:,} experiments in {pace.runs:,} runs, of which {share(pace.success)} succeeded."]
    if pace.reused:
        said.append(f"{share(pace.reused)} of the tasks were reused, which saved {length(pace.saved)} of work.")
    if pace.waited is not None:
        said.append(f"{pace.triggered:,} runs began by a trigger, {length(pace.waited)} after its event on average.")
    if pace.to_production is not None:
        way = f"{pace.promoted:,} versions of code reached production, half of them within {length(pace.to_production)}"
        approval = f", {length(pace.to_approval)} of it waiting for an approval" if pace.to_approval else ""
        said.append(f"{way} of their first run{approval}.")
    return said


def bar(count: int, most: int) -> str:
    """A bar of up to 24 signs, and a space behind it; nothing for nothing."""
    return choose_signs().box * max(round(LONGEST * count / most), 1) + " " if count else ""


def share(value: float | None) -> str | None:
    """ "83 %"."""
    return None if value is None else f"{100 * value:.0f} %"


def length(seconds: float | None) -> str | None:
    """ "3.2 d", "5.1 h", "12 min" or "40 s"."""
    if seconds is None:
        return None
    _, unit, sign = next(each for each in LENGTHS if seconds >= each[0] or not each[0])
    value = seconds / unit
    return f"{value:.0f} {sign}" if value >= 10 else f"{value:.1f} {sign}"
