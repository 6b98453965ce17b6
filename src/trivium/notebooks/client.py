"""The client of a notebook's kernel: it has the cells run one after another, and tells what they print meanwhile."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from importlib import import_module
from pathlib import Path
from typing import Any

from trivium.errors import Misuse
from trivium.notebooks.kernel import VARIABLE
from trivium.pipelines.executors.process_tree import kill_marked

COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def import_jupyter() -> tuple[Any, Any]:
    """nbformat and nbclient. Raises Misuse when they are not installed."""
    try:
        return import_module("nbformat"), import_module("nbclient")
    except ImportError as error:
        raise Misuse(f"Notebooks need Jupyter's kernel: `pip install trivium[notebook]` ({error}).") from None


def run_cells(notebook: Any, folder: Path, beside: Path, environ: Mapping[str, str]) -> str | None:
    """Every cell has run in a new kernel and has its outputs; gives why one did not, None when all did.

    folder: only this user's, for the kernel's sockets and its job. beside: where the kernel works. The kernel is gone
    afterwards with all that it started, also when this is interrupted.
    """
    client = import_jupyter()[1]
    kind = type("TellingClient", (client.NotebookClient,), {"process_message": _telling(client.NotebookClient)})
    runner = kind(
        notebook,
        timeout=None,
        kernel_name="python3",
        record_timing=False,
        config=_transport(folder),
        resources={"metadata": {"path": str(beside)}},
    )
    try:
        _complete(runner, {**environ, VARIABLE: str(folder)})
    except client.exceptions.CellExecutionError as error:
        return f"{error.ename}: {error.evalue}"
    except client.exceptions.DeadKernelError:
        return "its kernel died"
    finally:
        kill_marked(str(folder), VARIABLE)
    return None


def _complete(runner: Any, environ: Mapping[str, str]) -> None:
    """In an event loop of its own; in a thread where one is running already, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        _run_in_loop(runner, environ)
        return
    with ThreadPoolExecutor(1) as pool:
        going = pool.submit(copy_context().run, _run_in_loop, runner, environ)
        try:
            going.result()
        except BaseException:
            kill_marked(environ[VARIABLE], VARIABLE)  # its thread would wait for what the kernel does
            raise


def _run_in_loop(runner: Any, environ: Mapping[str, str]) -> None:
    with asyncio.Runner() as loop:  # which cancels what goes on when a signal raises somewhere in the loop
        try:
            loop.run(runner.async_execute(env=environ))
        except BaseException:
            runner.shutdown_kernel = "immediate"
            loop.get_loop().set_exception_handler(_pass_over)
            raise


def _pass_over(_loop: asyncio.AbstractEventLoop, _about: dict[str, Any]) -> None:
    """What a client that is cancelled says of its dead kernel is nobody's news."""


def _transport(folder: Path) -> Any:
    """Sockets in a folder that nobody else can look into, instead of ports that anybody on the machine can reach."""
    sockets = {"transport": "ipc", "ip": str(folder / "kernel")} if os.name == "posix" else {}
    return import_module("traitlets.config").Config({"KernelManager": sockets})


def _telling(client: Any) -> Callable[..., Any]:
    """What the client does with a message of the kernel, and what a cell prints or raises is printed at once."""

    def process_message(self: Any, message: Any, cell: Any, index: int) -> Any:
        output = client.process_message(self, message, cell, index)
        if output is not None and output.output_type == "stream":
            print(output.text, end="", flush=True)
        elif output is not None and output.output_type == "error":
            print(COLOURS.sub("", "\n".join(output.traceback)), flush=True)
        return output

    return process_message
