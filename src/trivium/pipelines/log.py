"""What a task prints: passed on, and its end kept."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Iterator, Set
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import TextIO

from trivium.pipelines.redaction import Redaction, Redactor

KEPT = 20_000
CAPTURING = threading.Lock()  # sys.stdout is one for the process: two who replace it would put back each other's


class LogTail(io.TextIOBase):
    """The last KEPT characters of everything written, however much that is."""

    def __init__(self) -> None:
        self._kept = ""

    def write(self, text: str) -> int:
        self._kept = (self._kept + text[-KEPT:])[-2 * KEPT :] if len(self._kept) < KEPT else self._cut(text)
        return len(text)

    def text(self) -> str:
        """What is kept."""
        return self._kept[-KEPT:]

    def _cut(self, text: str) -> str:
        return self._kept[-KEPT:] + text[-KEPT:]


class Tee(io.TextIOBase):
    """Writes to a stream and to a log, without secrets; what threads of `strangers` write (a progress bar) is not part
    of the log."""

    def __init__(
        self, stream: TextIO, log: LogTail, strangers: Set[threading.Thread], redaction: Redaction | None = None
    ) -> None:
        self._stream = stream
        self._log = log
        self._strangers = strangers
        self._redactor = Redactor(Redaction() if redaction is None else redaction)

    def write(self, text: str) -> int:
        if threading.current_thread() in self._strangers:
            self._stream.write(text)
        else:
            self._pass_on(self._redactor.feed(text))
        return len(text)

    def finish(self) -> None:
        """What might have become a secret is written: nothing comes after it."""
        self._pass_on(self._redactor.finish())

    def _pass_on(self, clean: str) -> None:
        self._log.write(clean)
        self._stream.write(clean)

    def flush(self) -> None:
        self._stream.flush()

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()


@contextmanager
def captured(log: LogTail, redaction: Redaction | None = None) -> Iterator[None]:
    """What this thread, and threads that it starts, print inside the block is also in the log, redacted.

    While another task of this process is captured, which is a task around this one or one in another thread, its log
    has the text instead.
    """
    if not CAPTURING.acquire(blocking=False):
        yield
        return
    strangers = set(threading.enumerate()) - {threading.current_thread()}
    try:
        out, err = (Tee(stream, log, strangers, redaction) for stream in (sys.stdout, sys.stderr))
        try:
            with redirect_stdout(out), redirect_stderr(err):
                yield
        finally:
            out.finish()
            err.finish()
    finally:
        CAPTURING.release()
