"""The labelling screen: a row, the question, one key for an answer."""

from __future__ import annotations

import os
import select
import sys
import termios
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager

from rich.text import Text

from trivium.cli.listing import console, print_facts, print_line, printable
from trivium.errors import Misuse, VersionConflict
from trivium.tables.label_queue import Asked, Queue

LOOK_SECONDS = 0.2
SKIP, UNDO, QUIT, END = "s", "u", "q", "\x04"
KEYS = "123456789abcdefghijklmnoprtvwxyz"  # without the letters that mean something else


class Screen:
    """Asks in this terminal. Whatever it says is stored, is; a row that was not answered goes back."""

    def __init__(self, queue: Queue) -> None:
        options = queue.spec.options
        if len(options) > len(KEYS):
            raise Misuse(
                f"{len(options)} options are more than there are keys ({len(KEYS)}); use `--answer ROW=VALUE`."
            )
        self.queue = queue
        self.keys = dict(zip(KEYS, options, strict=False))
        self.answered = 0

    def run(self) -> None:
        """Rows were asked about until none was left or the annotator quit."""
        with single_keys(sys.stdin.fileno()):
            asked, going = self.queue.take(), True
            while asked is not None and going:
                going, asked = self._ask_or_release(asked)
        waits = "" if asked else " No row waits for you."
        print_line(f"{self.answered} answers stored.{waits}")

    def _ask_or_release(self, asked: Asked) -> tuple[bool, Asked | None]:
        try:
            return self._ask(asked)
        except BaseException:  # whatever ends this, the row is free for others
            self.queue.release(asked.row)
            raise

    def _ask(self, asked: Asked) -> tuple[bool, Asked | None]:
        """(whether to go on, the next row) after this one."""
        self._show(asked)
        began = time.monotonic()
        key = self._key()
        if key in (QUIT, END):
            self.queue.release(asked.row)
            return False, asked
        if key == UNDO:
            return True, self._undo(asked)
        if key == SKIP:
            self.queue.skip(asked.row)
            print_line("skipped")
        else:
            self._answer(asked, self.keys[key], time.monotonic() - began)
        return True, self.queue.take()

    def _show(self, asked: Asked) -> None:
        """The row, legibly, the question, the keys, and how far it is."""
        progress = self.queue.progress()
        screen = console()
        screen.rule(
            Text(f"{progress.done} of {progress.rows} rows done, {progress.mine} by {self.queue.annotator}"),
            align="left", style="dim",
        )  # fmt: skip
        print_facts(asked.values, as_json=False)
        screen.print(Text(f"\n{printable(self.queue.spec.question)}", style="bold"))
        options = [f"[{key}] {printable(option)}" for key, option in self.keys.items()]
        screen.print(Text("   ".join([*options, "[s] skip", "[u] undo", "[q] quit"])))

    def _answer(self, asked: Asked, value: str, seconds: float) -> None:
        try:
            commit = self.queue.answer(asked.row, value, seconds=round(seconds, 3))
        except VersionConflict as error:
            print_line(str(error))
            return
        self.answered += 1
        print_line(f"{value}: stored (version {commit.version})")

    def _undo(self, asked: Asked) -> Asked | None:
        """The row whose answer was withdrawn; the present one when there is nothing to undo."""
        row = self.queue.undo()
        if row is None:
            print_line("nothing to undo")
            return asked
        self.answered = max(0, self.answered - 1)
        print_line(f"withdrawn: the answer to {row}")
        again = self.queue.take(row)
        if again is None or again.row == asked.row:
            return again or asked
        self.queue.release(asked.row)
        return again

    def _key(self) -> str:
        """The next key that means something; the end of the input means to quit."""
        stream = sys.stdin.fileno()
        while True:
            # An interrupt may reach another thread of the engine and leave a read waiting, so nothing waits for long.
            while not select.select([stream], [], [], LOOK_SECONDS)[0]:
                pass
            key = os.read(stream, 1).decode("ascii", "replace")
            if key == "":
                return QUIT
            if key in self.keys or key in (SKIP, UNDO, QUIT, END):
                return key


@contextmanager
def single_keys(stream: int) -> Iterator[None]:
    """Inside the block, each key is read at once and not echoed; what was typed ahead stays."""
    before = termios.tcgetattr(stream)
    tty.setcbreak(stream, termios.TCSANOW)
    try:
        yield
    finally:
        termios.tcsetattr(stream, termios.TCSANOW, before)
