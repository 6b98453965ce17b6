"""Where a user's own code called Trivium: the line that a warning points at."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

OURS = (f"{Path(__file__).parent}{os.sep}", contextlib.__file__)  # a decorator of ours may stand in between


def stacklevel_of_user() -> int:
    """What to give `warnings.warn`, where this is called, so that it points at the first line outside of Trivium.

    Where all is Trivium, as in a command of the terminal, that is the outermost line.
    """
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and frame.f_code.co_filename.startswith(OURS):
        frame, level = frame.f_back, level + 1
    return level
