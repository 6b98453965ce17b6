"""A limit on how long a block may take."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def deadline(seconds: float | None) -> Iterator[None]:
    """Raises TimeoutError when the block takes longer (None: no limit).

    In the main thread it is interrupted there and then, at the next Python instruction; in another thread, which
    nothing can interrupt, the error comes when the block ends.
    """
    if seconds is None:
        yield
        return
    message = f"it took longer than its timeout of {seconds:g} s"
    if threading.current_thread() is threading.main_thread() and hasattr(signal, "setitimer"):
        with _alarm(seconds, message):
            yield
        return
    started = time.monotonic()
    yield
    if time.monotonic() - started > seconds:
        raise TimeoutError(message)


@contextmanager
def _alarm(seconds: float, message: str) -> Iterator[None]:
    rung = False

    def ring(_signal: int, _frame: FrameType | None) -> None:
        nonlocal rung
        rung = True
        raise TimeoutError(message)

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    except Exception as error:
        if rung and not isinstance(error, TimeoutError):  # a library made another error of it
            raise TimeoutError(message) from error
        raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
