"""One value of a parameter, read as the type that is annotated, or refused with what is wanted."""

from __future__ import annotations

import enum
import typing
from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import msgspec

from trivium.deferred import Deferred
from trivium.errors import Misuse
from trivium.pipelines.records import fields_of, plain_type, record_of, without_tag
from trivium.pipelines.secrets import Secret, as_reference, find_references
from trivium.pipelines.signature import EMPTY, convert_value, is_frame_type, type_text

if TYPE_CHECKING:
    import difflib
else:
    difflib = Deferred("difflib")

MAPPINGS = (dict, Mapping)
LISTS = (list, tuple, set, frozenset, Sequence)


def read_value(value: Any, kind: Any, what: str, *, text: bool = False) -> Any:
    """The value as the annotated type: numbers, texts, dates, lists, choices, enums by value or name, paths, records.

    A text `secret:NAME` is a reference to a secret. text: the value is text that may also be JSON.
    Raises Misuse beginning with `what`; the value of what has to be a secret is not repeated.
    """
    if any(find_references(as_reference(value))):
        return convert_value(as_reference(value), kind, what)
    readings = read_text(value, kind) if text and isinstance(value, str) else [value]
    refuse_unknown_fields(readings[0], kind, what)
    if kind in (Any, EMPTY, object) or isinstance(kind, str | typing.TypeVar) or is_frame_type(kind):
        return _with_references(readings[0])
    errors = []
    for each in readings:
        try:
            return _with_references(_convert(each, kind, strict=not text))
        except msgspec.ValidationError as error:
            errors.append(error)
    if holds_secret(kind):
        raise Misuse(f"{what} is, or holds, a secret: give `secret:NAME`, by its name and not its value ({errors[0]}).")
    raise Misuse(
        f"{what} is annotated {type_text(plain_type(kind))}, but {_short(value)} is given: {errors[0]}."
        f"{_near_choice(value, kind)}"
    )


def read_text(text: str, kind: Any) -> list[Any]:
    """What a text can mean: itself where texts are wanted; else what it is as JSON, or itself."""
    if plain_type(kind) is str:
        return [text]
    try:
        return [msgspec.json.decode(text), text]
    except msgspec.DecodeError:
        return [text]


def near_name(name: str, known: Collection[str]) -> str:
    """A hint for a name that is not known: the right one, or all that there are."""
    near = difflib.get_close_matches(name, known, 1)
    return f"did you mean {near[0]!r}?" if near else f"it has {', '.join(known) or 'none'}."


def refuse_unknown_fields(value: Any, kind: Any, what: str) -> None:
    """Records in the value, at any depth, are given only fields that they have, by their stored names; or Misuse."""
    record, origin, parts = record_of(kind), typing.get_origin(kind), typing.get_args(kind)
    if record is not None and isinstance(value, Mapping):
        fields = {field.key: field for field in fields_of(record).values()}
        for key, each in without_tag(record, value).items():
            if key not in fields:
                raise Misuse(f"{what}: {record.__qualname__} has no field {key!r}; {near_name(key, fields)}")
            refuse_unknown_fields(each, fields[key].kind, what)
    elif origin in (*LISTS, *MAPPINGS) and isinstance(value, list | tuple | Mapping):
        for each in value.values() if isinstance(value, Mapping) else value:
            refuse_unknown_fields(each, next(part for part in reversed(parts) if part is not Ellipsis), what)


def holds_secret(kind: Any, within: tuple[Any, ...] = ()) -> bool:
    """Whether this is a secret, or a collection or record with one. within: the records around it."""
    record = record_of(kind)
    if kind is Secret or record in within:
        return kind is Secret
    parts = [each.kind for each in fields_of(record).values()] if record else typing.get_args(kind)
    return any(holds_secret(part, (*within, record) if record else within) for part in parts)


def _convert(value: Any, kind: Any, *, strict: bool) -> Any:
    for option in (kind, *typing.get_args(kind)):
        if isinstance(option, enum.EnumType) and isinstance(value, str) and value in option.__members__:
            return option[value]
    if isinstance(kind, type) and type(value) is kind:
        return value
    try:
        return msgspec.convert(value, kind, strict=strict, dec_hook=_read_custom, str_keys=True)
    except (TypeError, NotImplementedError):
        return value  # a type that only the function itself understands


def _read_custom(kind: type, value: Any) -> Any:
    if kind is Secret:
        return as_reference(value)
    return kind(value) if issubclass(kind, PurePath) and isinstance(value, str) else value


def _with_references(value: Any) -> Any:
    """The same, with a Secret for each text `secret:NAME` in lists, tuples and dicts."""
    if type(value) is dict:
        return {key: _with_references(each) for key, each in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_with_references(each) for each in value)
    return as_reference(value)


def _near_choice(value: Any, kind: Any) -> str:
    """A hint for a choice that is misspelled."""
    choices: list[str] = []
    for each in (kind, *typing.get_args(kind)):
        if typing.get_origin(each) is typing.Literal:
            choices += map(str, typing.get_args(each))
        elif isinstance(each, enum.EnumType):
            members: dict[str, enum.Enum] = dict(each.__members__)
            choices += [*(str(member.value) for member in members.values()), *members]
    near = difflib.get_close_matches(str(value), choices, 1)
    if near:
        return f" Did you mean {near[0]!r}?"
    return f" It is one of {', '.join(dict.fromkeys(choices))}." if choices else ""


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
