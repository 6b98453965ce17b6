"""The engines that do the same work, each in an environment of its own that is made here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from msgspec import Struct

SCRIPTS = Path(__file__).parent / "scripts"
INSTALL_SECONDS = 240.0
READY = "ready"
NOT_INHERITED = ("TRIVIUM_", "PYTHONDONTWRITEBYTECODE")
QUIET = {
    "DO_NOT_TRACK": "1",
    "HAMILTON_TELEMETRY_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "ERROR",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
}


class Engine(Struct, frozen=True):
    """A script that does the work, and what it needs. packages: for pip; none of them means this environment.

    reuses: whether it has a cache. environ: variables of its own.
    """

    name: str
    script: str
    packages: tuple[str, ...] = ()
    reuses: bool = True
    environ: dict[str, str] = {}
    python: str = sys.executable

    def variables(self, folder: Path) -> dict[str, str]:
        """Its environment, with everything that it keeps under `folder`.

        Imports are compiled, as those of an installed package are; ours is a checkout, which compiles itself once.
        """
        ours = {name: value for name, value in os.environ.items() if not name.startswith(NOT_INHERITED)}
        return {**ours, **QUIET, "PREFECT_HOME": str(folder / "home"), **self.environ}


OURS = Engine("trivium", "trivium_tasks.py")
BARE = Engine("bare", "bare_tasks.py", reuses=False)
INLINE = Engine("trivium inline", "trivium_tasks.py", environ={"TRIVIUM_EXECUTOR": "inline"})
PEERS = (
    Engine("hamilton", "hamilton_tasks.py", ("sf-hamilton", "polars")),
    Engine("redun", "redun_tasks.py", ("redun", "polars")),
    Engine("dagster", "dagster_tasks.py", ("dagster", "polars"), reuses=False),
    Engine("prefect", "prefect_tasks.py", ("prefect", "polars", "fastapi<0.140")),
)


def install(engine: Engine, folder: Path) -> Engine | str:
    """The engine with a Python of its own under `folder`, made unless it is there; or why it could not be installed."""
    place = folder.absolute() / engine.name
    python = place / "bin" / "python"
    if not (place / READY).exists() and (trouble := make_environment(engine, place, python)):
        return trouble
    return Engine(engine.name, engine.script, engine.packages, engine.reuses, engine.environ, str(python))


def make_environment(engine: Engine, place: Path, python: Path) -> str:
    """Its packages are installed in a new environment; else why not."""
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    try:
        for command in ([sys.executable, "-m", "venv", str(place)], [*pip, *engine.packages]):
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    except subprocess.TimeoutExpired:
        return f"not installed within {INSTALL_SECONDS:.0f} s"
    except subprocess.CalledProcessError as error:
        return f"not installed: {(error.stderr.strip().splitlines() or ['no reason given'])[-1]}"
    (place / READY).touch()
    return ""


def version_of(engine: Engine) -> str:
    """The version of its first package."""
    asked = f"from importlib.metadata import version; print(version({engine.packages[0]!r}))"
    return subprocess.run([engine.python, "-c", asked], check=True, capture_output=True, text=True).stdout.strip()
