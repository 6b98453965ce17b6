from __future__ import annotations

import io
import time

import msgspec

from trivium.cli.changing_line import TERMINAL_SECONDS
from trivium.cli.run_progress import RunLines, Telling, progress_for, tell_json
from trivium.pipelines.progress import TaskEvent


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def event(kind: str, node: str = "train", **more: object) -> TaskEvent:
    told = {"kind": kind, "run": "r", "node": node, "number": 1, "total": 2, "why": "first time", **more}
    return msgspec.convert(told, TaskEvent)


def item(kind: str, done: int) -> TaskEvent:
    return event(kind, f"load[{done}]", part_of="load", done=done, items=10_000)


def test_each_task_that_ended_has_a_line_with_its_reason() -> None:
    stream = io.StringIO()
    lines = RunLines(stream)
    for each in (event("started"), event("retrying", why="attempt 1 failed"), event("executed", seconds=1.25)):
        lines(each)
    assert stream.getvalue() == "↻ 1/2 train retrying: attempt 1 failed\n✓ 1/2 train executed 1.2 s: first time\n"


def test_items_of_a_map_share_a_line_that_changes_and_failures_have_their_own() -> None:
    screen = Screen()
    lines = RunLines(screen)
    time.sleep(TERMINAL_SECONDS)
    lines(item("executed", 4_711))
    lines(item("executed", 4_712))
    lines(item("failed", 4_713))
    lines(event("mapped", "load", why="10,000 items: 10,000 executed, 0 reused"))
    shown = [line for line in screen.getvalue().replace("\r", "\n").splitlines() if line.strip()]
    assert shown == [
        "✓ 1/2 load 4,711 of 10,000",
        "✗ 1/2 load[4713] failed: first time",
        "✓ 1/2 load mapped: 10,000 items: 10,000 executed, 0 reused",
    ]


def test_programs_read_one_json_object_in_a_line() -> None:
    stream = io.StringIO()
    tell_json(event("executed", seconds=1.5), stream)
    tell_json(item("cached", 3), stream)
    assert [msgspec.json.decode(line, type=TaskEvent) for line in stream.getvalue().splitlines()] == [
        event("executed", seconds=1.5),
        item("cached", 3),
    ]


def test_progress_can_be_none() -> None:
    assert progress_for(Telling.none) is None
