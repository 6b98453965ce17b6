"""Whether a task gives the same for the same: again here, and in a process of its own."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

from trivium.errors import Misuse
from trivium.pipelines.artifacts import decode, encode
from trivium.pipelines.task import Task
from trivium.store.blobs import Blobs
from trivium.testing.bare_call import function_of, perform, read_tables
from trivium.testing.difference import find_differences
from trivium.testing.fresh_process import perform_afresh
from trivium.testing.temporary import temporary_store
from trivium.values.runs import ArtifactRef

SHOWN = 5
AFRESH = "in a fresh process, with other hashes of texts and one thread"


def assert_deterministic(task: Task[Any] | Callable[..., Any], /, *args: Any, times: int = 3, **kwargs: Any) -> None:
    """The task gives the same content for these arguments, `times` here and once in a fresh process.

    In the fresh process texts hash in another way (PYTHONHASHSEED) and numeric libraries use one thread, so the order
    of sets and of sums is tried too. Every call gets its own copy of the arguments, though not of files; a table is
    read once, at its newest version, as the frame that the task annotates. Calls run in a temporary store: what a task
    writes goes there.

    times: at least 2. Raises AssertionError naming the output, column and row that differ, Misuse for a task that no
    other process could import, UnsupportedValue for arguments or outputs that no run could store.
    """
    __tracebackhide__ = True
    if times < 2:
        raise Misuse(f"times={times} compares nothing; give 2 or more.")
    name, function = function_of(task)
    given = read_tables(function, inspect.signature(function).bind(*args, **kwargs).arguments)
    with temporary_store() as store:
        arguments = encode(given, store.blobs, f"What task {name!r} is given", by_name=True)
        first = perform(function, arguments, store.blobs)
        for number in range(2, times + 1):
            again = perform(function, arguments, store.blobs)
            _compare(name, first, again, store.blobs, f"call {number} differs from call 1")
        afresh = perform_afresh(name, function, arguments, store)
        _compare(name, first, afresh, store.blobs, f"it differs {AFRESH}")


def _compare(name: str, first: Sequence[ArtifactRef], again: Sequence[ArtifactRef], blobs: Blobs, what: str) -> None:
    __tracebackhide__ = True
    found = [] if len(first) == len(again) else [f"{len(first)} outputs, then {len(again)}"]
    for number, (one, other) in enumerate(zip(first, again, strict=False)):
        if one.digest != other.digest:
            place = f"output {number}" if len(first) > 1 else "its output"
            found += islice(find_differences(_shown(one, blobs), _shown(other, blobs), place=place), SHOWN)
    if found:
        listed = "".join(f"\n  {each}" for each in found[:SHOWN])
        raise AssertionError(f"Task {name!r} is not deterministic: {what}.{listed}")


def _shown(ref: ArtifactRef, blobs: Blobs) -> Any:
    """The value as it can be compared: of an object that stores itself its manifest, where it has one."""
    if ref.kind in ("frame", "json"):
        return decode(ref, blobs)
    data = blobs.get(ref.digest)
    try:
        return json.loads(data)
    except ValueError:
        return ref.digest
