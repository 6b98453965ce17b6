"""Types as plain values, so that a caller can be checked who does not have the code that names them."""

from __future__ import annotations

import importlib
import sys
import types
import typing
from collections.abc import Mapping
from typing import Any

from trivium.code.source import is_first_party
from trivium.pipelines.signature import EMPTY

UNIONS = (typing.Union, types.UnionType)


def describe_type(annotation: Any) -> dict[str, Any]:
    """The type as JSON has it: {"type": "module:Name", "of": [...]}, {"any_of": [...]}, {"one_of": [values]}; {} for
    anything, and for what is only known where it is defined, such as a class of the user's own."""
    origin, inside = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return describe_type(inside[0])
    if origin in UNIONS:
        return {"any_of": [describe_type(each) for each in inside]}
    if origin is typing.Literal:
        plain = all(isinstance(each, str | int | bool | None) for each in inside)
        return {"one_of": list(inside)} if plain else {}
    kind = origin or annotation
    if not isinstance(kind, type) or kind in (EMPTY, object) or _is_own(kind):
        return {}
    place = f"{kind.__module__}:{kind.__qualname__}"
    if read_type({"type": place}) is not kind:
        return {}
    return {"type": place, "of": [_inside(each) for each in inside]} if inside else {"type": place}


def read_type(form: Mapping[str, Any]) -> Any:
    """The type; Any for what is not installed here."""
    if "any_of" in form:
        return typing.Union[tuple(read_type(each) for each in form["any_of"])]  # noqa: UP007 # how many is not known
    if "one_of" in form:
        return typing.Literal[tuple(form["one_of"])]
    kind = _find(str(form.get("type", "")))
    if kind is Any or "of" not in form:
        return kind
    inside = tuple(... if each is None else read_type(each) for each in form["of"])
    return kind[inside]


def _find(place: str) -> Any:
    module, _, name = place.partition(":")
    if place == "builtins:NoneType":
        return types.NoneType
    try:
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError, ValueError):
        return Any
    return found if isinstance(found, type) and not _is_own(found) else Any


def _inside(argument: Any) -> Any:
    """The form of an argument of a generic type; None for the dots of tuple[int, ...]."""
    return None if argument is Ellipsis else describe_type(argument)


def _is_own(kind: type) -> bool:
    """Whether the type is defined by neither Python nor an installed package."""
    module = sys.modules.get(kind.__module__)
    file = getattr(module, "__file__", None)
    return kind.__module__ == "__main__" or (file is not None and is_first_party(file))
