"""`trivium tables noise`: how many alarms there are, how many are true, and what to do about it."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import typer
from rich.text import Text

from trivium.checks.alarm_quality import Rate
from trivium.cli.flags import AsJson
from trivium.cli.listing import print_heading, print_json, print_line, print_table
from trivium.cli.project import open_project
from trivium.cli.signs import choose_signs
from trivium.tables.noise import Noise, measure_noise

LONGEST = 30
COLUMNS = ("table", "column", "alarms", "learned", "confirmed", "dismissed")
WIDENED = ("table", "column", "facts", "times_as_wide", "bounded")


def show_noise(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="The table (default: everything that has alerts).")] = None,
    *,
    weeks: Annotated[int, typer.Option("--weeks", min=1, max=520, help="This week and those before it.")] = 8,
    as_json: AsJson = False,
) -> None:
    """Show alarms per week, how many of them people call true, which columns shout, and what verdicts re-tuned."""
    noise = measure_noise(open_project(context), name, weeks=weeks)
    if as_json:
        print_json(noise)
    else:
        print_noise(noise)


def print_noise(noise: Noise) -> None:
    """The report, for people."""
    print_heading("Alarms per week")
    for monday, alerts in noise.weeks.items():
        print_line(f"{monday}  {bar(alerts, max(noise.weeks.values()))}{alerts:,}")
    print_line(f"Answered: {spelled(noise.judged)}. True, of those: {spelled(noise.precision, interval=True)}.")
    if noise.columns:
        print_heading("The columns that shout")
        print_table(column_rows(noise), COLUMNS)
    if noise.others:
        print_line(f"and {noise.others:,} more column{'' if noise.others == 1 else 's'}")
    if noise.widened:
        print_heading("What verdicts widened")
        print_table(widened_rows(noise), WIDENED)
    if noise.advice:
        print_heading("What to do next")
    for line in noise.advice:
        print_line(line)


def bar(alerts: int, most: int) -> str:
    """A bar of up to 30 signs, and a space behind it; nothing for nothing."""
    return choose_signs().box * max(round(LONGEST * alerts / most), 1) + " " if alerts else ""


def spelled(rate: Rate, *, interval: bool = False) -> str:
    """ "12 of 40 (30 %)", with its 95 % interval "12 of 40 (30 %, 18 % to 45 %)"; "0 of 0" for nothing."""
    if rate.share is None or rate.low is None or rate.high is None:
        return "0 of 0"
    ends = f", {100 * rate.low:.0f} % to {100 * rate.high:.0f} %" if interval else ""
    return f"{rate.hits:,} of {rate.total:,} ({100 * rate.share:.0f} %{ends})"


def column_rows(noise: Noise) -> list[dict[str, Any]]:
    """One row for each of the loudest columns."""
    return [{**msgspec.structs.asdict(each), "alarms": each.alerts} for each in noise.columns]


def widened_rows(noise: Noise) -> list[dict[str, Any]]:
    """One row for each column and family of facts; the rows as a whole have no column."""
    return [
        {
            **msgspec.structs.asdict(each),
            "facts": each.family,
            "times_as_wide": Text(f"{each.factor:.3g}"),
        }
        for each in noise.widened
    ]
