"""A column in HTML: its histories with bands, its values before and after, and the numbers behind them."""

from __future__ import annotations

from collections.abc import Sequence

from trivium.pictures.alert_card import TONES, alert_anchor
from trivium.pictures.boxes import draw_boxes
from trivium.pictures.chart import draw_history
from trivium.pictures.distribution import compared_values
from trivium.pictures.marks import is_pressing
from trivium.pictures.markup import bare, tag, text
from trivium.pictures.picture import ColumnPicture, Distribution, Series, TablePicture
from trivium.pictures.wording import spell, spell_band

FIRST, OTHER = 190.0, 130.0
NUMBERS = 60
WHOLE = "rows as a whole"


def draw_column_card(column: ColumnPicture, at: int, picture: TablePicture) -> str:
    """The column with its heading; `at` is its place on the page."""
    loud = "block" if any(is_pressing(m) and m.alert.severity == "block" for m in column.marks) else "warn"
    pressing = sum(map(is_pressing, column.marks))
    heading = [
        tag("h3", text(column.name) if column.name else WHOLE),
        tag("span", bare(column.type), klass="soft"),
        tag("span", surprise_of(column), klass="soft"),
        tag("span", f"{pressing} open", klass=f"badge {loud}") if pressing else "",
    ]
    inner = tag("div", "".join(heading), klass="top") + draw_plots(column, picture.partitions, picture.aside)
    tone = f"card {TONES[loud]}" if pressing else "card"
    return tag("article", inner, klass=tone, id=f"column-{at}")


def surprise_of(column: ColumnPicture) -> str:
    """How far off the newest partition is."""
    if column.surprise is None:
        return ""
    return f"surprise {column.surprise:.2f}" + (", alarms at 1" if column.surprise >= 1 else "")


def draw_plots(column: ColumnPicture, partitions: Sequence[str], aside: Sequence[int]) -> str:
    """Histories at the left, the distribution at the right, the numbers below."""
    histories = [
        tag("figure", tag("h4", bare(series.title, longest=100))
            + draw_history(series, partitions, column.marks, height=OTHER if at else FIRST, aside=aside))
        for at, series in enumerate(column.series)
    ]  # fmt: skip
    if not histories:
        histories = [tag("p", "There is nothing to draw: no value is known.", klass="soft")]
    compared = draw_distribution(column.distribution) if column.distribution else ""
    plots = tag("div", "".join(histories)) + (tag("div", compared) if compared else "")
    return tag("div", plots, klass="plots" if compared else "plots single") + draw_numbers(column, partitions)


def draw_distribution(distribution: Distribution) -> str:
    """Before and after: boxes of quantiles, bars of the most frequent values."""
    boxes, shares = draw_boxes(distribution), draw_shares(distribution)
    told = [
        tag("figure", tag("h4", bare(f"{distribution.axis}, before and after")) + boxes) if boxes else "",
        tag("h4", "most frequent values, before and after") + shares if shares else "",
    ]
    return "".join(told)


def draw_shares(distribution: Distribution) -> str:
    """Two bars for each value, before above after, with the shares in words."""
    return "".join(_share(*each) for each in compared_values(distribution))


def _share(value: str, before: float, after: float) -> str:
    bars = [_bar(share, klass) for share, klass in ((before, "before"), (after, "after"))]
    told = f"{100 * before:.3g} → {100 * after:.3g} %"
    name = tag("span", text(value, longest=40) if value else "(blank)", klass="name")
    return tag("div", name + tag("span", "".join(bars), aria_hidden="true") + tag("span", told, klass="number"),
        klass="share")  # fmt: skip


def _bar(share: float, klass: str) -> str:
    return tag("div", klass=f"bar {klass}", style=f"width:{100 * min(max(share, 0.0), 1.0):.1f}%")


def draw_numbers(column: ColumnPicture, partitions: Sequence[str]) -> str:
    """The numbers of the newest partitions as a table, folded away."""
    if not column.series or not partitions:
        return ""
    shown = column.series[:4]
    titles = [tag("th", bare(series.title), scope="col") + tag("th", "expected", scope="col") for series in shown]
    head = tag("tr", tag("th", "partition", scope="col") + "".join(titles))
    alarmed = {mark.at: mark for mark in column.marks}
    rows = []
    for at in range(len(partitions) - 1, max(len(partitions) - 1 - NUMBERS, -1), -1):
        name = text(partitions[at])
        if at in alarmed:
            name = tag("a", name, href=f"#{alert_anchor(alarmed[at].alert)}")
        rows.append(tag("tr", tag("th", name, scope="row") + "".join(_cells(series, at) for series in shown)))
    summary = tag("summary", f"Numbers of the newest {len(rows)} partitions")
    return tag("details", summary + tag("div", tag("table", head + "".join(rows)), klass="wide"))


def _cells(series: Series, at: int) -> str:
    value, low, high = series.values[at], series.low[at], series.high[at]
    band = "" if low is None or high is None else spell_band(series.fact, low, high)
    return tag("td", "" if value is None else spell(series.fact, value), klass="number") + tag(
        "td", band, klass="number soft"
    )
