"""A limit on time: what takes too long is told so, whatever the block makes of being interrupted."""

from __future__ import annotations

import asyncio
import signal
import time
import traceback
from contextlib import suppress

import pytest

from trivium.pipelines.deadline import deadline

TOO_LONG = r"it took longer than its timeout of 0\.05 s"
SOON = 0.05


def test_no_library_takes_the_end_of_the_time_for_an_error_of_its_own() -> None:
    async def goes_on() -> None:
        while True:
            with suppress(Exception):
                await asyncio.sleep(600)

    with pytest.raises(TimeoutError, match=TOO_LONG), deadline(SOON):
        asyncio.run(goes_on())


def test_a_block_that_goes_on_in_spite_of_it_has_taken_too_long() -> None:
    with pytest.raises(TimeoutError, match=TOO_LONG), deadline(SOON), suppress(BaseException):
        time.sleep(600)


def test_what_a_block_makes_of_it_is_still_that_it_took_too_long() -> None:
    def renamed() -> None:
        try:
            time.sleep(600)
        except BaseException as error:
            raise ValueError("no answer") from error

    with pytest.raises(TimeoutError, match=TOO_LONG) as failed, deadline(SOON):
        renamed()
    assert "renamed" in [frame.name for frame in traceback.extract_tb(failed.tb)]


def test_a_callback_of_an_event_loop_does_not_swallow_it() -> None:
    async def waits() -> None:
        asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGALRM)
        await asyncio.sleep(600)

    with pytest.raises(TimeoutError, match="its timeout of 600 s"), deadline(600):
        asyncio.run(waits())


def test_a_time_out_of_the_blocks_own_keeps_its_words() -> None:
    with pytest.raises(TimeoutError, match="no answer from the shop"), deadline(600):
        raise TimeoutError("no answer from the shop")


def test_nothing_rings_after_the_block() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with deadline(600):
        pass
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is before
