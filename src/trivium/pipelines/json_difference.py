"""Where two stored JSON values differ, by path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

SHOWN = 3
CLASSES = ("object", "enum")


class PathDifference(Struct, frozen=True):
    """A place with another value; "absent" where there is none. `path` is "" for the value itself."""

    path: str
    recorded: str
    again: str

    def tell(self) -> str:
        """The difference in a few words."""
        return f"{self.path or 'the value'} was {self.recorded}, now {self.again}"


def compare_json(recorded: Any, again: Any) -> list[PathDifference]:
    """Every place that differs, in the order of the recorded value. The module of a class does not count: the same file
    is imported under another name when it is not the script that runs."""
    return list(_walk("", recorded, again))


def tell_paths(differences: list[PathDifference], recorded: Any, again: Any) -> str:
    """The first of them, and how many more there are."""
    if isinstance(recorded, list) and isinstance(again, list) and _sorted(recorded) == _sorted(again):
        return "the same items in another order"
    told = [each.tell() for each in differences[:SHOWN]]
    more = len(differences) - SHOWN
    return "; ".join(told) + (f"; and {more:,} more places" if more > 0 else "")


def _walk(path: str, recorded: Any, again: Any) -> Iterator[PathDifference]:
    if isinstance(recorded, dict) and isinstance(again, dict):
        if recorded.keys() == again.keys() == {"$", "v"} and recorded["$"] == again["$"]:
            yield from _walk_tagged(path, recorded["$"], recorded["v"], again["v"])
            return
        for key in dict.fromkeys([*recorded, *again]):
            place = f"{path}.{key}" if path else str(key)
            if key in recorded and key in again:
                yield from _walk(place, recorded[key], again[key])
            else:
                yield PathDifference(place, _short(recorded, key), _short(again, key))
    elif isinstance(recorded, list) and isinstance(again, list) and len(recorded) == len(again):
        for index, (old, new) in enumerate(zip(recorded, again, strict=True)):
            yield from _walk(f"{path}[{index}]", old, new)
    elif recorded != again or type(recorded) is not type(again):
        yield PathDifference(path, _spell(recorded), _spell(again))


def _walk_tagged(path: str, kind: str, recorded: Any, again: Any) -> Iterator[PathDifference]:
    if kind in CLASSES and recorded[0].partition(":")[2] == again[0].partition(":")[2]:
        yield from _walk(path, recorded[1], again[1])
    else:
        yield from _walk(path, recorded, again)


def _sorted(items: list[Any]) -> list[bytes]:
    return sorted(msgspec.json.encode(each) for each in items)


def _short(values: dict[str, Any], key: str) -> str:
    return _spell(values[key]) if key in values else "absent"


def _spell(value: Any) -> str:
    if isinstance(value, list) and len(repr(value)) > 60:
        return f"a list of {len(value):,}"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
