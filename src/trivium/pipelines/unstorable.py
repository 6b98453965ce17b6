"""Which part of a value keeps it from being stored."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from trivium.pipelines.signature import type_path


def tell_part(value: Any, is_storable: Callable[[Any], bool]) -> str:
    """What the value is, and its innermost part that cannot be: "it is a dict that holds a _thread.lock at ['a']"."""
    part, path = value, ""
    while found := next(((step, each) for step, each in parts_of(part) if not is_storable(each)), None):
        path, part = path + found[0], found[1]
    told = f"it is a {name_of(value)}"
    return f"{told} that holds a {name_of(part)} at {path}" if path else told


def tell_depth(value: Any) -> str:
    """Why a value is too deep to be stored: where it contains itself, if it does."""
    path = find_itself(value)
    if path is None:
        return f"it is a {name_of(value)} that is nested too deeply"
    return f"it is a {name_of(value)} that contains itself at {path}; refer to that part by a name or a position"


def find_itself(value: Any) -> str | None:
    """Where a value contains something that it is itself a part of; None when it does not."""
    above: set[int] = set()
    done: dict[int, Any] = {}  # the parts are kept, so that no id is given twice
    stack: list[tuple[Any, str, Iterator[tuple[str, Any]]]] = [(value, "", parts_of(value))]
    above.add(id(value))
    while stack:
        part, path, rest = stack[-1]
        step = next(rest, None)
        if step is None:
            stack.pop()
            above.discard(id(part))
            done[id(part)] = part
        elif id(step[1]) in above:
            return path + step[0]
        elif id(step[1]) not in done:
            above.add(id(step[1]))
            stack.append((step[1], path + step[0], parts_of(step[1])))
    return None


def parts_of(value: Any) -> Iterator[tuple[str, Any]]:
    """(how it is written, the part) of a collection or a record."""
    if isinstance(value, Mapping):
        yield from ((f"[{key!r}]", each) for key, each in value.items())
    elif isinstance(value, list | tuple):
        yield from ((f"[{place}]", each) for place, each in enumerate(value))
    elif isinstance(value, msgspec.Struct):
        yield from ((f".{name}", each) for name, each in msgspec.structs.asdict(value).items())
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield from ((f".{field.name}", getattr(value, field.name)) for field in dataclasses.fields(value) if field.init)


def name_of(value: Any) -> str:
    """The value's type, as people write it."""
    return type_path(type(value)).removeprefix("builtins.")
