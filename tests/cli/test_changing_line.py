from __future__ import annotations

import io

import pytest

from trivium.cli.changing_line import ChangingLine, spelled_seconds


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_it_stays_in_one_line_and_goes_when_the_work_is_done() -> None:
    screen = Screen()
    line = ChangingLine(screen)
    line.show("read 15 of 20 rows")
    line.show("read 20 of 20")
    line.close()
    shown, shorter, gone = screen.getvalue().removeprefix("\r").split("\r")[:3]
    assert (shown, shorter, gone.strip()) == ("read 15 of 20 rows", "read 20 of 20     ", "")
    assert "\n" not in screen.getvalue()


def test_elsewhere_each_is_a_line_of_its_own() -> None:
    stream = io.StringIO()
    line = ChangingLine(stream)
    line.show("one")
    line.show("two")
    line.close()
    assert stream.getvalue() == "one\ntwo\n"


def test_a_line_that_was_just_shown_is_not_due() -> None:
    line = ChangingLine(io.StringIO())
    line.show("one")
    assert not line.is_due()


@pytest.mark.parametrize(("seconds", "spelled"), [(8.4, "8 s"), (119, "119 s"), (180, "3 min"), (7300, "2 h")])
def test_seconds_are_spelled_in_the_unit_that_fits(seconds: float, spelled: str) -> None:
    assert spelled_seconds(seconds) == spelled
