"""Distributions before and after as SVG: a box of quantiles each, on one axis."""

from __future__ import annotations

from trivium.pictures.axis import Axis, clipped, padded, ticks
from trivium.pictures.markup import bare, tag
from trivium.pictures.picture import Distribution, Shape
from trivium.pictures.wording import plain, spell, spell_tick

LEFT, RIGHT, ROW, BOX = 16.0, 16.0, 46.0, 18.0
NAMED = {"minimum": "least", "mean": "mean", "median": "median", "maximum": "greatest"}
INNER = ("q01", "q05", "q25", "q75", "q95", "q99")
CENTRES = ("median", "mean")


def draw_boxes(distribution: Distribution, *, width: float = 420.0) -> str:
    """An SVG element: least to greatest as a line, 5 % to 95 % thicker, the quartiles as a box, the centre in it.

    "" when there are no quantiles.
    """
    shapes = [
        (shape, klass)
        for shape, klass in ((distribution.before, "before"), (distribution.after, "after"))
        if shape is not None and shape.quantiles
    ]
    if not shapes:
        return ""
    axis = box_axis([shape for shape, _ in shapes])
    height = ROW * len(shapes) + 28
    rows = [draw_box(shape, klass, axis, ROW * at + 16, width) for at, (shape, klass) in enumerate(shapes)]
    drawn = tag("g", "".join([*_axis(axis, width, height), *rows]), aria_hidden="true")
    said = "; ".join(describe(shape) for shape, _ in shapes)
    return tag("svg", drawn, klass="boxes", view_box=f"0 0 {width:g} {height:g}", role="img",
        aria_label=plain(f"Before and after: {distribution.axis}. {said}", longest=400))  # fmt: skip


def box_axis(shapes: list[Shape]) -> Axis:
    """From the least to the greatest; extremes that would make all else a line are left to the edge."""
    inner = [value for shape in shapes for name, value in shape.quantiles.items() if name in INNER]
    every = clipped([value for shape in shapes for value in shape.quantiles.values()])
    core = clipped(inner) or every
    reach = max(core) - min(core)
    near = [value for value in every if not reach or min(core) - 2 * reach <= value <= max(core) + 2 * reach]
    return padded("", min([*core, *near]), max([*core, *near]))


def draw_box(shape: Shape, klass: str, axis: Axis, y: float, width: float) -> str:
    """One shape with its label above it."""
    places = {name: LEFT + (width - LEFT - RIGHT) * axis.place(value) for name, value in shape.quantiles.items()}
    middle = y + 4 + BOX / 2
    found = [tag("text", bare(shape.label), x=LEFT, y=y - 2, klass="tick")]
    found += _line(places, "minimum", "maximum", middle, "whisker")
    found += _line(places, "q05", "q95", middle, "reach")
    if {"q25", "q75"} <= places.keys():
        left, right = places["q25"], places["q75"]
        found.append(tag("rect", x=left, y=y + 4, width=max(right - left, 1.5), height=BOX, klass="box"))
    for x in [places[name] for name in CENTRES if name in places]:
        found.append(tag("line", x1=x, x2=x, y1=y + 2, y2=y + 6 + BOX, klass="median"))
    return tag("g", "".join(found), klass=klass)


def describe(shape: Shape) -> str:
    """The shape in words: "2024-05-03: least -3, median 21.4, greatest 30"."""
    told = [f"{word} {spell('', shape.quantiles[name])}" for name, word in NAMED.items() if name in shape.quantiles]
    return f"{shape.label}: {', '.join(told)}"


def _line(places: dict[str, float], first: str, last: str, y: float, klass: str) -> list[str]:
    if not {first, last} <= places.keys():
        return []
    return [tag("line", x1=places[first], x2=places[last], y1=y, y2=y, klass=klass)]


def _axis(axis: Axis, width: float, height: float) -> list[str]:
    found = []
    for value in ticks(axis):
        x = LEFT + (width - LEFT - RIGHT) * axis.place(value)
        found.append(tag("line", x1=x, x2=x, y1=6.0, y2=height - 20, klass="grid"))
        found.append(tag("text", spell_tick("", value), x=x, y=height - 6, text_anchor="middle", klass="tick"))
    return found
