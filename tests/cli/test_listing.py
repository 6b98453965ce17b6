"""How values and tables look to people."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console

from trivium.cli import listing
from trivium.cli.listing import print_table, printable, spelled
from trivium.cli.runs import LIST

ROWS = [{"id": "01m7ydf28fywkvp6fb6kbma31d", "state": "open", "message": "a long story " * 8}]


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("version", 1234, "1234"),
        ("rows", 1234, "1,234"),
        ("score", 0.123456, "0.1235"),
        ("passed", True, "yes"),
        ("passed", False, "no"),
        ("owner", None, "-"),
        ("aliases", (), "-"),
        ("aliases", ["champion", "old"], "champion, old"),
        ("partitions", [str(number) for number in range(20)], "0 .. 19 (20)"),
        ("metrics", {"auc": 0.5, "brier": None}, "auc=0.5"),
        ("at", datetime(2024, 1, 2, 3, 4, 5, 678, tzinfo=UTC), "2024-01-02 03:04:05"),
    ],
)
def test_a_value_is_spelled_as_people_read_it(name: str, value: Any, shown: str) -> None:
    assert spelled(name, value) == shown


def test_control_characters_are_not_printed() -> None:
    assert printable("a\x1b[2Jb\rc\nd\x9be") == "a�[2Jb�c\nd�e"


RUN = {"id": "01m7ydf28fywkvp6fb6kbma31d", "pipeline": "lateness", "status": "succeeded", "seconds": 3.25,
       "started_at": datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC), "executed": 5, "cached": 3, "trigger": "manual",
       "metrics": {f"measure_{number}": number / 10 for number in range(9)}}  # fmt: skip


@pytest.mark.parametrize("width", [60, 80, 100, 120, 160])
def test_a_list_of_runs_fits_the_terminal(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(listing, "console", lambda: Console(file=out, width=width, highlight=False))
    print_table([RUN, {**RUN, "status": "failed"}], LIST)
    said = out.getvalue()
    assert max(len(line.rstrip()) for line in said.splitlines()) <= width
    assert [said.count(part) for part in ("2024-01-02 03:04:05", "3.25", "manual", "measure_8=0.8")] == [2, 2, 2, 2]


def test_columns_that_find_no_room_go_under_their_row(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(listing, "console", lambda: Console(file=out, width=20, highlight=False))
    print_table(
        [{"name": "flights", "rows": 1200, "state": "valid", "owner": None}], ("name", "rows", "state", "owner")
    )
    assert [line.rstrip() for line in out.getvalue().splitlines()] == [
        "name     rows", "flights  1,200", "    state valid"
    ]  # fmt: skip


@pytest.mark.parametrize("width", [30, 60, 200])
def test_ids_stay_in_one_piece_and_nothing_is_lost_at_any_width(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(listing, "console", lambda: Console(file=out, width=width, highlight=False))
    print_table(ROWS, ("id", "state", "message"))
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    assert any(line.startswith("01m7ydf28fywkvp6fb6kbma31d  open") for line in lines)
    assert out.getvalue().count("story") == 8


def test_rows_of_a_table_keep_their_names_and_digits(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([{"rows_in_use": 1234, "price": 135450.25, "state": "open"}], ("rows_in_use", "price", "state"))
    print_table(
        [{"rows_in_use": 1234, "[price]": 135450.25, "b": None}], ("rows_in_use", "[price]", "b"), as_stored=True
    )
    titles, row, stored_titles, stored_row = (line.split() for line in capsys.readouterr().out.splitlines())
    assert (titles, row) == (["rows", "in", "use", "price", "state"], ["1234", "1.355e+05", "open"])
    assert (stored_titles, stored_row) == (["rows_in_use", "[price]", "b"], ["1234", "135450.25", "-"])


def test_a_table_without_rows_has_its_titles(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([], ("name", "type"))
    assert capsys.readouterr().out.split() == ["name", "type"]
