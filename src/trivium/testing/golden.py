"""Golden cases: what a task is given and what it returned when somebody looked, in a file that people read."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from trivium.errors import Misuse
from trivium.frames import from_frame, to_frame
from trivium.pipelines.signature import annotations_of, call_with, frame_type, is_frame_type
from trivium.pipelines.task import Task
from trivium.testing.bare_call import function_of
from trivium.testing.difference import Tolerance, find_differences
from trivium.testing.readable import from_readable, spell, to_readable
from trivium.testing.temporary import temporary_store

FLAG = "--trivium-update-golden"
SHOWN = 5
Case = dict[str, Any]


def golden(
    task: Task[Any] | Callable[..., Any],
    cases: str | Path,
    *,
    inputs: Mapping[str, Mapping[str, Any]] | None = None,
    relative: float = 1e-6,
    absolute: float = 1e-9,
    environ: Mapping[str, str] = os.environ,
) -> None:
    """The task returns what the file of golden cases says, for the inputs that are in the file.

    cases: a JSON file, from the working folder: {case: {"inputs": {parameter: value}, "output": value}}. A frame is its
    columns' types and rows, or for a parameter that is annotated as one a list of records. With pytest's flag
    `--trivium-update-golden` (or TRIVIUM_UPDATE_GOLDEN=1) the outputs are written instead of compared, and the cases in
    `inputs` are added or replaced; without it each has to be in the file already. Calls run in a temporary store.

    relative, absolute: how far a float may be from the golden one: this share of it, or this much.
    Raises AssertionError naming case, column and row of what differs, Misuse for a file that has no cases,
    UnsupportedValue for a value that has no readable spelling.
    """
    __tracebackhide__ = True
    file = Path(cases)
    name, function = function_of(task)
    if environ.get("TRIVIUM_UPDATE_GOLDEN", "") not in ("", "0"):
        _update(file, function, inputs or {})
        return
    known = _read(file)
    found = [f"{case}: it is not in the file yet; {FLAG} writes it" for case in inputs or {} if case not in known]
    for case, content in known.items():
        if "output" not in content:
            found.append(f"{case}: it has no output yet; look at what {FLAG} writes, and commit it")
            continue
        output = _call(function, from_readable(content["inputs"]))
        expected = from_readable(content["output"])
        found += islice(find_differences(expected, output, Tolerance(relative, absolute), case), SHOWN)
    if found:
        told = "".join(f"\n  {each}" for each in found)
        raise AssertionError(
            f"Task {name!r} and {file} differ (what the file says, then what the task returned).{told}\n"
            f"If the new output is right, write it with `pytest {FLAG}` and look at what changed."
        )


def _update(file: Path, function: Callable[..., Any], inputs: Mapping[str, Mapping[str, Any]]) -> None:
    """The file has these cases beside its own, each with the output of now."""
    known = _read(file) if file.exists() else {}
    given = {case: content["inputs"] for case, content in known.items()}
    given |= {case: to_readable(dict(values)) for case, values in inputs.items()}
    if not given:
        raise Misuse(f"{file} has no cases yet: write some, or give golden(..., inputs={{'a case': {{...}}}}).")
    written = {
        case: {"inputs": values, "output": to_readable(_call(function, from_readable(values)))}
        for case, values in given.items()
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(spell(written) + "\n", encoding="utf-8")


def _call(function: Callable[..., Any], inputs: Mapping[str, Any]) -> Any:
    """What the function returns for these inputs; each frame comes as the function annotates it."""
    wanted = annotations_of(function)
    arguments = {
        name: from_frame(to_frame(value), frame_type(wanted[name])) if is_frame_type(wanted.get(name)) else value
        for name, value in inputs.items()
    }
    with temporary_store():
        return call_with(function, arguments)


def _read(file: Path) -> dict[str, Case]:
    if not file.exists():
        raise Misuse(f"There is no file {file} with golden cases; give inputs= and run once with {FLAG}.")
    try:
        cases = json.loads(file.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise Misuse(f"{file} is not JSON: {error}.") from None
    if not isinstance(cases, dict) or not cases:
        raise Misuse(f'{file} has no golden cases; write {{"a case": {{"inputs": {{...}}}}}}.')
    for case, content in cases.items():
        if not isinstance(content, dict) or not isinstance(content.get("inputs"), dict):
            raise Misuse(f'Case {case!r} of {file} has no "inputs" by parameter.')
    return cases
