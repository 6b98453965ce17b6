"""uv, the program that resolves and installs packages: found on the PATH, or as an installed package."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from trivium.errors import EnvironmentUnavailable, MissingExtra

CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")
DECORATION = re.compile(r"[\u00d7\u2500-\u257f\u25b6]|^\s*(?:error|cause|warning|hint):\s*", re.MULTILINE)
PLAIN = ("--quiet", "--color", "never", "--no-progress")
ADVICE = (
    (r"os error 28|No space left", "Free some space: `trivium environments gc` removes what was not used for long."),
    (r"No interpreter found|Python .* is not available|python-build-standalone", "Install that Python."),
    (r"HTTP status|error sending request|dns error|offline|network|onnection|Failed to fetch",
     "Does the package index answer? Where it is, is told to uv: UV_INDEX, UV_FIND_LINKS, UV_OFFLINE, uv.toml."),
    (r"No solution found|not found in the package registry|no versions? of", "Change the requirements, and try again."),
    (r"[Hh]ash mismatch|hashes", "These are not the files that were locked: lock it anew."),
)  # fmt: skip


def find_uv() -> str:
    """The path of uv. Raises MissingExtra when there is none."""
    found = shutil.which("uv")
    if found is not None:
        return found
    try:
        from uv import find_uv_bin  # noqa: PLC0415 # optional: the program is as good
    except ImportError:
        raise MissingExtra(
            'Environments of tasks are built with uv, which is not here: `pip install "trivium[env]"`, or install the '
            "program so that it is on the PATH."
        ) from None
    return str(find_uv_bin())


def run_uv(arguments: Sequence[str], folder: Path, doing: str, *, given: str = "") -> str:
    """What uv prints, run in this folder with this text as its input. Its own settings (UV_*, uv.toml) hold.

    Raises EnvironmentUnavailable beginning with `doing`, with uv's reason and what to do.
    """
    variables = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    done = subprocess.run(  # noqa: S603 # uv, and arguments of ours
        [find_uv(), *arguments, *PLAIN],
        cwd=folder,
        env=variables,
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        why = tell(done.stderr) or f"uv ended with status {done.returncode}"
        raise EnvironmentUnavailable(f"{doing}: {why.rstrip('.')}. {advice(done.stderr)}".rstrip())
    return done.stdout


def tell(printed: str) -> str:
    """What uv complains of, in one line and without passwords."""
    return " ".join(without_credentials(DECORATION.sub(" ", printed)).split())


def without_credentials(text: str) -> str:
    """The text without what is before the `@` of addresses."""
    return CREDENTIALS.sub("", text)


def advice(printed: str) -> str:
    """What to do about it, as far as uv's words tell."""
    return next((what for words, what in ADVICE if re.search(words, printed)), "")
