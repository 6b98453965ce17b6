"""Where the code of a run came from."""

from __future__ import annotations

import inspect
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from trivium.digest import digest_of
from trivium.pipelines.reach import Reached, reach
from trivium.values.runs import Code

GIT_SECONDS = 10
MOST_PATCH_BYTES = 4 << 20


def code_of(function: Callable[..., Any], root: Path, reached: Reached | None = None) -> Code:
    """The digest of all first-party code that the function reaches, its file, and the git commit when there is one.

    reached: that code, when it was found before.
    """
    reached = reached or reach(function, tolerant=True)
    files = [file for file in reached.files if Path(file).is_file()]
    commit, dirty = git_state(files)
    return Code(
        digest=digest_of("pipeline", reached.code), file=_shown(file_of(function), root), git_commit=commit, dirty=dirty
    )


def file_of(function: Callable[..., Any]) -> str:
    """The file that defines the function."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return code.co_filename if code else ""


def git_state(files: Sequence[str]) -> tuple[str | None, bool]:
    """(commit, whether one of these files differs from it); (None, False) without git or outside of a repository."""
    told = _git(files, "status", "--porcelain=v2", "--branch")
    lines = (told or b"").decode(errors="replace").splitlines()
    commit = next((line.split()[-1] for line in lines if line.startswith("# branch.oid ")), "(initial)")
    if told is None or commit == "(initial)":
        return None, False
    return commit, any(not line.startswith("#") for line in lines)


def git_patch(files: Sequence[str]) -> bytes:
    """What differs in these files from the commit; empty without git, or when there is too much of it."""
    patch = _git(files, "diff", "--no-ext-diff", "--no-textconv", "--no-color", "--binary", "HEAD") or b""
    return patch if len(patch) <= MOST_PATCH_BYTES else b""


def _git(files: Sequence[str], *words: str) -> bytes | None:
    """What git says of these files; None without git, files or a repository."""
    if not files:
        return None
    try:
        done = subprocess.run(  # noqa: S603 # fixed program; the files are those of loaded code
            ["git", *words, "--", *files],  # noqa: S607 # whichever git the user has
            cwd=Path(files[0]).parent, capture_output=True, timeout=GIT_SECONDS, check=False,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return None if done.returncode else done.stdout


def _shown(file: str, root: Path) -> str:
    try:
        return str(Path(file).resolve().relative_to(root.resolve()))
    except ValueError:
        return file
