"""Pictures as the terminal shows them, and as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trivium.cli.chart import draw_chart, draw_distribution, legend
from trivium.cli.listing import GAP, Row, cell, console, print_heading, print_line, print_table, printable
from trivium.cli.signs import choose_signs
from trivium.cli.sparkline import marked_sparkline
from trivium.errors import Misuse
from trivium.pictures.marks import is_pressing
from trivium.pictures.picture import ColumnPicture, Series, TablePicture
from trivium.pictures.wording import plain, spell, spell_band

NARROWEST, WIDEST = 40, 100
CHARTS = 2
SPARE = ("nulls over time", "type", "nulls", "open alerts", "expected")


def tell_table(picture: TablePicture) -> None:
    """The table's columns, one a line, with the newest partitions as bars."""
    tell_head(picture)
    rows = [column_line(column, picture) for column in picture.columns if column.series]
    if rows:
        print_table(rows, fitting(rows))
    if picture.left_out:
        print_line(f"{picture.left_out} less surprising columns are left out; `--column NAME` shows one.")


def fitting(rows: Sequence[Row]) -> list[str]:
    """The columns that fit side by side, the least needed left out first."""
    names = list(rows[0])
    for spare in SPARE:
        widths = [max(len(name), *(cell(name, row[name]).cell_len for row in rows)) for name in names]
        if sum(widths) + GAP * len(widths) > console().width:
            names.remove(spare)
    return names


def tell_column(picture: TablePicture, column: ColumnPicture) -> None:
    """One column: charts of its most telling facts, its values before and after, and all its facts."""
    tell_head(picture)
    print_charts(column, picture.partitions)
    facts = [fact_line(series, column) for series in column.series]
    if facts:
        print_heading("facts")
        print_table(facts, list(facts[0]))


def tell_head(picture: TablePicture) -> None:
    """What is shown, in a line or two."""
    count, newest, rows = len(picture.partitions), picture.partitions[-1], picture.rows[-1]
    print_line(f"{picture.table}, partition {newest}, {rows:,} rows; over {count} partitions:")
    for note in picture.notes:
        print_line(note)


def print_charts(column: ColumnPicture, partitions: Sequence[str], *, charts: int = CHARTS) -> None:
    """The first facts over time on their bands, and the distribution before and after."""
    signs, screen = choose_signs(), console()
    width = picture_width()
    for series in column.series[:charts]:
        print_heading(f"{plain(column.name)}: {series.title}" if column.name else series.title)
        for line in draw_chart(series, partitions, column.marks, width=width, signs=signs):
            screen.print(line, soft_wrap=True)
    if column.series:
        screen.print(legend(signs, column.marks), soft_wrap=True)
    if column.distribution is not None:
        print_heading(f"{column.distribution.axis}, before and after")
        for line in draw_distribution(column.distribution, width=width, signs=signs):
            screen.print(line, soft_wrap=True)


def picture_width() -> int:
    """How wide a picture is drawn: as the terminal, within reason; 80 characters where there is none."""
    screen = console()
    return min(max(screen.width, NARROWEST), WIDEST) if screen.is_terminal else 80


def column_line(column: ColumnPicture, picture: TablePicture) -> dict[str, Any]:
    """One column as a row of a table: its most telling fact now, where it was expected, and how it went."""
    lead = column.series[0]
    nulls = next((series for series in column.series if series.fact == "null_rate"), None)
    pressing = [mark for mark in column.marks if is_pressing(mark)]
    return {
        "column": plain(column.name) or "(rows)",
        "type": column.type,
        "fact": lead.title,
        "newest": newest(lead),
        "expected": expected(lead),
        "over time": marked_sparkline(lead, column.marks),
        "nulls": newest(nulls) if nulls else None,
        "nulls over time": marked_sparkline(nulls, column.marks) if nulls and nulls is not lead else None,
        "open alerts": ", ".join(dict.fromkeys(picture.partitions[mark.at] for mark in pressing[:3])),
    }


def fact_line(series: Series, column: ColumnPicture) -> dict[str, Any]:
    """One fact as a row of a table."""
    return {
        "fact": series.title,
        "newest": newest(series),
        "expected": expected(series),
        "surprise": series.surprise,
        "over time": marked_sparkline(series, column.marks),
    }


def newest(series: Series) -> str | None:
    """The newest value as people read it."""
    value = series.values[-1]
    return None if value is None else spell(series.fact, value)


def expected(series: Series) -> str | None:
    """Where the newest value was expected."""
    low, high = series.low[-1], series.high[-1]
    return None if low is None or high is None else spell_band(series.fact, low, high)


def write_page(page: str, file: Path) -> str:
    """The page is in the file; returns a sentence that says so. Raises Misuse when it cannot be written."""
    data = page.encode("utf-8", "replace")
    try:
        file.write_bytes(data)
    except OSError as error:
        raise Misuse(f"{printable(str(file))} cannot be written: {error.strerror}.") from None
    return f"Wrote {file} ({len(data) / 1000:,.0f} kB); it needs no network."
