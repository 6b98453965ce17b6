"""Parameters of a pipeline: what was asked for, where that is written, and what it comes to."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

from msgspec import Struct
from msgspec.structs import replace

from trivium.errors import Misuse
from trivium.pipelines.parameter_value import MAPPINGS, near_name, read_text, read_value
from trivium.pipelines.records import Draft, by_field, complete, fields_of, list_paths, record_of, with_part
from trivium.pipelines.secrets import Secret, as_reference
from trivium.pipelines.signature import EMPTY, annotations_of, mentions, type_text

DEFAULT = "default"
CALL = "call"


class Setting(Struct, frozen=True):
    """A value that somebody asked for: of which parameter, or part of one, and where that is written.

    text: the value is text from outside, such as "4", that is to be read as the parameter's type.
    """

    path: tuple[str, ...]
    value: Any
    source: str = CALL
    text: bool = False


class Parameters(Struct, frozen=True):
    """Every parameter's value, and where each came from: {"model": "default", "model.depth": "--set model.depth"}."""

    values: dict[str, Any]
    sources: dict[str, str]


def bind_parameters(pipeline: str, function: Callable[..., Any], settings: Iterable[Setting]) -> Parameters:
    """What these settings come to: the later ones go before the earlier ones, and all before the function's defaults.

    A setting of a record (a dataclass or a Struct) changes the fields that it names, any other the whole value.
    Raises Misuse, naming the parameter, the wanted type and the source.
    """
    binding = _Binding(pipeline, function)
    for setting in settings:
        binding.apply(setting)
    return binding.finish()


def parameter_types(function: Callable[..., Any]) -> dict[str, Any]:
    """Each parameter's type, with the bounds of `Annotated[int, msgspec.Meta(ge=1)]`."""
    try:
        return typing.get_type_hints(inspect.unwrap(function), include_extras=True)
    except Exception:  # user annotations can raise anything; each is then tried alone
        return annotations_of(function)


class _Binding:
    def __init__(self, pipeline: str, function: Callable[..., Any]) -> None:
        self.pipeline = pipeline
        self.known = inspect.signature(function).parameters
        self.types = parameter_types(function)
        self.values = {name: each.default for name, each in self.known.items() if each.default is not EMPTY}
        self.sources = dict.fromkeys(self.values, DEFAULT)

    def apply(self, setting: Setting) -> None:
        """The setting holds."""
        kind: Any = None
        for depth, name in enumerate(setting.path):
            kind = self._part(setting, kind, setting.path[:depth], name)
        self._put(setting, kind)

    def finish(self) -> Parameters:
        """All the parameters. Raises Misuse for one that nobody gave."""
        for name in self.known:
            if name not in self.values:
                raise Misuse(f"Pipeline {self.pipeline!r} needs its parameter {name!r}: it has no default.")
        return Parameters({name: self._complete(name) for name in self.known}, self.sources)

    def _complete(self, name: str) -> Any:
        places = [each for path, each in self.sources.items() if path.split(".")[0] == name and each != DEFAULT]
        return complete(self.values[name], self._what((name,), ", ".join(dict.fromkeys(places))))

    def _part(self, setting: Setting, kind: Any, path: tuple[str, ...], name: str) -> Any:
        """The type of a parameter, of a field of a record, or of an entry of a dict."""
        record = record_of(kind) if path else None
        if not path:
            if name not in self.known:
                self._refuse_name(setting, path, name)
            return self.types.get(name, Any)
        if record is not None:
            fields = fields_of(record)
            if name not in fields:
                self._refuse_name(setting, path, name)
            return fields[name].kind
        parts = typing.get_args(kind) or (str, Any)
        if (typing.get_origin(kind) or kind) in MAPPINGS and parts[0] is str:
            return parts[1]
        raise Misuse(
            f"{self._what(path, setting.source)} is annotated {type_text(kind)}: no part {name!r} of it can be given, "
            "only the whole."
        )

    def _put(self, setting: Setting, kind: Any) -> None:
        record = record_of(kind)
        value = setting.value
        if record and setting.text and isinstance(value, str):
            value = read_text(value, kind)[0]
        if record and isinstance(value, Mapping):
            if not value:
                self._store(setting, Draft(record, {}))
            for name, each in by_field(record, value).items():
                self.apply(_part_of(setting, name, each))
            return
        what, inside = self._what(setting.path, setting.source), len(setting.path) > 1
        if inside and isinstance(as_reference(setting.value), Secret) and not mentions(kind, Secret):
            raise Misuse(f"{what} is annotated {type_text(kind)}, but a secret is given: annotate it tv.Secret.")
        if setting.value is None and self._may_be_none(setting.path):
            self._store(setting, None)
        else:
            self._store(setting, read_value(setting.value, kind, what, text=setting.text))

    def _may_be_none(self, path: tuple[str, ...]) -> bool:
        return len(path) == 1 and self.known[path[0]].default is None

    def _store(self, setting: Setting, value: Any) -> None:
        name, whole = setting.path[0], ".".join(setting.path)
        self.sources = {path: each for path, each in self.sources.items() if not path.startswith(f"{whole}.")}
        self.sources[whole] = setting.source
        self.values[name] = with_part(self.values.get(name), self.types.get(name, Any), setting.path[1:], value)

    def _what(self, path: tuple[str, ...], source: str) -> str:
        return f"Parameter {'.'.join(path)!r} of pipeline {self.pipeline!r}{_from(source)}"

    def _refuse_name(self, setting: Setting, path: tuple[str, ...], name: str) -> NoReturn:
        known = [each for first in self.known for each in list_paths(self.types.get(first, Any), (first,))]
        if path:
            known = [each for each in known if each.startswith(".".join(path) + ".")]
        wrong = ".".join((*path, name))
        raise Misuse(
            f"Pipeline {self.pipeline!r} has no parameter {wrong!r}{_from(setting.source)}; {near_name(wrong, known)}"
        )


def _part_of(setting: Setting, name: str, value: Any) -> Setting:
    """A part of a record that was given whole: not text any more, and in a file at a key of its own."""
    in_file = not setting.text and setting.source not in (CALL, "")
    source = f"{setting.source}.{name}" if in_file else setting.source
    return replace(setting, path=(*setting.path, name), value=value, source=source, text=False)


def _from(source: str) -> str:
    return "" if source in (CALL, "") else f" (from {source})"
