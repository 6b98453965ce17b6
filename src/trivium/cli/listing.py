"""What a read prints: JSON for programs, a compact table for people."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Any, Protocol

import msgspec
from rich.console import Console
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

Row = Mapping[str, Any]


class Frame(Protocol):
    """What a frame has to be to be printed; naming it here keeps polars out of this module."""

    @property
    def columns(self) -> list[str]:
        """Names, in order."""

    @property
    def height(self) -> int:
        """How many rows."""

    def to_dicts(self) -> list[dict[str, Any]]:
        """One dictionary a row."""


COLOURS = {
    "valid": "green", "succeeded": "green", "executed": "green", "passed": "green", "up": "green", "done": "green",
    "promote": "green", "resolved": "green", "approved": "green", "flagged": "yellow", "open": "yellow",
    "running": "yellow", "warn": "yellow", "overridden": "yellow", "pending": "yellow", "refused": "yellow",
    "quarantined": "red", "failed": "red", "block": "red", "roll_back": "red", "true_alarm": "red",
    "divert": "yellow", "fresh": "green", "old": "yellow", "replaced": "dim",
    "discarded": "dim", "cached": "dim", "skipped": "dim", "down": "dim", "wait": "dim", "false_alarm": "dim",
}  # fmt: skip
PROSE = frozenset(
    {"message", "description", "reason", "error", "because", "detail", "why", "next", "scores", "metrics"}
)
NOTHING = "-"
GAP = 2
LEAST_PROSE = 40
LEAST_COLUMNS = 2  # what a row is known by stays on its line, however narrow the screen is


def print_list(rows: Sequence[Row], columns: Sequence[str], *, as_json: bool, empty: str) -> None:
    """The rows are printed: all their keys as JSON, or these columns as a table; `empty` when there are none."""
    if as_json:
        print_json(rows)
    elif rows:
        print_table(rows, columns)
    else:
        print_line(empty)


def print_facts(facts: Row, *, as_json: bool, leave_out: Sequence[str] = ()) -> None:
    """One object is printed: as a JSON object, or one line a fact."""
    if as_json:
        print_json(facts)
        return
    shown = {name: value for name, value in facts.items() if name not in leave_out and spelled(name, value) != NOTHING}
    grid = Grid.grid(padding=(0, 2, 0, 0), pad_edge=False)
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    for name, value in shown.items():
        grid.add_row(name.replace("_", " "), cell(name, value))
    console().print(grid)


def print_json(value: Any) -> None:
    """The value is printed as indented JSON: times in ISO 8601, NaN as null."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


def print_table(rows: Sequence[Row], columns: Sequence[str], *, as_stored: bool = False) -> None:
    """A compact table. Names and ids stay in one piece; prose wraps, under its row where the screen is narrow, and with
    it goes what does not fit beside the first columns.

    as_stored: these are rows of somebody's table, whose names and numbers are not made prettier.
    """
    cells = [{name: stored_cell(row[name]) if as_stored else cell(name, row[name]) for name in columns} for row in rows]
    titles = {name: printable(name) if as_stored else name.replace("_", " ") for name in columns}
    widths = {name: max([len(name), *(len(each[name]) for each in cells)]) for name in columns}
    short = [name for name in columns if name not in PROSE]
    needed = sum(widths[name] + GAP for name in short)
    screen = console()
    room = screen.width - LEAST_PROSE if len(short) < len(columns) else screen.width + GAP
    if as_stored or needed <= room:
        screen.print(side_by_side(rows, cells, titles, widths), crop=False, soft_wrap=needed > screen.width + GAP)
    else:
        print_stacked(screen, cells, titles, widths)


def fitting(names: Sequence[str], widths: Mapping[str, int], room: int) -> list[str]:
    """The first of the columns that fit beside each other, at least two."""
    ends = accumulate(widths[name] + GAP for name in names)
    return [name for at, (name, end) in enumerate(zip(names, ends, strict=True)) if at < LEAST_COLUMNS or end <= room]


def side_by_side(
    rows: Sequence[Row], cells: Sequence[Mapping[str, Text]], titles: Mapping[str, str], widths: Mapping[str, int]
) -> Grid:
    """The table with prose in columns of its own."""
    grid = Grid(box=None, padding=(0, GAP, 0, 0), pad_edge=False, header_style="dim")
    for name, title in titles.items():
        known = [row[name] for row in rows if row[name] is not None]
        number = bool(known) and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in known)
        grid.add_column(
            Text(title),
            justify="right" if number else "left",
            no_wrap=name not in PROSE,
            overflow="fold",
            min_width=None if name in PROSE else widths[name],
        )
    for each in cells:
        grid.add_row(*(each[name] for name in titles))
    return grid


def print_stacked(
    screen: Console, cells: Sequence[Mapping[str, Text]], titles: Mapping[str, str], widths: Mapping[str, int]
) -> None:
    """Each row on a line, and on the lines under it what found no room there, and its prose."""
    short = [name for name in titles if name not in PROSE]
    beside = fitting(short, widths, screen.width + GAP)
    below = [name for name in short if name not in beside]
    header = "  ".join(titles[name].ljust(widths[name]) for name in beside)
    screen.print(Text(header, style="dim"), soft_wrap=True)
    for each in cells:
        line = Text("  ").join(padded(each[name], widths[name]) for name in beside)
        screen.print(line, soft_wrap=True)
        rest = [Text(f"{titles[name]} ", style="dim") + each[name] for name in below if each[name].plain != NOTHING]
        if rest:
            screen.print(Padding(Text(", ").join(rest), (0, 0, 0, 4)))
        for name, prose in each.items():
            if name in PROSE and prose.plain != NOTHING:
                screen.print(Padding(prose, (0, 0, 0, 4)))


def padded(text: Text, width: int) -> Text:
    """The text with spaces behind it."""
    longer = text.copy()
    longer.pad_right(width - len(text))
    return longer


def print_frame(rows: Frame) -> None:
    """A frame's rows as they are stored, columns in their own order."""
    if rows.height:
        print_table(rows.to_dicts(), rows.columns, as_stored=True)


def print_line(text: str) -> None:
    """A sentence."""
    console().print(Text(printable(text)), soft_wrap=True)


def print_heading(text: str) -> None:
    """The title of a part, after an empty line."""
    console().print(Text(f"\n{text}", style="bold"))


def console() -> Console:
    """The terminal; anything else gets no colour and lines as long as they need to be."""
    if sys.stdout.isatty():
        return Console(highlight=False)
    return Console(highlight=False, width=10_000, color_system=None)


def cell(name: str, value: Any) -> Text:
    """A value as people read it; a small picture stays as it was drawn."""
    if isinstance(value, Text):
        return value
    text = printable(spelled(name, value))
    return Text(text, style=COLOURS.get(text, "dim" if text == NOTHING else ""))


def stored_cell(value: Any) -> Text:
    """A value of somebody's table: a fraction has ten digits, and no word means anything to us."""
    text = f"{value:.10g}" if isinstance(value, float) else printable(spelled("", value))
    return Text(text, style="dim" if value is None else "")


def printable(text: str) -> str:
    """The text without control characters, so that no stored name or message moves the cursor or colours the screen."""
    return "".join(char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in text)


def spelled(name: str, value: Any) -> str:
    """The text of a value: times to the second in UTC, four digits of a fraction, lists with commas."""
    if value is None or value in ("", (), [], {}):
        return NOTHING
    if isinstance(value, int) and name in COUNTS:
        return f"{value:,}"
    for kinds, spell in SPELLINGS:
        if isinstance(value, kinds):
            return spell(value)
    return str(value)


def spelled_list(values: Sequence[Any]) -> str:
    """A few values with commas; of many, the first, the last and how many."""
    if len(values) > SHOWN:
        return f"{spelled('', values[0])} .. {spelled('', values[-1])} ({len(values)})"
    return ", ".join(spelled("", each) for each in values)


def spelled_mapping(values: Mapping[str, Any]) -> str:
    """Names and values: "auc=0.71, brier=0.16"."""
    return ", ".join(f"{name}={spelled(name, each)}" for name, each in values.items() if each is not None)


COUNTS = frozenset({"rows", "bytes", "failing_rows", "rows_before", "rows_after"})
SHOWN = 8
SPELLINGS: tuple[tuple[Any, Callable[[Any], str]], ...] = (
    (bool, lambda value: "yes" if value else "no"),
    (datetime, lambda value: value.strftime("%Y-%m-%d %H:%M:%S")),
    (float, lambda value: f"{value:.4g}"),
    (Mapping, spelled_mapping),
    ((list, tuple), spelled_list),
)
