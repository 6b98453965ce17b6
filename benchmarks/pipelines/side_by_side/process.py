"""One engine's script as a whole process: how long it took, from outside and by its own clock."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from msgspec import Struct
from side_by_side.engine import SCRIPTS, Engine


class Took(Struct, frozen=True):
    """whole: seconds of the process. inside: seconds of the work alone, after imports. peak: MB of that process.

    trouble: why there are no figures.
    """

    whole: float = 0.0
    inside: float = 0.0
    peak: float = 0.0
    trouble: str = ""


def run_script(engine: Engine, folder: Path, work: str, size: int, limit: float) -> Took:
    """The script has run in `folder`, which keeps what it stores for the next call. limit: seconds.

    Whatever it started is ended with it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(SCRIPTS / engine.script, folder)
    with (folder / "errors.txt").open("w+") as errors:
        begun = time.perf_counter()
        process = subprocess.Popen(
            [engine.python, engine.script, work, str(size)],
            cwd=folder, env=engine.variables(folder), stdout=subprocess.PIPE, stderr=errors, text=True,
            start_new_session=True,
        )  # fmt: skip
        try:
            told, _ = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            return Took(trouble=f"over {limit:.0f} s")
        finally:
            whole = time.perf_counter() - begun
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        errors.seek(0)
        if process.returncode:
            return Took(trouble=(errors.read().strip().splitlines() or [f"exit {process.returncode}"])[-1][:100])
    figures = json.loads(told.splitlines()[-1])
    return Took(whole, figures["seconds"], figures["peak_kb"] / 1024)
