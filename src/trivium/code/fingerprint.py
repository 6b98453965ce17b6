"""Values as nested lists that are equal exactly when the values are, in every process and on every machine."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import io
import pathlib
import pickle
import re
import uuid
import zoneinfo
from collections.abc import Callable
from typing import Any

import msgspec

from trivium.digest import canonical_json, digest_bytes
from trivium.errors import CacheKeyError

SPELLED = (
    int, float, complex, str, bool, type(None), type(Ellipsis), range, slice, decimal.Decimal, uuid.UUID,
    pathlib.PurePath, datetime.date, datetime.time, datetime.timedelta, datetime.timezone, zoneinfo.ZoneInfo,
)  # fmt: skip


def fingerprint(value: Any, special: Callable[[Any], Any], path: tuple[int, ...] = ()) -> Any:
    """The value as nested lists. `special` may answer for a value itself, and returns None for every other.

    Raises CacheKeyError for a value that has no content to compare, such as a lock or a connection.
    """
    answer = special(value)
    if answer is not None:
        return answer
    if id(value) in path:
        return ["again", path.index(id(value))]
    within = (*path, id(value))
    name = type_name(type(value))
    if isinstance(value, enum.Enum):
        return [name, value.name, fingerprint(value.value, special, within)]
    parts = _parts(value)
    if parts is None:
        return [name, *_spell(value, special)]
    items = [fingerprint(each, special, within) for each in parts]
    return [name, sorted(items, key=canonical_json) if isinstance(value, set | frozenset) else items]


def type_name(kind: type) -> str:
    """A type's name without its module: moving a file is not a change."""
    return kind.__qualname__


def _spell(value: Any, special: Callable[[Any], Any]) -> list[Any]:
    if isinstance(value, SPELLED):
        return [repr(value)]
    if isinstance(value, re.Pattern):
        return [repr(value.pattern), value.flags]
    return [digest_bytes(bytes(value)) if isinstance(value, bytes | bytearray) else _pickled(value, special)]


def _parts(value: Any) -> list[Any] | None:
    """What the value consists of; None when it cannot be taken apart."""
    if isinstance(value, dict):
        return [part for pair in value.items() for part in pair]
    if isinstance(value, list | tuple | set | frozenset):
        return list(value)
    if isinstance(value, msgspec.Struct):
        return [part for pair in msgspec.structs.asdict(value).items() for part in pair]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [part for field in dataclasses.fields(value) for part in (field.name, getattr(value, field.name))]
    return None


class PathPickler(pickle.Pickler):
    """Pickles only to compare; `special` may answer for a path, at any depth."""

    def __init__(self, file: io.BytesIO, special: Callable[[Any], Any]) -> None:
        super().__init__(file, protocol=5)
        self._special = special

    def reducer_override(self, value: Any) -> Any:
        answer = self._special(value) if isinstance(value, pathlib.Path) else None
        return NotImplemented if answer is None else (bytes, (canonical_json(answer),))


def _pickled(value: Any, special: Callable[[Any], Any]) -> str:
    file = io.BytesIO()
    try:
        PathPickler(file, special).dump(value)
        return digest_bytes(file.getbuffer())
    except CacheKeyError:
        raise
    except Exception as error:
        raise CacheKeyError(
            f"A {type(value).__module__}.{type(value).__qualname__} has no content that could be compared "
            f"({type(error).__name__}: {error})."
        ) from None
