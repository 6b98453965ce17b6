"""Records: dataclasses and msgspec Structs as what they are made of, field by field."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from trivium.errors import Misuse
from trivium.pipelines.signature import EMPTY

DEEPEST = 4


class Field(Struct, frozen=True):
    """One field of a record: its type, and its default, EMPTY without one. key: its name where it is stored."""

    kind: Any
    default: Any
    key: str


class Draft(Struct, frozen=True):
    """A record that is being put together: its class, and the fields that are known."""

    kind: type
    fields: dict[str, Any]


def plain_type(annotation: Any) -> Any:
    """The type without the bounds of `Annotated`."""
    return typing.get_args(annotation)[0] if typing.get_origin(annotation) is typing.Annotated else annotation


def record_of(annotation: Any) -> type | None:
    """The dataclass or Struct that this annotation asks for, also as `X | None`; None for anything else."""
    annotation = plain_type(annotation)
    options = [annotation]
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        options = [each for each in typing.get_args(annotation) if each is not types.NoneType]
    kind = options[0] if len(options) == 1 else None
    if isinstance(kind, type) and (issubclass(kind, Struct) or dataclasses.is_dataclass(kind)):
        return kind
    return None


def fields_of(kind: type) -> dict[str, Field]:
    """The fields that can be given to make such a record."""
    kinds = typing.get_type_hints(kind, include_extras=True)
    if issubclass(kind, Struct):
        return {
            each.name: Field(kinds[each.name], _default(each, msgspec.NODEFAULT), each.encode_name)
            for each in msgspec.structs.fields(kind)
        }
    return {
        each.name: Field(kinds[each.name], _default(each, dataclasses.MISSING), each.name)
        for each in dataclasses.fields(typing.cast(Any, kind))
        if each.init
    }


def list_paths(annotation: Any, path: tuple[str, ...]) -> Iterator[str]:
    """The dotted names of a parameter of this type and of everything in it, as deep as people write."""
    yield ".".join(path)
    record = record_of(annotation)
    if record is not None and len(path) < DEEPEST:
        for name, field in fields_of(record).items():
            yield from list_paths(field.kind, (*path, name))


def with_part(base: Any, kind: Any, path: tuple[str, ...], value: Any) -> Any:
    """What `base`, of this type or absent, is when the part of it at this path has this value: a Draft or a dict."""
    if not path:
        return value
    name, record = path[0], record_of(kind)
    if record is None:
        entries = base if isinstance(base, Mapping) else {}
        return {**entries, name: with_part(entries.get(name), Any, path[1:], value)}
    draft = draft_of(base, record)
    field = fields_of(draft.kind)[name]
    inside = draft.fields.get(name, None if field.default is EMPTY else field.default)
    return Draft(draft.kind, {**draft.fields, name: with_part(inside, field.kind, path[1:], value)})


def draft_of(value: Any, kind: type) -> Draft:
    """The record as a draft; of anything else, such as None, a draft without fields."""
    if isinstance(value, Draft):
        return value
    if not isinstance(value, kind):
        return Draft(kind, {})
    return Draft(type(value), {name: getattr(value, name) for name in fields_of(type(value))})


def complete(value: Any, what: str) -> Any:
    """The record of a draft, with those inside of it; any other value as it is.

    Raises Misuse beginning with `what`, for a field without a value, and where the record's class refuses.
    """
    if not isinstance(value, Draft):
        return value
    missing = [
        name for name, field in fields_of(value.kind).items() if name not in value.fields and field.default is EMPTY
    ]
    if missing:
        raise Misuse(f"{what}: field {missing[0]!r} of {value.kind.__qualname__} is not given, and has no default.")
    made = {name: complete(each, what) for name, each in value.fields.items()}
    try:
        return value.kind(**made)
    except (TypeError, ValueError) as error:
        raise Misuse(f"{what}: it makes no {value.kind.__qualname__}: {error}.") from None


def by_field(kind: type, given: Mapping[str, Any]) -> dict[str, Any]:
    """The values by the names of the fields, where they have those that are stored; without a tagged Struct's tag."""
    names = {field.key: name for name, field in fields_of(kind).items()}
    return {names.get(key, key): value for key, value in without_tag(kind, given).items()}


def without_tag(kind: type, given: Mapping[str, Any]) -> dict[str, Any]:
    """The values without that which tells a tagged Struct from others."""
    config = getattr(kind, "__struct_config__", None)
    tag = (config.tag_field, config.tag) if config is not None and config.tag is not None else None
    return {key: value for key, value in given.items() if (key, value) != tag}


def _default(field: Any, absent: object) -> Any:
    if field.default is not absent:
        return field.default
    return EMPTY if field.default_factory is absent else field.default_factory()
