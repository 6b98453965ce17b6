"""The signs that pictures in the terminal are made of, and which of them it can show."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from msgspec import Struct


class Signs(Struct, frozen=True):
    """`bars`: from low to high. `heights`: one value's mark by its height within a line, from low to high."""

    bars: str
    heights: str
    absent: str
    band: str
    above: str
    below: str
    alarm: str
    settled: str
    dash: str
    box: str
    middle: str
    ends: str


UNICODE = Signs("▁▂▃▄▅▆▇█", "⣀⠤⠒⠉", "·", "░", "▲", "▼", "●", "○", "─", "█", "┃", "├┤")
ASCII = Signs("_.-:=+*#", "*", ".", ":", "^", "v", "X", "o", "-", "=", "#", "||")


def choose_signs(environ: Mapping[str, str] = os.environ) -> Signs:
    """Those that the terminal can show: plain ASCII where its encoding or `TERM` says that it knows no others."""
    if environ.get("TERM") == "dumb" and sys.stdout.isatty():
        return ASCII
    try:
        "".join(str(getattr(UNICODE, name)) for name in UNICODE.__struct_fields__).encode(
            sys.stdout.encoding or "ascii"
        )
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return UNICODE
