"""What must not be read is not written: the values of secrets become their names, whatever way they are spelled."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

from trivium.deferred import Deferred

if TYPE_CHECKING:
    import html
    import json
else:
    html, json = Deferred("html"), Deferred("json")  # few tasks have secrets

LEAST_LINE = 8
LEAST_PIECE = 5
NEVER = re.compile(r"(?!)")


class Redaction:
    """Knows how secrets can be spelled: as they are, escaped, and in base64, URL or hexadecimal encoding, also inside
    a longer text that was encoded as a whole. Of a secret with several lines, also each long line alone."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._pattern = NEVER

    def hide(self, secrets: Mapping[str, str]) -> None:
        """These values, by the names of the secrets, are not to be read from now on."""
        for name, value in secrets.items():
            for spelling in spellings(value):
                self._names.setdefault(spelling, name)
        longest_first = sorted(self._names, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else NEVER

    def __bool__(self) -> bool:
        return bool(self._names)

    def find(self, text: str) -> str | None:
        """The name of a secret that can be read in the text, or None."""
        found = self._pattern.search(text)
        return None if found is None else self._names[found.group()]

    def clean(self, text: str) -> str:
        """The text with `[secret NAME]` in place of each value."""
        return self._pattern.sub(self._mark, text)

    def clean_start(self, text: str) -> tuple[str, str]:
        """(clean text, what must wait): the end of the text waits where it may be the beginning of a value."""
        hold = self._open_end(text)
        done, at = [], 0
        for match in self._pattern.finditer(text):
            if match.start() >= hold:
                break
            done += [text[at : match.start()], self._mark(match)]
            at = match.end()
        hold = max(hold, at)
        return "".join([*done, text[at:hold]]), text[hold:]

    def spellings(self) -> list[str]:
        """Every text that is hidden."""
        return list(self._names)

    def _mark(self, match: re.Match[str]) -> str:
        return f"[secret {self._names[match.group()]}]"

    def _open_end(self, text: str) -> int:
        """Where the longest end of the text begins that some value begins with; its length when there is none."""
        found = len(text)
        for spelling in self._names:
            at = text.find(spelling[0], max(0, len(text) - len(spelling) + 1))
            while -1 < at < found:
                if spelling.startswith(text[at:]):
                    found = at
                at = text.find(spelling[0], at + 1)
        return found


class Redactor:
    """Cleans a text that comes in pieces; a value that is cut between two pieces is found all the same."""

    def __init__(self, redaction: Redaction) -> None:
        self._redaction = redaction
        self._waiting = ""

    def feed(self, text: str) -> str:
        """What can be written now."""
        if not self._redaction:
            return text
        clean, self._waiting = self._redaction.clean_start(self._waiting + text)
        return clean

    def finish(self) -> str:
        """What was waiting, when nothing comes after it."""
        clean, self._waiting = self._redaction.clean(self._waiting), ""
        return clean


def spellings(value: str) -> set[str]:
    """The ways in which this value is found in logs and messages."""
    lines = {line.strip() for line in value.splitlines()} if "\n" in value else set()
    found = set(_spell(value))
    for line in lines:
        if len(line) >= LEAST_LINE:
            found.update(_spell(line))
    return found - {""}


def _spell(value: str) -> Iterator[str]:
    data = value.encode("utf-8", "surrogatepass")
    escaped = json.dumps(value)[1:-1]
    yield from (value, escaped, json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1], repr(data)[2:-1])
    yield from (repr(escaped)[1:-1], html.escape(value), data.hex(), data.hex().upper())
    for text in (quote(data, safe=""), quote(data), quote_plus(data)):
        yield text
        yield re.sub("%[0-9A-F]{2}", lambda code: code.group().lower(), text)
    yield from _base64(data)


def _base64(data: bytes) -> Iterator[str]:
    """The encoding of the data alone, and the characters that it surely makes when other bytes are around it: three
    bytes are four characters, so they depend on where among three the data begins (RFC 4648, section 4)."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(data).decode()
        for before in range(3):
            text = encode(bytes(before) + data).decode().rstrip("=")
            first, last = -(-before * 8 // 6), (before + len(data)) * 8 // 6
            yield from (piece for piece in (text[first:], text[first:last]) if len(piece) >= LEAST_PIECE)
