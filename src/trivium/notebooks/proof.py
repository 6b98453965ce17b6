"""Whether a module imports and its pipelines draw, found out in a process of its own."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from pathlib import Path

from trivium.errors import Misuse
from trivium.pipelines.pipeline import Pipeline
from trivium.pipelines.registry import import_file

SECONDS = 300


def prove(file: Path, root: Path, beside: Path) -> dict[str, str]:
    """{pipeline: what its graph has} of the module in `file`, imported by a new process in the project's folder.

    beside: the folder where the module will be, whose other modules it may import.

    Raises Misuse with the error when it does not import, does not draw, or takes more than five minutes.
    """
    path = os.pathsep.join([str(beside), str(root), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, "-m", "trivium.notebooks.proof", str(file), str(root)]
    try:
        done = subprocess.run(  # noqa: S603 # this Python, with the user's own module
            command, cwd=root, env={**os.environ, "PYTHONPATH": path}, text=True, capture_output=True, timeout=SECONDS,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise Misuse(f"The module was not imported within {SECONDS} seconds, so it is not written.") from error
    if done.returncode != 0:
        told = done.stderr.strip().splitlines() or ["its process ended without a word"]
        raise Misuse(f"The module does not work by itself, so it is not written: {told[-1]}")
    drawn: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return drawn


def draw_pipelines(file: Path, root: Path) -> dict[str, str]:
    """The same in this process."""
    module = import_file(file, root)
    return {each.name: _drawn(each) for each in vars(module).values() if isinstance(each, Pipeline)}


def _drawn(pipeline: Pipeline[..., object]) -> str:
    needed = [each.name for each in pipeline.signature.parameters.values() if each.default is inspect.Parameter.empty]
    if needed:
        return f"not drawn: it needs {', '.join(needed)}"
    graph = pipeline.graph()
    tables = list(graph.tables())
    return f"{len(graph.nodes)} tasks" + (f", reads {', '.join(tables)}" if tables else "")


if __name__ == "__main__":
    print(json.dumps(draw_pipelines(Path(sys.argv[1]), Path(sys.argv[2]))))
