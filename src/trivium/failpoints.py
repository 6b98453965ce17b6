"""Named places where a test may kill the process, to prove that nothing acknowledged is lost.

Off unless the environment variable TRIVIUM_FAILPOINT names one: `TRIVIUM_FAILPOINT=commit:staged` dies at the first
time that place is passed, `commit:staged@3` at the third.
"""

from __future__ import annotations

import os
import signal

ARMED, _, _COUNT = os.environ.get("TRIVIUM_FAILPOINT", "").partition("@")
REMAINING = [int(_COUNT or 1)]


def failpoint(name: str) -> None:
    """Dies by SIGKILL here when this place is armed; otherwise nothing."""
    if name == ARMED:
        REMAINING[0] -= 1
        if REMAINING[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
