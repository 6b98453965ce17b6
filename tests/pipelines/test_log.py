from __future__ import annotations

import sys
import threading

import pytest

from trivium.pipelines.log import KEPT, LogTail, captured


def test_the_end_of_what_is_written_is_kept() -> None:
    log = LogTail()
    for number in range(20_000):
        log.write(f"{number}\n")
    assert log.text().endswith("19998\n19999\n")
    assert len(log.text()) == KEPT


def test_tasks_in_two_threads_leave_the_output_as_it_was() -> None:
    before, outer, inner = sys.stdout, LogTail(), LogTail()
    entered, left = threading.Event(), threading.Event()

    def other() -> None:
        with captured(inner):
            entered.set()
            left.wait(5)

    with captured(outer):
        thread = threading.Thread(target=other)
        thread.start()
        entered.wait(5)
    left.set()
    thread.join()
    assert sys.stdout is before


def test_a_thread_of_before_is_shown_but_not_part_of_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    go, log = threading.Event(), LogTail()
    stranger = threading.Thread(target=lambda: (go.wait(5), print("progress bar")))
    stranger.start()
    with captured(log):
        go.set()
        stranger.join()
        own = threading.Thread(target=lambda: print("from a thread of the task"))
        own.start()
        own.join()
    assert log.text() == "from a thread of the task\n"
    assert "progress bar" in capsys.readouterr().out
