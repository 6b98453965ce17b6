"""Why a task has to run: what differs from the last time."""

from __future__ import annotations

from collections.abc import Callable

from trivium.errors import TriviumError
from trivium.pipelines.cache_key import InputPart, KeyParts
from trivium.pipelines.environment import changed_packages
from trivium.pipelines.first_few import first_few
from trivium.values.runs import Environment

SHOWN = 3


def explain(
    now: KeyParts,
    before: KeyParts | None,
    find_environment: Callable[[str], Environment],
    tell_change: Callable[[str, int, int], str] = lambda table, old, new: "",
) -> str:
    """What changed since `before`, in a few words: code, inputs, parameters, environment; "first time" without it.

    tell_change: what is not the same in a table at two versions.
    """
    if before is None:
        return "first time"
    reasons = [*_code(now, before), *_inputs(now, before, tell_change), *_environment(now, before, find_environment)]
    if now.version != before.version:
        reasons.insert(0, f"version changed: {before.version or 'none'} -> {now.version or 'none'}")
    return "; ".join(reasons) or "its stored output is gone"


def _code(now: KeyParts, before: KeyParts) -> list[str]:
    old, new = set(before.code), set(now.code)
    changed = sorted({name for name, _ in old ^ new})
    return [f"code changed: {first_few(changed, SHOWN)}"] if changed else []


def _inputs(now: KeyParts, before: KeyParts, tell_change: Callable[[str, int, int], str]) -> list[str]:
    return [
        _input(name, now.inputs.get(name), before.inputs.get(name), tell_change)
        for name in dict.fromkeys([*now.inputs, *before.inputs])
        if _digest(now.inputs.get(name)) != _digest(before.inputs.get(name))
    ]


def _input(
    name: str, now: InputPart | None, before: InputPart | None, tell_change: Callable[[str, int, int], str]
) -> str:
    if now is None or before is None:
        return f"argument {name} is {'gone' if now is None else 'new'}"
    if now.kind == before.kind == "parameter":
        return f"parameter {name} changed: {before.shown} -> {now.shown}"
    if now.kind == before.kind == "task" and now.shown == before.shown:
        return f"input {name} changed: {now.shown} gave another result"
    changes = [
        tell_change(table, before.tables[table], version)
        for table, version in now.tables.items()
        if before.tables.get(table, version) != version
    ]
    told = "; ".join(filter(None, changes))
    return f"input {name} changed: {before.shown} -> {now.shown}{f' ({told})' if told else ''}"


def _environment(now: KeyParts, before: KeyParts, find_environment: Callable[[str], Environment]) -> list[str]:
    if now.environment == before.environment:
        return []
    try:
        changed = changed_packages(find_environment(before.environment), find_environment(now.environment))
    except TriviumError:
        return ["environment changed"]
    return [
        f"environment changed: {first_few([f'{name} {old} -> {new}' for name, (old, new) in changed.items()], SHOWN)}"
    ]


def _digest(part: InputPart | None) -> str:
    return part.digest if part else ""
