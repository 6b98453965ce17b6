"""Charts in the terminal."""

from __future__ import annotations

import io
import sys

import pytest
from rich.console import Console
from tests.pictures.made import made_alert

from trivium.cli.chart import draw_chart, draw_distribution
from trivium.cli.signs import ASCII, UNICODE, choose_signs
from trivium.cli.sparkline import marked_sparkline
from trivium.pictures.picture import Distribution, Mark, Series, Shape

DAYS = tuple(f"2024-05-{day:02d}" for day in range(1, 9))
BAND = Series("median", "median", (10.0, 11.0, None, 10.5, 10.0, 11.0, 10.0, 2.0), (9.0,) * 8, (12.0,) * 8)
ALARM = Mark(7, made_alert(partition=DAYS[7]), "median", 2.0, 9.0, 12.0)


def drawn(series: Series, *marks: Mark, width: int = 60) -> list[str]:
    return [line.plain for line in draw_chart(series, DAYS, marks, width=width, signs=UNICODE)]


def test_the_expected_band_is_shaded_and_the_alarm_stands_below_it_with_its_value() -> None:
    lines = drawn(BAND, ALARM)
    (alarmed,) = [line for line in lines if "●" in line or "▼" in line]
    assert alarmed.endswith(" 2")
    assert "░" not in alarmed
    assert "░" in lines[1]


def test_the_first_and_the_newest_partition_are_named() -> None:
    assert drawn(BAND, width=78)[-1].split() == ["2024-05-01", "2024-05-08"]


def test_only_the_scale_is_dim() -> None:
    lines = draw_chart(BAND, DAYS, [ALARM], width=60, signs=UNICODE)
    assert {str(line.style) for line in lines[:-1]} == {""}


def test_a_dismissed_alarm_is_hollow() -> None:
    calm = Mark(3, made_alert(partition=DAYS[3], verdict="false_alarm"), "median", 10.5)
    text = "".join(drawn(BAND, calm))
    assert "○" in text
    assert "●" not in text


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    days = tuple(f"day {number}" for number in range(1000))
    series = Series("median", "median", tuple(float(each) for each in range(1000)), (None,) * 1000, (None,) * 1000)
    lines = draw_chart(series, days, [], width=width, signs=UNICODE)
    assert max(line.cell_len for line in lines) <= width


def test_a_series_without_any_value_is_drawn_empty() -> None:
    series = Series("median", "median", (None,) * 8, (None,) * 8, (None,) * 8)
    assert all("⠤" not in line for line in drawn(series, ALARM))


def test_ascii_signs_are_ascii_and_colour_is_not_needed_to_see_the_alarm() -> None:
    out = io.StringIO()
    console = Console(file=out, no_color=True, width=80)
    for line in draw_chart(BAND, DAYS, [ALARM], width=60, signs=ASCII):
        console.print(line)
    told = out.getvalue()
    assert told.isascii()
    assert "v" in told or "X" in told
    assert ":" in told


def test_a_terminal_that_cannot_encode_the_signs_gets_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="latin-1"))
    assert choose_signs() is ASCII
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
    assert choose_signs() is UNICODE


def test_an_alarm_in_a_line_of_bars_points_to_where_it_went() -> None:
    assert marked_sparkline(BAND, [ALARM], signs=UNICODE).plain.endswith("▼")


def test_before_and_after_share_one_axis() -> None:
    names = ("minimum", "q25", "median", "q75", "maximum")
    before = Shape("before", dict(zip(names, (0.0, 4.0, 5.0, 6.0, 10.0), strict=True)), {})
    after = Shape("after", dict(zip(names, (10.0, 14.0, 15.0, 16.0, 20.0), strict=True)), {"<b>": 0.5})
    first, second, *_ = draw_distribution(Distribution("values", before, after), width=60, signs=UNICODE)
    assert first.plain.index("┃") < second.plain.index("┃")
    assert first.plain.index("┤") <= second.plain.index("├") + 1
