"""A limit on how long a block may take."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TimeIsUp(KeyboardInterrupt):
    """Interrupts the block as a person would: no library takes that for an error of its own, and event loops stop."""


@contextmanager
def deadline(seconds: float | None) -> Iterator[None]:
    """Raises TimeoutError when the block takes longer (None: no limit).

    In the main thread it is interrupted there and then, at the next Python instruction; in another thread, which
    nothing can interrupt, the error comes when the block ends, as it does for a block that goes on in spite of it.
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
    rung = over = False

    def ring(_signal: int, _frame: FrameType | None) -> None:
        nonlocal rung
        if not over:
            rung = True
            raise TimeIsUp

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        try:
            yield
        finally:
            over = True
    except BaseException as error:
        if rung:  # whatever was made of it on its way
            raise TimeoutError(message).with_traceback(error.__traceback__) from None
        raise
    else:
        if rung:
            raise TimeoutError(message)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
