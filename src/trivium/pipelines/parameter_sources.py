"""Where settings of a pipeline's parameters are written: a file, the environment, the terminal's `--set`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from trivium.errors import Misuse
from trivium.pipelines.parameters import Setting, parameter_types
from trivium.pipelines.records import fields_of, record_of
from trivium.settings import parameter_variables, read_table


def settings_of_file(file: Path, pipeline: str, function: Callable[..., Any]) -> tuple[Setting, ...]:
    """What a TOML or JSON file says: parameters at its top, then those in the table that is named as the pipeline.

    With such a table, other tables are those of other pipelines, unless they are parameters. Raises Misuse for a file
    that is not there or not of its kind.
    """
    known = inspect.signature(function).parameters
    content = _read(file)
    own = content.get(pipeline) if pipeline not in known else None
    if own is None:
        return tuple(Setting((name,), value, f"{file}: {name}") for name, value in content.items())
    if not isinstance(own, dict):
        raise Misuse(f"{file}: {pipeline} is no table; write [{pipeline}] above the parameters of that pipeline.")
    shared = {
        name: value
        for name, value in content.items()
        if name != pipeline and (name in known or not isinstance(value, dict))
    }
    return (
        *(Setting((name,), value, f"{file}: {name}") for name, value in shared.items()),
        *(Setting((name,), value, f"{file}: {pipeline}.{name}") for name, value in own.items()),
    )


def settings_of_environment(pipeline: str, function: Callable[..., Any]) -> tuple[Setting, ...]:
    """What `TRIVIUM_PARAM_<PIPELINE>__<NAME>` and, for parts, `..__<NAME>__<PART>` say."""
    return tuple(
        Setting(_spelled(function, variable.removeprefix(prefix).split("__")), text, variable, text=True)
        for prefix, variables in [parameter_variables(pipeline)]
        for variable, text in sorted(variables.items(), key=lambda each: (each[0].count("__"), each[0]))
    )


def settings_of_flags(texts: Mapping[str, str]) -> tuple[Setting, ...]:
    """What `--set model.depth=4` says, by {"model.depth": "4"}."""
    return tuple(Setting(tuple(name.split(".")), text, f"--set {name}", text=True) for name, text in texts.items())


def _read(file: Path) -> dict[str, Any]:
    if not file.is_file():
        raise Misuse(f"There is no file {file} of parameters.")
    if file.suffix == ".toml":
        return read_table(file)
    if file.suffix != ".json":
        raise Misuse(f"{file} is neither a .toml nor a .json file, so its parameters cannot be read.")
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Misuse(f"{file} is not a JSON object: {error}.") from None


def _spelled(function: Callable[..., Any], parts: list[str]) -> tuple[str, ...]:
    """The names that a variable, which is in capitals, means; one that is not known is written small."""
    kinds: Mapping[str, Any] = {
        **dict.fromkeys(inspect.signature(function).parameters, Any),
        **parameter_types(function),
    }
    path = []
    for part in parts:
        name = next((each for each in kinds if each.upper() == part.upper()), part.lower())
        path.append(name)
        record = record_of(kinds.get(name, Any))
        kinds = {each: field.kind for each, field in fields_of(record).items()} if record else {}
    return tuple(path)
