"""All first-party code that a function reaches: helpers, classes, methods, closures, constants, other tasks."""

from __future__ import annotations

import builtins
import functools
import importlib
import importlib.util
import linecache
import sys
import typing
from collections.abc import Callable, Iterator
from types import BuiltinFunctionType, FunctionType, GetSetDescriptorType, MemberDescriptorType, MethodType, ModuleType
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from trivium.code.fingerprint import fingerprint, type_name
from trivium.code.source import digest_code, digest_file_code, is_first_party, names_of
from trivium.digest import digest_of
from trivium.errors import CacheKeyError
from trivium.pipelines.signature import annotations_of, is_table

MISSING = object()
READS = frozenset({"read", "lookup", "get_latest", "at", "diff", "batches", "torch_dataset"})
JOIN = "as_of"  # reads the tables that it is given
GENERATED = frozenset({"_abc_impl"})
ABSENT = "absent"


class Reached(Struct, frozen=True):
    """What was found: (name, digest) of every piece of code and every constant, sorted; and the files of the code."""

    code: tuple[tuple[str, str], ...]
    files: tuple[str, ...]


def reach(function: Callable[..., Any], *, tolerant: bool = False) -> Reached:
    """All first-party code that the function reaches.

    Raises CacheKeyError, naming what has no content to compare, or what is read without being an argument; with
    `tolerant` it only counts by its name.
    """
    walk = _Walk(tolerant=tolerant)
    walk.visit_root(function)
    return Reached(tuple(sorted(walk.code)), tuple(sorted(walk.files)))


class _Walk:
    def __init__(self, *, tolerant: bool) -> None:
        self.tolerant = tolerant
        self.code: set[tuple[str, str]] = set()
        self.files: set[str] = set()
        self.seen: dict[int, Any] = {}

    def visit_root(self, function: Callable[..., Any]) -> None:
        if isinstance(function, FunctionType):
            self.visit_function(function)
        else:
            self.visit("function", function)

    def visit(self, name: str, value: Any) -> None:
        """Code is followed; any other value counts by its content."""
        if self.special(value) is None:
            try:
                content = fingerprint(value, self.special)
            except CacheKeyError as error:
                self.refuse(name, f"{name} cannot be part of a cache key. {error}")
                return
            self.code.add((name, digest_of("value", content)))

    def refuse(self, name: str, why: str) -> None:
        """What is found here cannot be compared."""
        if not self.tolerant:
            raise CacheKeyError(why)
        self.code.add((name, "unknown"))

    def special(self, value: Any) -> Any:
        """An answer for what is code, or contains code; None for plain values."""
        if isinstance(value, FunctionType | type | MethodType | functools.partial | ModuleType):
            return self.follow(value)
        if isinstance(value, BuiltinFunctionType) or hasattr(type(value), "__set_name__"):
            return ["builtin", getattr(value, "__qualname__", type_name(type(value)))]
        if is_table(value):
            return ["table", digest_of("spec", value.spec)]
        if callable(getattr(value, "__wrapped__", None)):
            self.follow(value.__wrapped__)
            return ["wrapper", type_name(type(value)), str(getattr(getattr(value, "options", None), "version", ""))]
        if is_first_party(_file_of(type(value))):
            self.follow(type(value))
            return self.instance(value)
        return None

    def instance(self, value: Any) -> Any:
        """The content of an object of a class of the user's own."""
        if id(value) in self.seen:
            return ["again", type_name(type(value))]
        self.seen[id(value)] = value
        if _parts_are_its_own(value):
            return None
        return [type_name(type(value)), fingerprint(vars(value), self.special)]

    def follow(self, value: Any) -> list[str]:
        """Visits a function, class, method, partial or module once."""
        label = str(getattr(value, "__qualname__", None) or type_name(type(value)))
        if id(value) not in self.seen:
            self.seen[id(value)] = value
            if isinstance(value, FunctionType):
                if is_first_party(value.__code__.co_filename):
                    self.visit_function(value)
            elif isinstance(value, type):
                self.visit_class(value)
            elif isinstance(value, MethodType):
                self.follow(value.__func__)
                if not isinstance(value.__self__, type):
                    self.visit(f"{label}.__self__", value.__self__)
            elif isinstance(value, functools.partial):
                self.visit(f"{label} arguments", [value.func, value.args, value.keywords])
            else:
                self.visit_module(value)
        return ["code", label if not isinstance(value, ModuleType) else "module"]

    def visit_function(self, function: FunctionType) -> None:
        code = function.__code__
        self.seen[id(function)] = function
        self.files.add(code.co_filename)
        self.code.add((_local_name(function.__qualname__), digest_code(code)))
        for name, value in _given(function):
            self.visit(name, value)
        if not is_first_party(code.co_filename):
            return  # what an installed function reaches belongs to the environment
        for note in annotations_of(function).values():
            self.visit_annotation(note)
        names = names_of(code)
        joins = any(chain[-1] == JOIN for chain in names.chains)
        for chain in names.chains:
            name, value = resolve(chain, function.__globals__)
            if is_table(value) and (chain[-1] in READS or (joins and not hasattr(value, chain[-1]))):
                self.refuse(name, f"table {value.name!r} is read inside the task; pass it as an argument.")
            elif value is not MISSING:
                self.visit(name, value)
        for module, level in names.imports:
            self.visit_import(module, level, function.__globals__.get("__package__") or "")

    def visit_annotation(self, note: Any) -> None:
        """Methods of an argument's class can be called without naming it anywhere else."""
        if isinstance(note, type):
            self.follow(note)
        for each in typing.get_args(note):
            self.visit_annotation(each)

    def visit_class(self, kind: type) -> None:
        if not is_first_party(_file_of(kind)):
            return
        self.seen[id(kind)] = kind
        self.files.add(_file_of(kind))
        label = _local_name(kind.__qualname__)
        notes = {name: _annotation(note) for name, note in vars(kind).get("__annotations__", {}).items()}
        defaults = getattr(kind, "__struct_defaults__", ())
        bases = [type_name(each) for each in kind.__bases__]
        self.code.add((label, digest_of("class", [label, bases, notes])))
        self.visit(f"{label} defaults", [each for each in defaults if not isinstance(each, type(MISSING))])
        for each in kind.__bases__:
            self.follow(each)
        for name, member in _members(kind):
            self.visit(f"{label}.{name}", member)

    def visit_module(self, module: ModuleType) -> None:
        file = getattr(module, "__file__", None)
        if file and is_first_party(file):
            self.files.add(file)
            self.code.add((f"module {module.__name__.rpartition('.')[2]}", digest_file_code(file)))

    def visit_import(self, name: str, level: int, package: str) -> None:
        """A module imported inside a function counts whole, when it is the user's own."""
        full = name
        try:
            full = importlib.util.resolve_name("." * level + name, package) if level else name
            if _is_first_party_module(full):
                self.follow(importlib.import_module(full))
        except ImportError:
            self.visit_unimportable(name, full)

    def visit_unimportable(self, name: str, full: str) -> None:
        """A package that is not here; or a module of the user's own that needs such a one, and counts all the same."""
        file = _own_file(full)
        if file is None:
            self.code.add((f"import {name}", ABSENT))
        else:
            self.files.add(file)
            linecache.checkcache(file)
            self.code.add((f"module {full.rpartition('.')[2]}", digest_file_code(file)))


def without_absent(reached: Reached) -> Reached:
    """The same without the packages that are not here: a task with an environment of its own has them there."""
    return replace(reached, code=tuple(each for each in reached.code if each[1] != ABSENT))


def resolve(chain: tuple[str, ...], names: dict[str, Any]) -> tuple[str, Any]:
    """(name, value) of a dotted name, followed through modules of the user's own; MISSING for what is not ours."""
    name, *rest = chain
    value = names.get(name, MISSING)
    if value is MISSING:
        return name, MISSING if hasattr(builtins, name) or name.startswith("__") else ["undefined"]
    while isinstance(value, ModuleType):
        if not is_first_party(getattr(value, "__file__", None) or "<frozen>"):
            return name, MISSING
        if not rest:
            return name, value
        name, value = rest[0], getattr(value, rest[0], MISSING)
        rest = rest[1:]
    return name, value


def _given(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """Values that a function carries: defaults, keyword defaults, and what it closes over."""
    name = _local_name(function.__qualname__)
    if function.__defaults__:
        yield f"{name} defaults", list(function.__defaults__)
    if function.__kwdefaults__:
        yield f"{name} defaults by name", function.__kwdefaults__
    for free, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield free, cell.cell_contents
        except ValueError:
            continue  # not assigned yet
    wrapped = getattr(function, "__wrapped__", None)
    if wrapped is not None:
        yield "wrapped", wrapped


def _members(kind: type) -> Iterator[tuple[str, Any]]:
    """Methods, and class attributes of the user's own."""
    for name, member in sorted(vars(kind).items()):
        if isinstance(member, staticmethod | classmethod):
            yield name, member.__func__
        elif isinstance(member, property):
            yield from ((name, each) for each in (member.fget, member.fset, member.fdel) if each is not None)
        elif isinstance(member, functools.cached_property):
            yield name, member.func
        elif isinstance(member, FunctionType) or not (
            name.startswith("__")
            or name in GENERATED
            or isinstance(member, MemberDescriptorType | GetSetDescriptorType | BuiltinFunctionType)
        ):
            yield name, member


def _is_first_party_module(name: str) -> bool:
    """Asked of the outermost package, which is found without importing anything."""
    found = importlib.util.find_spec(name.partition(".")[0])
    if found is None:
        raise ImportError(name)
    places = [found.origin] if found.has_location else list(found.submodule_search_locations or ())
    return any(is_first_party(place) for place in places if place)


def _own_file(name: str) -> str | None:
    """The file of a module of the user's own, found without importing it; None for any other."""
    try:
        found = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    own = found is not None and found.has_location and found.origin and is_first_party(found.origin)
    return found.origin if found and own else None


def _file_of(kind: type) -> str:
    module = sys.modules.get(kind.__module__)
    if module is None:
        return "<unknown>"
    return getattr(module, "__file__", None) or ("<main>" if kind.__module__ == "__main__" else "<frozen>")


def _parts_are_its_own(value: Any) -> bool:
    """Structs, dataclasses, enums and collections are taken apart by `fingerprint` itself."""
    kinds = (dict, list, tuple, set, frozenset, str, int, float, bytes)
    return (
        isinstance(value, kinds)
        or hasattr(type(value), "__struct_fields__")
        or hasattr(type(value), "__dataclass_fields__")
        or hasattr(type(value), "__members__")
        or not hasattr(value, "__dict__")
    )


def _local_name(qualname: str) -> str:
    return qualname.rpartition("<locals>.")[2]


def _annotation(note: Any) -> str:
    return note if isinstance(note, str) else str(getattr(note, "__qualname__", note))
