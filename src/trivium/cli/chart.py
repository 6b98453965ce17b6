"""Charts in the terminal: a fact over time on its band, and values before and after."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from rich.text import Text

from trivium.cli.listing import printable
from trivium.cli.signs import Signs
from trivium.cli.sparkline import style_of
from trivium.pictures.axis import Axis, fit_axis
from trivium.pictures.boxes import CENTRES, box_axis
from trivium.pictures.distribution import compared_values
from trivium.pictures.marks import is_about, is_pressing, value_at
from trivium.pictures.picture import Distribution, Mark, Series, Shape
from trivium.pictures.wording import plain, spell

HEIGHT = 9
WIDEST = 3
REACH = 2.0  # so few lines have no room for more
BAND, BAR = "green", 24


class Cells(Struct, frozen=True):
    """How a chart's cells are counted: `step` of them for each partition, lines from bottom to top.

    `under` and `over`: whether there is a line below and above the axis, for what is off it.
    """

    axis: Axis
    step: int
    signs: Signs
    under: bool
    over: bool

    @property
    def lines(self) -> int:
        """How many lines the chart has."""
        return HEIGHT + self.under + self.over

    def level(self, value: float) -> tuple[int, str]:
        """The line of a value, and the sign of its height within the line; a triangle off the axis."""
        if value < self.axis.low and self.under:
            return 0, self.signs.below
        if value > self.axis.high and self.over:
            return self.lines - 1, self.signs.above
        fine = len(self.signs.heights)
        level = min(int(self.axis.place(value) * HEIGHT * fine), HEIGHT * fine - 1)
        return level // fine + self.under, self.signs.heights[level % fine]

    def span(self, low: float | None, high: float | None) -> range:
        """The lines of a band, on the axis."""
        if low is None or high is None:
            return range(0)
        low, high = max(low, self.axis.low), min(high, self.axis.high)
        return range(self.level(low)[0], self.level(high)[0] + 1)

    def sign(self, value: float | None, mark: Mark) -> str:
        """The sign of an alarm."""
        if value is not None and not self.axis.holds(value):
            return self.signs.above if value > self.axis.high else self.signs.below
        return self.signs.alarm if is_pressing(mark) else self.signs.settled


def draw_chart(
    series: Series, partitions: Sequence[str], marks: Sequence[Mark], *, width: int, signs: Signs
) -> list[Text]:
    """The newest partitions that fit into `width` characters, from top to bottom, with the scale at the left.

    The band is shaded; an alarm is a dot of its own, hollow once nobody has to look at it any more. What is off the
    scale is a triangle beyond it. An alarm of the newest partition has its value.
    """
    own = {mark.at: mark for mark in marks if is_about(mark, series.fact)}
    shown = {at: value_at(mark, series.fact, series.values) for at, mark in own.items()}
    values = [shown.get(at, value) for at, value in enumerate(series.values)]
    axis = fit_axis(series.fact, values, [*series.low, *series.high], reach=REACH)
    known = [value for value in values if value is not None]
    under, over = min(known, default=axis.low) < axis.low, max(known, default=axis.high) > axis.high
    labels = {HEIGHT - 1 + under: spell(series.fact, axis.high), int(under): spell(series.fact, axis.low)}
    margin = max(len(label) for label in labels.values())
    told = note_of(series, own)
    room = max(width - margin - 2 - len(told), 8)
    start = max(len(values) - room, 0)
    cells = Cells(axis, min(max(room // max(len(values), 1), 1), WIDEST), signs, under, over)
    lines = [Text().append(f"{labels.get(row, ''):>{margin}} ", style="dim") for row in range(cells.lines)]
    for at in range(start, len(values)):
        draw_partition(lines, values[at], cells.span(series.low[at], series.high[at]), own.get(at), cells)
    if told and (value := values[-1]) is not None:
        lines[cells.level(value)[0]].append(told, style=style_of(own[len(values) - 1]))
    names = name_line(partitions[start:], cells.step)
    return [*reversed(lines), Text(" " * (margin + 1) + names, style="dim")]


def note_of(series: Series, marks: dict[int, Mark]) -> str:
    """The value of an alarm of the newest partition, to be written beside it."""
    mark = marks.get(len(series.values) - 1)
    value = None if mark is None else value_at(mark, series.fact, series.values)
    return "" if value is None else f" {spell(series.fact, value)}"


def draw_partition(lines: list[Text], value: float | None, band: range, mark: Mark | None, cells: Cells) -> None:
    """One partition's cells are at the end of each line."""
    row, sign = cells.level(value) if value is not None else (-1, "")
    if mark is not None and value is None:
        row = 0
    for at, line in enumerate(lines):
        ground = (cells.signs.band, BAND) if at in band else (" ", "")
        if at == row and mark is not None:
            side = (cells.step - 1) // 2
            dot = cells.sign(value, mark)
            line.append(ground[0] * side, style=ground[1])
            line.append(dot, style=style_of(mark))
            line.append(ground[0] * (cells.step - 1 - side), style=ground[1])
        elif at == row:
            line.append(sign * cells.step, style="bold" if at in band or not len(band) else "bold yellow")
        else:
            line.append(ground[0] * cells.step, style=ground[1])


def name_line(partitions: Sequence[str], step: int) -> str:
    """The first and the newest partition's name under their ends."""
    width = len(partitions) * step
    if not partitions:
        return ""
    first, last = printable(partitions[0]), printable(partitions[-1])
    return first + last.rjust(width - len(first)) if len(partitions) > 1 and len(first + last) < width else last


def legend(signs: Signs, marks: Sequence[Mark]) -> Text:
    """What the signs mean, of those that are there."""
    line = Text().append(f"{signs.band} ", style=BAND).append("expected   ", style="dim")
    line.append(signs.heights[len(signs.heights) // 2]).append(" observed", style="dim")
    if any(map(is_pressing, marks)):
        line.append(f"   {signs.alarm}", style="bold red").append(" alarm", style="dim")
    if not all(map(is_pressing, marks)):
        line.append(f"   {signs.settled} resolved", style="dim")
    return line


def draw_distribution(distribution: Distribution, *, width: int, signs: Signs) -> list[Text]:
    """Before and after: a line from the least to the greatest with a box of the quartiles, and bars of values."""
    shapes = [shape for shape in (distribution.before, distribution.after) if shape is not None and shape.quantiles]
    lines = []
    if shapes:
        axis = box_axis(shapes)
        label = max(len(shape.label) for shape in shapes)
        room = max(width - label - 2, 20)
        lines = [
            Text().append(f"{shape.label:>{label}}  ", style="dim") + draw_box(shape, axis, room, signs)
            for shape in shapes
        ]
        ends = spell("", axis.low), spell("", axis.high)
        lines.append(Text(" " * (label + 2) + ends[0] + ends[1].rjust(room - len(ends[0])), style="dim"))
    return [*lines, *draw_shares(distribution, signs)]


def draw_box(shape: Shape, axis: Axis, room: int, signs: Signs) -> Text:
    """One shape in `room` characters."""
    places = {name: round(axis.place(value) * (room - 1)) for name, value in shape.quantiles.items()}
    cells = [" "] * room
    _fill(cells, places, ("minimum", "maximum"), signs.dash)
    for name, end in zip(("minimum", "maximum"), signs.ends, strict=True):
        if name in places:
            cells[places[name]] = end
    _fill(cells, places, ("q25", "q75"), signs.box)
    for name in CENTRES:
        if name in places:
            cells[places[name]] = signs.middle
    return Text("".join(cells))


def draw_shares(distribution: Distribution, signs: Signs) -> list[Text]:
    """The most frequent values with their shares before and after."""
    compared = compared_values(distribution)
    names = [plain(value, longest=24) or "(blank)" for value, _, _ in compared]
    longest = max((Text(name).cell_len for name in names), default=0)
    lines = []
    for name, (_, before, after) in zip(names, compared, strict=True):
        bar = signs.box * round(BAR * after) or signs.ends[0]
        line = Text(" " * (longest - Text(name).cell_len) + name + "  ")
        lines.append(line.append(f"{before:>6.1%} to {after:>6.1%}  ", style="dim").append(bar))
    return lines


def _fill(cells: list[str], places: dict[str, int], names: tuple[str, str], sign: str) -> None:
    if names[0] in places and names[1] in places:
        for at in range(places[names[0]], places[names[1]] + 1):
            cells[at] = sign
