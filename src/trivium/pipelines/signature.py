"""What a task's function declares, and whether the values given to it can be right."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from trivium.deferred import Deferred
from trivium.errors import Misuse
from trivium.frames.spark.kind import is_session_type
from trivium.pipelines.secrets import Secret, find_references
from trivium.values.tables import TableSpec

if TYPE_CHECKING:
    import difflib

    from trivium.pipelines.task import Task

else:
    difflib = Deferred("difflib")

FRAME_PACKAGES = ("polars.", "pandas.", "pyarrow.", "duckdb.", "_duckdb.", "pyspark.sql.")
FRAME_NAMES = ("LazyFrame", "DataFrame", "Table", "DuckDBPyRelation")
ALIASES = {"pl.": "polars.", "pd.": "pandas.", "pa.": "pyarrow."}
VERSION_NAMES = ("trivium.tables.at.TableVersion", "tv.TableVersion", "TableVersion")
EMPTY = inspect.Parameter.empty


class Promised(NamedTuple):
    """A type that a value will have, or one of several, and what gives it, as a message names it."""

    what: str
    kind: Any


def annotations_of(function: Callable[..., Any]) -> dict[str, Any]:
    """Each parameter's (and "return"'s) type; the text of the annotation where a name of it cannot be resolved."""
    function = inspect.unwrap(function)
    try:
        return typing.get_type_hints(function)
    except Exception:  # user annotations can raise anything; each is then tried alone
        return {name: _resolve(function, name, text) for name, text in function.__annotations__.items()}


def _resolve(function: Callable[..., Any], name: str, annotation: Any) -> Any:
    holder = types.SimpleNamespace(__annotations__={name: annotation})
    try:
        return typing.get_type_hints(holder, globalns=getattr(function, "__globals__", {}))[name]
    except Exception:  # see above
        return annotation


def bind_arguments(task: Task[Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Every parameter's value, defaults included, but for sessions, which are there where the task runs.

    Raises Misuse naming the task and the argument.
    """
    bound = _bind(f"Task {task.name!r}", open_signature(task), args, kwargs)
    bound.apply_defaults()
    return dict(bound.arguments)


def check_call(
    what: str, signature: inspect.Signature, types: Mapping[str, Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """The arguments of this call by name, each of which can have its parameter's type, where it is known.

    what: who is called, such as "pipeline 'features'". Raises Misuse naming it and the argument.
    """
    bound = _bind(what[0].upper() + what[1:], signature, args, kwargs)
    return {
        name: check_given(
            f"{name!r} of {what}", value, types.get(name, Any), optional=_is_optional(signature.parameters[name])
        )
        for name, value in bound.arguments.items()
    }


def _bind(
    what: str, signature: inspect.Signature, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> inspect.BoundArguments:
    try:
        return signature.bind(*args, **kwargs)
    except TypeError as error:
        unknown = [name for name in kwargs if name not in signature.parameters]
        near = difflib.get_close_matches(unknown[0], signature.parameters) if unknown else []
        hint = f" Did you mean {near[0]!r}?" if near and unknown[0] in str(error) else f" It takes {signature}."
        raise Misuse(f"{what} {error}.{hint}") from None


def _is_optional(parameter: inspect.Parameter | None) -> bool:
    return parameter is not None and parameter.default is None


def open_signature(task: Task[Any]) -> inspect.Signature:
    """The parameters that a pipeline gives values to."""
    signature, sessions = task.signature, session_parameters(task)
    if not sessions:
        return signature
    return signature.replace(parameters=[each for name, each in signature.parameters.items() if name not in sessions])


def session_parameters(task: Task[Any]) -> tuple[str, ...]:
    """The parameters that take a Spark session."""
    return tuple(
        name for name, wanted in task.annotations.items() if name != "return" and is_session_type(type_path(wanted))
    )


def call_with(
    function: Callable[..., Any], arguments: Mapping[str, Any], signature: inspect.Signature | None = None
) -> Any:
    """The function's result for these values by parameter name. signature: its own, when it is known."""
    bound = inspect.BoundArguments(signature or inspect.signature(function), dict(arguments))
    return function(*bound.args, **bound.kwargs)


def reveal_arguments(task: Task[Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The same arguments with the value of each secret, except where the parameter is annotated `Secret`."""
    return {
        name: value.reveal()
        if isinstance(value, Secret) and not mentions(task.annotations.get(name), Secret)
        else value
        for name, value in arguments.items()
    }


def check_argument(task: Task[Any], argument: str, value: Any) -> Any:
    """The parameter's value, each one of `*args` and `**kwargs` alone; see `check_value`."""
    kind = task.signature.parameters[argument].kind
    if kind is inspect.Parameter.VAR_POSITIONAL:
        return tuple(check_value(task, argument, each) for each in value)
    if kind is inspect.Parameter.VAR_KEYWORD:
        return {name: check_value(task, argument, each) for name, each in value.items()}
    return check_value(task, argument, value)


def check_items(task: Task[Any], argument: str, value: Any) -> Any:
    """The list that a task is mapped over: each item can have the argument's type, as far as it is known; or Misuse."""
    if isinstance(value, list | tuple):
        return [check_value(task, argument, each) for each in value]
    promised = promised_types(value)
    if not promised or is_table(value):
        raise Misuse(f"Task {task.name!r} is mapped over {argument!r}, which takes a list, not {_short(value)}.")
    wanted = task.annotations.get(argument, Any)
    for what, given in promised:
        item = (typing.get_args(given) or (Any,))[0]
        if not may_be(given, list) or not may_be(item, wanted):
            raise Misuse(
                f"Task {task.name!r} is mapped over {what} ({type_text(given)}), and wants "
                f"a list whose items are {type_text(wanted)}."
            )
    return value


def check_value(task: Task[Any], argument: str, value: Any) -> Any:
    """The constant, table or other task's result, when it can have the argument's annotated type; Misuse otherwise."""
    optional = _is_optional(task.signature.parameters.get(argument))
    wanted = task.annotations.get(argument, Any)
    return check_given(f"{argument!r} of task {task.name!r}", value, wanted, optional=optional)


def check_given(argument: str, value: Any, wanted: Any, *, optional: bool) -> Any:
    """The same of any argument, named as in "'rows' of task 'train'". optional: None is its default."""
    promised = promised_types(value)
    wrong = next((each for each in promised if not may_be(each.kind, wanted)), None)
    if wrong is not None and not (optional and wrong.kind is types.NoneType):
        given = wrong.what if is_table(value) else f"{wrong.what} ({type_text(wrong.kind)})"
        raise Misuse(f"Argument {argument} is annotated {type_text(wanted)}, but {given} is given.")
    if promised:
        return value
    if (value is None and optional) or (isinstance(value, list | tuple | dict) and _has_promises(value)):
        return value
    return convert_value(value, wanted, f"Argument {argument}")


def convert_value(value: Any, wanted: Any, what: str, *, strict: bool = True) -> Any:
    """The value as the annotated type (a whole number becomes a float where one is asked for).

    `strict=False` also reads numbers, booleans and times from text. Raises Misuse when it is another type.
    """
    if wanted in (Any, EMPTY, object) or isinstance(wanted, str | typing.TypeVar) or is_frame_type(wanted):
        return value
    if isinstance(wanted, type) and isinstance(value, wanted) and not (isinstance(value, bool) and wanted is not bool):
        return value
    if any(find_references(value)):
        return _with_secret(value, wanted, what)
    try:
        return msgspec.convert(value, wanted, strict=strict)
    except msgspec.ValidationError as error:
        raise Misuse(f"{what} is annotated {type_text(wanted)}, but {_short(value)} is given: {error}.") from None
    except (TypeError, NotImplementedError):
        return value  # a type that only the function itself understands


def mentions(annotation: Any, kind: type) -> bool:
    """Whether this is the type, or a union or collection with it."""
    return annotation is kind or any(mentions(part, kind) for part in typing.get_args(annotation))


def promised_types(value: Any) -> tuple[Promised, ...]:
    """The types that a node, an output or a table can have; none for a constant."""
    if is_table(value):
        return (Promised("a table", TableSpec),)
    return value.promised if getattr(type(value), "is_promise", False) else ()


def output_types(task: Task[Any]) -> tuple[Any, ...]:
    """The types of a task's several outputs; empty for a task with one."""
    parts = tuple_parts(task.annotations.get("return", Any))
    if task.options.outputs:
        return parts if len(parts) == task.options.outputs else (Any,) * task.options.outputs
    return parts


def tuple_parts(kind: Any) -> tuple[Any, ...]:
    """The types of the parts of a tuple of fixed length; empty for any other type."""
    parts = typing.get_args(kind) if typing.get_origin(kind) is tuple else ()
    return () if Ellipsis in parts else parts


def may_be(given: Any, wanted: Any) -> bool:
    """Whether a value of the given type can be passed where the wanted one is annotated; True when unsure."""
    if given in (Any, object) or wanted in (Any, EMPTY, object) or given is None:
        return True
    if isinstance(given, str | typing.TypeVar) or isinstance(wanted, str | typing.TypeVar):
        return True
    if typing.get_origin(given) in (typing.Union, types.UnionType):
        return any(may_be(part, wanted) for part in typing.get_args(given))
    if typing.get_origin(wanted) in (typing.Union, types.UnionType):
        return any(may_be(given, part) for part in typing.get_args(wanted))
    if given is TableSpec or is_frame_type(given):
        takes_rows = is_frame_type(wanted) or (given is TableSpec and is_version_type(wanted))
        return takes_rows or not _is_plain(wanted)
    return _is_near(typing.get_origin(given) or given, typing.get_origin(wanted) or wanted)


def is_table(value: Any) -> bool:
    """Whether this is a declared table."""
    return isinstance(getattr(value, "spec", None), TableSpec)


def table_names(value: Any) -> Iterator[str]:
    """The declared tables in an argument: in lists, tuples and dicts, and what tasks that commit stand for."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for each in value:
            yield from table_names(each)
    elif is_table(value):
        yield value.name
    elif getattr(type(value), "is_promise", False) and value.task.options.commits is not None:
        yield value.task.options.commits.name


def is_frame_type(annotation: Any) -> bool:
    """Whether this annotation (or its text) is a frame of polars, pandas, pyarrow, DuckDB or Spark."""
    name = type_path(annotation)
    return name.startswith(FRAME_PACKAGES) and name.endswith(FRAME_NAMES)


def is_version_type(annotation: Any) -> bool:
    """Whether this annotation (or its text) is `TableVersion`: the table itself, of which the task reads what it needs.

    Told by its name, because loading it loads the engines of frames.
    """
    options = typing.get_args(annotation) or (annotation,)
    return any(type_path(option) in VERSION_NAMES for option in options)


def frame_type(annotation: Any) -> str:
    """The path of the frame type asked for, also inside `X | None`; "" when none is."""
    options = typing.get_args(annotation) or (annotation,)
    return next((type_path(option) for option in options if is_frame_type(option)), "")


def type_path(annotation: Any) -> str:
    """Where a type is defined, with its name; usual short names of packages are spelled out."""
    if isinstance(annotation, str):
        short = next((short for short in ALIASES if annotation.startswith(short)), "")
        return ALIASES[short] + annotation.removeprefix(short) if short else annotation
    return f"{getattr(annotation, '__module__', '')}.{getattr(annotation, '__qualname__', '')}"


def type_text(annotation: Any) -> str:
    """A type as its author would write it."""
    if isinstance(annotation, type) and not typing.get_args(annotation):
        return annotation.__qualname__
    return str(annotation)


def _is_plain(wanted: Any) -> bool:
    return wanted in (int, float, str, bool, bytes) or (isinstance(wanted, type) and issubclass(wanted, msgspec.Struct))


def _is_near(given: Any, wanted: Any) -> bool:
    if not isinstance(given, type) or not isinstance(wanted, type):
        return True
    if given is types.NoneType:
        return given is wanted
    if is_frame_type(wanted):
        return not _is_plain(given)
    if getattr(wanted, "_is_protocol", False) or (given, wanted) == (int, float):
        return True
    return issubclass(given, wanted) or issubclass(wanted, given)


def _has_promises(value: Any) -> bool:
    items = value.values() if isinstance(value, dict) else value
    return any(
        promised_types(each) != () or (isinstance(each, list | tuple | dict) and _has_promises(each)) for each in items
    )


def _with_secret(value: Any, wanted: Any, what: str) -> Any:
    """A secret is known to be a text when the task runs; collections that hold one are not looked into."""
    if isinstance(value, Secret) and not (may_be(str, wanted) or mentions(wanted, Secret)):
        raise Misuse(f"{what} is annotated {type_text(wanted)}, but a secret is given, whose value is a text.")
    return value


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
