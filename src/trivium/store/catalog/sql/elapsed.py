"""Seconds between two stored times, in words that every database has: times are text, of one length and in UTC."""

from __future__ import annotations


def elapsed(start: str, end: str) -> str:
    """The SQL expression for the seconds from one column of times to another."""
    days = f"CASE WHEN {_day(start)} = {_day(end)} THEN 0 ELSE 86400 * ({_number(end)} - {_number(start)}) END"
    return f"({_second(end)} - {_second(start)} + {days})"


def _day(column: str) -> str:
    return f"substr({column}, 1, 10)"


def _part(column: str, start: int, length: int) -> str:
    return f"CAST(substr({column}, {start}, {length}) AS INTEGER)"


def _second(column: str) -> str:
    """Seconds since midnight."""
    seconds = f"CAST(substr({column}, 18, 9) AS DOUBLE PRECISION)"
    return f"({_part(column, 12, 2)} * 3600 + {_part(column, 15, 2)} * 60 + {seconds})"


def _number(column: str) -> str:
    """Days since a day before all others; years begin in March, so that the leap day is their last (Fliegel's way)."""
    year, month, day = _part(column, 1, 4), _part(column, 6, 2), _part(column, 9, 2)
    year = f"({year} - CASE WHEN {month} < 3 THEN 1 ELSE 0 END)"
    return f"(365 * {year} + {year} / 4 - {year} / 100 + {year} / 400 + (153 * (({month} + 9) % 12) + 2) / 5 + {day})"
