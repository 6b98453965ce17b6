"""Python values as JSON and back, unchanged: what JSON has no word for is written as {"$": kind, "v": value}."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import decimal
import enum
import importlib
import math
import pathlib
import sys
import uuid
from collections.abc import Callable
from typing import Any

import msgspec

from trivium.errors import NotFound, UnsupportedValue
from trivium.pipelines.main_module import started_module
from trivium.values.runs import ArtifactRef

LARGEST = 2**53
SPELLED: dict[str, type] = {
    "datetime": datetime.datetime,
    "date": datetime.date,
    "time": datetime.time,
    "decimal": decimal.Decimal,
    "path": pathlib.Path,
    "uuid": uuid.UUID,
}
COLLECTIONS: dict[str, Callable[[list[Any]], Any]] = {"tuple": tuple, "set": set, "frozenset": frozenset}


def to_plain(value: Any, store: Callable[[Any], ArtifactRef | None]) -> Any:
    """The value as what JSON has. `store` keeps frames and the like apart and returns None for everything else.

    Raises UnsupportedValue for a type that would not come back as it is.
    """
    if value is None or type(value) in (bool, str, int, float):
        return _plain_number(value)
    if type(value) is list:
        return [to_plain(each, store) for each in value]
    if type(value) is dict:
        return _plain_dict(value, store)
    ref = store(value)
    if ref is not None:
        return _tagged("artifact", msgspec.to_builtins(ref))
    return _plain_scalar(value) or _plain_array(value) or _plain_compound(value, store)


def from_plain(value: Any, load: Callable[[ArtifactRef], Any]) -> Any:
    """The value that `to_plain` took apart."""
    if isinstance(value, list):
        return [from_plain(each, load) for each in value]
    if not isinstance(value, dict):
        return value
    if "$" not in value:
        return {key: from_plain(each, load) for key, each in value.items()}
    return _untagged(value["$"], value["v"], load)


def find_class(path: str) -> Any:
    """The class at "module:Class". Raises NotFound when it is not there any more."""
    module, _, name = path.partition(":")
    try:
        found: Any = sys.modules["__main__"] if module == started_module() else importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise NotFound(f"The type {path} of a stored value cannot be found: {error}.") from None
    return found


def _tagged(kind: str, value: Any) -> dict[str, Any]:
    return {"$": kind, "v": value}


def _plain_dict(value: dict[Any, Any], store: Callable[[Any], ArtifactRef | None]) -> dict[str, Any]:
    if all(type(key) is str for key in value) and "$" not in value:
        return {key: to_plain(each, store) for key, each in value.items()}
    return _tagged("dict", [[to_plain(key, store), to_plain(each, store)] for key, each in value.items()])


def _plain_number(value: Any) -> Any:
    if type(value) in (int, float) and not (math.isfinite(value) and abs(value) < LARGEST):
        return _tagged(type(value).__name__, repr(value))
    return value


def _plain_scalar(value: Any) -> dict[str, Any] | None:
    if isinstance(value, datetime.datetime) and value.tzinfo not in (None, datetime.UTC):
        return _plain_zoned(value)
    kind = type(value)
    plain: Any = None
    if kind in (datetime.datetime, datetime.date, datetime.time):
        plain = value.isoformat()
    elif kind is datetime.timedelta:
        plain = [value.days, value.seconds, value.microseconds]
    elif kind in (decimal.Decimal, uuid.UUID):
        plain = str(value)
    elif kind is bytes:
        plain = base64.b64encode(value).decode()
    elif isinstance(value, pathlib.Path):
        return _tagged("path", str(value))
    return None if plain is None else _tagged(kind.__name__.lower(), plain)


def _plain_zoned(value: datetime.datetime) -> dict[str, Any]:
    zone = getattr(value.tzinfo, "key", None)
    if zone is None and not isinstance(value.tzinfo, datetime.timezone):
        raise UnsupportedValue(f"Its time zone {value.tzinfo!r} has no name.")
    return _tagged("zoned", [value.isoformat(), zone])


def _plain_array(value: Any) -> dict[str, Any] | None:
    numpy = sys.modules.get("numpy")
    if numpy is None or not isinstance(value, numpy.ndarray | numpy.generic):
        return None
    is_own_class = isinstance(value, numpy.ndarray) and type(value) is not numpy.ndarray
    if value.dtype.hasobject or value.dtype.fields or is_own_class:
        raise UnsupportedValue("An array of Python objects, or of a class of its own, would not come back as it is.")
    array = numpy.ascontiguousarray(value)
    data = base64.b64encode(array.tobytes()).decode()
    kind = "array" if isinstance(value, numpy.ndarray) else "number"
    return _tagged(kind, [array.dtype.str, list(value.shape), data])


def _plain_compound(value: Any, store: Callable[[Any], ArtifactRef | None]) -> dict[str, Any]:
    kind = type(value)
    if kind in (tuple, set, frozenset):
        items = [to_plain(each, store) for each in value]
        ordered = items if kind is tuple else sorted(items, key=msgspec.json.encode)
        return _tagged(kind.__name__, ordered)
    if isinstance(value, enum.Enum):
        return _tagged("enum", [_path(kind), value.name])
    if isinstance(value, msgspec.Struct):
        return _tagged("object", [_path(kind), to_plain(msgspec.structs.asdict(value), store)])
    if dataclasses.is_dataclass(value):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value) if field.init}
        return _tagged("object", [_path(kind), to_plain(fields, store)])
    raise UnsupportedValue(
        f"No {kind.__module__}.{kind.__qualname__} can be stored. Return plain values, a frame, an array, a dataclass, "
        "a msgspec Struct, a model as `tv.Model(estimator, inputs)`, or an object with `save(blobs)` and "
        "`load(blobs, ref)`."
    )


def _path(kind: type) -> str:
    if "<locals>" in kind.__qualname__:
        raise UnsupportedValue(f"{kind.__qualname__} is defined inside a function; define it at the top of its module.")
    module = started_module() if kind.__module__ == "__main__" else None
    return f"{module or kind.__module__}:{kind.__qualname__}"


def _untagged(kind: str, value: Any, load: Callable[[ArtifactRef], Any]) -> Any:
    if kind == "artifact":
        return load(msgspec.convert(value, ArtifactRef))
    if kind == "dict":
        return {from_plain(key, load): from_plain(each, load) for key, each in value}
    if kind in COLLECTIONS:
        return COLLECTIONS[kind]([from_plain(each, load) for each in value])
    if kind == "object":
        return find_class(value[0])(**from_plain(value[1], load))
    if kind == "enum":
        return find_class(value[0])[value[1]]
    return _untagged_scalar(kind, value)


def _untagged_scalar(kind: str, value: Any) -> Any:
    if kind in ("int", "float"):
        return {"int": int, "float": float}[kind](value)
    if kind in ("array", "number"):
        numpy = importlib.import_module("numpy")
        array = numpy.frombuffer(base64.b64decode(value[2]), dtype=value[0]).reshape(value[1]).copy()
        return array if kind == "array" else array[()]
    if kind == "bytes":
        return base64.b64decode(value)
    if kind == "timedelta":
        return datetime.timedelta(*value)
    if kind == "zoned":
        moment = datetime.datetime.fromisoformat(value[0])
        zones = importlib.import_module("zoneinfo")
        return moment.astimezone(zones.ZoneInfo(value[1])) if value[1] else moment
    made: Any = SPELLED[kind]
    return made.fromisoformat(value) if hasattr(made, "fromisoformat") else made(value)
