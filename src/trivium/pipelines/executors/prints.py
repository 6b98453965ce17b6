"""What this process and those that it starts print, by file descriptor, into a file."""

from __future__ import annotations

import codecs
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from trivium.pipelines.redaction import Redaction, Redactor

CHUNK = 1 << 16
LAST_WORDS = 2.0
APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC


@contextmanager
def prints_to(path: str, redaction: Redaction | None = None) -> Iterator[Callable[[str], object]]:
    """Inside the block and after it, everything that is printed is in this file; gives what prints to it.

    With a redaction it goes through a pipe and is cleaned on its way, also what children and compiled code print.
    """
    file = os.open(path, APPEND, 0o600)
    try:
        if redaction is None:
            _print_into(file)
            yield note
            flush()
            return
        cleaning = _clean_into(file, redaction)
        yield note
        _print_into(file)  # the pipe ends here, unless a child goes on with it
        cleaning.join(LAST_WORDS)
    finally:
        os.close(file)


def note(text: str) -> None:
    """The text is printed, where there is room for it."""
    with suppress(OSError):
        sys.stderr.write(text)


def flush() -> None:
    """Everything printed has left this process; on a full disk, what there was room for."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    if "ctypes" in sys.modules:
        sys.modules["ctypes"].CDLL(None).fflush(None)


def _print_into(descriptor: int) -> None:
    flush()
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)


def _clean_into(file: int, redaction: Redaction) -> threading.Thread:
    source, sink = os.pipe()
    _print_into(sink)
    os.close(sink)
    thread = threading.Thread(target=_clean, args=(source, os.dup(file), Redactor(redaction)), daemon=True)
    thread.start()
    return thread


def _clean(source: int, file: int, redactor: Redactor) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    while data := os.read(source, CHUNK):
        _write(file, redactor.feed(decoder.decode(data)))
    _write(file, redactor.finish())
    os.close(source)
    os.close(file)


def _write(file: int, text: str) -> None:
    with suppress(OSError):  # on a full disk the log has a gap: who prints must not wait for a reader that is gone
        os.write(file, text.encode())
