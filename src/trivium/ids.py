"""Identifiers that sort by time: 48 bits of milliseconds, 80 bits of randomness, in Crockford's base 32 (ULID)."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable

from trivium.errors import InvalidName

Ids = Callable[[], str]

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
NAME = re.compile(r"[a-z][a-z0-9_-]{0,99}")


def new_id() -> str:
    """A fresh id: 26 lower-case characters, later ids sort after earlier ones."""
    number = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    return "".join(ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def checked_name(name: str, what: str) -> str:
    """The name itself, when it can be a folder, an SQL identifier and part of an address.

    Raises InvalidName otherwise.
    """
    if not isinstance(name, str) or not NAME.fullmatch(name):  # type: ignore[redundant-expr] # callers may have no types
        shown = name if len(str(name)) <= 60 else f"{str(name)[:57]}..."
        raise InvalidName(
            f"{shown!r} cannot name a {what}: use 1 to 100 lower-case letters, digits, `_` or `-`, "
            "starting with a letter, such as 'daily_flights'."
        )
    return name
