"""The history of one fact as SVG: band, values, alarms."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from msgspec import Struct

from trivium.pictures.axis import Axis, fit_axis, ticks
from trivium.pictures.marks import is_about, value_at, verdict_of
from trivium.pictures.markup import bare, tag
from trivium.pictures.picture import Mark, Series
from trivium.pictures.wording import plain, spell, spell_band, spell_tick

LEFT, RIGHT, TOP, BOTTOM = 64.0, 16.0, 22.0, 34.0
OFF = 9.0
DOTTED = 120
HOVERED = 120
Place = tuple[float, float]


class Frame(Struct, frozen=True):
    """Where partitions and values lie on a chart of this size."""

    width: float
    height: float
    count: int
    axis: Axis

    def x(self, at: float) -> float:
        """The middle of a partition's stretch."""
        return LEFT + (self.width - LEFT - RIGHT) * (at + 0.5) / max(self.count, 1)

    def y(self, value: float) -> float:
        """The height of a value; at the edge when it is off the axis."""
        return self.height - BOTTOM - (self.height - TOP - BOTTOM) * self.axis.place(value)

    def beyond(self, value: float) -> float:
        """The height of a value on its own; a little over the edge when it is off the axis."""
        off = 0.0 if self.axis.holds(value) else OFF if value < self.axis.low else -OFF
        return self.y(value) + off


def draw_history(
    series: Series,
    partitions: Sequence[str],
    marks: Sequence[Mark] = (),
    *,
    width: float = 680.0,
    height: float = 180.0,
    aside: Sequence[int] = (),
    link: str = "#alert-",
) -> str:
    """An SVG element. marks: those that belong to the column; those about another fact are left out.

    link: where a mark leads, with the alert's id after it.
    """
    own = [mark for mark in marks if is_about(mark, series.fact)]
    observed = [value_at(mark, series.fact, series.values) for mark in own]
    axis = fit_axis(series.fact, [*series.values, *observed], [*series.low, *series.high])
    frame = Frame(width, height, len(partitions), axis)
    parts = [
        tag("title", bare(f"{series.title} over {len(partitions)} partitions", longest=200)),
        draw_axis(series.fact, frame),
        draw_names(partitions, frame),
        draw_band(series, frame),
        draw_line(series, frame, frozenset(aside)),
        draw_hovers(series, partitions, frame),
        *[draw_mark(mark, value, series, frame, link) for mark, value in zip(own, observed, strict=True)],
    ]
    return tag("svg", "".join(parts), klass="history", view_box=f"0 0 {width:g} {height:g}", role="group",
        aria_label=describe(series, partitions, own))  # fmt: skip


def describe(series: Series, partitions: Sequence[str], marks: Sequence[Mark]) -> str:
    """The chart in a sentence, for whoever cannot see it."""
    known = [value for value in series.values if value is not None]
    if not known:
        return f"{series.title}: no values"
    spread = spell_band(series.fact, min(known), max(known))
    alarms = f", {len(marks)} alerts: {', '.join(partitions[mark.at] for mark in marks[:5])}" if marks else ""
    ends = f"{partitions[0]} to {partitions[-1]}"
    return plain(f"{series.title}, {ends}: {spread}, newest {spell(series.fact, known[-1])}{alarms}", longest=400)


def draw_axis(fact: str, frame: Frame) -> str:
    """Lines across at round numbers, with the numbers."""
    right = frame.width - RIGHT
    found = []
    for value in ticks(frame.axis):
        y = frame.y(value)
        found.append(tag("line", x1=LEFT, x2=right, y1=y, y2=y, klass="grid"))
        found.append(tag("text", spell_tick(fact, value), x=LEFT - 8, y=y + 4, text_anchor="end", klass="tick"))
    return tag("g", "".join(found), aria_hidden="true")


def draw_names(partitions: Sequence[str], frame: Frame) -> str:
    """The names of the first, the last and some partitions between."""
    if not partitions:
        return ""
    step = max(1, round(len(partitions) * 110 / (frame.width - LEFT - RIGHT)))
    places = list(range(len(partitions) - 1, -1, -step))
    y = frame.height - 6
    found = [_name(partitions[at], at, frame, y) for at in places]
    return tag("g", "".join(found), aria_hidden="true")


def _name(partition: str, at: int, frame: Frame, y: float) -> str:
    half = 4.0 * min(len(partition), 16)
    x = min(max(frame.x(at), LEFT - 40 + half), frame.width - half)
    label = bare(partition, longest=16)
    return tag("text", label, x=x, y=y, text_anchor="middle", klass="tick")


def draw_band(series: Series, frame: Frame) -> str:
    """Where the values were expected: an area for each unbroken stretch of partitions."""
    pairs = list(zip(series.low, series.high, strict=True))
    found = []
    for drawn, group in groupby(range(len(pairs)), key=lambda at: None not in pairs[at]):
        if drawn:
            found.append(_area(list(group), series, frame))
    return "".join(found)


def _area(stretch: Sequence[int], series: Series, frame: Frame) -> str:
    places = [stretch[0] - 0.5, *stretch, stretch[-1] + 0.5]
    ends = [stretch[0], *stretch, stretch[-1]]
    upper = [(frame.x(place), frame.y(series.high[at] or 0.0)) for place, at in zip(places, ends, strict=True)]
    lower = [(frame.x(place), frame.y(series.low[at] or 0.0)) for place, at in zip(places, ends, strict=True)]
    return tag("polygon", points=" ".join(_spot(each) for each in [*upper, *reversed(lower)]), klass="band")


def draw_line(series: Series, frame: Frame, aside: frozenset[int]) -> str:
    """The values: a faint line, broken where one is unknown or was not published, and a dot for each while few.

    aside: positions that were not published; their dots are hollow. What is off the axis is a triangle.
    """
    values = {at: value for at, value in enumerate(series.values) if value is not None}
    found = []
    for drawn, group in groupby(range(frame.count), key=lambda at: at in values and at not in aside):
        stretch = list(group)
        if drawn and len(stretch) > 1:
            path = "L".join(_spot((frame.x(at), frame.y(values[at]))) for at in stretch)
            found.append(tag("path", d=f"M{path}", klass="line"))
    for at, value in values.items():
        if len(values) <= DOTTED or at in aside or not frame.axis.holds(value):
            found.append(_dot(at, value, frame, "aside" if at in aside else "dot"))
    return tag("g", "".join(found), aria_hidden="true")


def _dot(at: int, value: float, frame: Frame, klass: str) -> str:
    x, y = frame.x(at), frame.beyond(value)
    if frame.axis.holds(value):
        return tag("circle", cx=x, cy=y, r=2.5, klass=klass)
    tip = 4.0 if value < frame.axis.low else -4.0
    corners = ((x - 3.5, y - tip), (x + 3.5, y - tip), (x, y + tip))
    return tag("polygon", points=" ".join(map(_spot, corners)), klass="off")


def draw_hovers(series: Series, partitions: Sequence[str], frame: Frame) -> str:
    """For each partition an invisible stretch that tells its numbers, while there are not too many."""
    if len(partitions) > HOVERED:
        return ""
    width = frame.x(1) - frame.x(0)
    found = []
    for at in range(len(partitions)):
        title = tag("title", bare(tell(series, partitions, at), longest=200))
        found.append(tag("rect", title, x=frame.x(at) - width / 2, y=TOP, width=width,
            height=frame.height - TOP - BOTTOM, klass="hover"))  # fmt: skip
    return tag("g", "".join(found), aria_hidden="true")


def tell(series: Series, partitions: Sequence[str], at: int) -> str:
    """One partition's value and band: "2024-05-03: 21.4, expected 55 to 88"."""
    value, low, high = series.values[at], series.low[at], series.high[at]
    shown = "no value" if value is None else spell(series.fact, value)
    expected = "" if low is None or high is None else f", expected {spell_band(series.fact, low, high)}"
    return f"{partitions[at]}: {shown}{expected}"


def draw_mark(mark: Mark, value: float | None, series: Series, frame: Frame, link: str) -> str:
    """An alarm: a dot that leads to its sentence, and how far off it is where it does not fit on the chart."""
    alert = mark.alert
    x, y = frame.x(mark.at), frame.height - BOTTOM if value is None else frame.beyond(value)
    outside = value is not None and not frame.axis.holds(value)
    shape = [
        tag("title", bare(f"{alert.partition}: {alert.message} ({verdict_of(alert)})", longest=600)),
        tag("line", x1=x, x2=x, y1=TOP - OFF, y2=frame.height - BOTTOM + OFF, klass="stem"),
        tag("circle", cx=x, cy=y, r=9.0, klass="halo"),
        tag("circle", cx=x, cy=y, r=5.0, klass="core"),
    ]
    if outside or (value is not None and mark.fact == series.fact):
        shape.append(_note(spell(series.fact, value or 0.0), x, y, frame, outside=outside))
    label = plain(f"Alert of {alert.partition}, {verdict_of(alert)}: {alert.message}", longest=400)
    return tag("a", "".join(shape), href=f"{link}{alert.id}", klass=f"mark {alert.severity} {look_of(mark)}",
        aria_label=label)  # fmt: skip


def look_of(mark: Mark) -> str:
    """How a mark is drawn: "open", "true", "false" or "closed"."""
    verdict = {"true_alarm": "true", "false_alarm": "false"}.get(mark.alert.verdict or "")
    return verdict or ("open" if mark.alert.state == "open" else "closed")


def _note(number: str, x: float, y: float, frame: Frame, *, outside: bool) -> str:
    arrow = ("↓ " if y > frame.height / 2 else "↑ ") if outside else ""
    left = x > frame.width / 2
    place = x - 13 if left else x + 13
    return tag("text", arrow + number, x=place, y=y + 4, text_anchor="end" if left else "start", klass="note")


def _spot(place: Place) -> str:
    return f"{place[0]:.1f},{place[1]:.1f}"
