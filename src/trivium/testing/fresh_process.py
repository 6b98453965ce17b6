"""A task once more in a process of its own, where texts hash in another way and libraries use one thread."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from trivium.code.module_file import load_file
from trivium.errors import Misuse
from trivium.pipelines.resources import ONE_THREAD
from trivium.store.store import Store, connect
from trivium.testing.bare_call import function_of, perform
from trivium.values.runs import ArtifactRef


class Order(Struct, frozen=True):
    """What the process is to do: where the function is (module, its file, the name in it), on what, in which store."""

    module: str
    file: str
    name: str
    search: list[str]
    arguments: ArtifactRef
    root: str


def perform_afresh(
    name: str, function: Callable[..., Any], arguments: ArtifactRef, store: Store
) -> tuple[ArtifactRef, ...]:
    """What the function returns there, stored. Raises Misuse for one that cannot be imported, AssertionError when it
    fails."""
    __tracebackhide__ = True
    order = _order(name, function, arguments, store)
    seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    environ = {**os.environ, **ONE_THREAD, "PYTHONHASHSEED": seed}
    with tempfile.TemporaryDirectory(prefix="trivium-fresh-") as folder:
        told, made = Path(folder, "order.json"), Path(folder, "outputs.json")
        told.write_bytes(msgspec.json.encode(order))
        command = [sys.executable, "-m", "trivium.testing.fresh_process", str(told), str(made)]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)  # noqa: S603 # ours
        if done.returncode:
            raise AssertionError(f"Task {name!r} fails in a fresh process:\n{done.stderr.strip()}")
        return msgspec.json.decode(made.read_bytes(), type=tuple[ArtifactRef, ...])


def _order(name: str, function: Callable[..., Any], arguments: ArtifactRef, store: Store) -> Order:
    module, path = function.__module__, function.__qualname__
    file = inspect.getsourcefile(function) or ""
    if "<" in path or not Path(file).is_file():
        raise Misuse(f"Task {name!r} ({path}) cannot be imported by another process; define it at the top of a module.")
    search = [str(Path(each).resolve()) for each in sys.path]
    return Order(module, str(Path(file).resolve()), path, search, arguments, str(store.settings.root))


def main(told: str, made: str) -> None:
    """The order in the first file was carried out; references to the outputs are in the second."""
    order = msgspec.json.decode(Path(told).read_bytes(), type=Order)
    sys.path[:] = order.search
    found = attrgetter(order.name)(_load(order))
    _, function = function_of(found)
    with connect(order.root, actor="tester", durability="fast") as store:
        Path(made).write_bytes(msgspec.json.encode(perform(function, order.arguments, store.blobs)))


def _load(order: Order) -> Any:
    """The module by its name, where that finds its file, else from the file."""
    try:
        spec = importlib.util.find_spec(order.module)
    except (ImportError, ValueError):
        spec = None
    if spec is not None and spec.origin and Path(spec.origin).resolve() == Path(order.file):
        return importlib.import_module(order.module)
    return load_file(order.file, order.module)


if __name__ == "__main__":
    main(*sys.argv[1:])
