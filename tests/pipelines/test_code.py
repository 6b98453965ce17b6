from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from trivium.pipelines.code import code_of, git_state

SOURCE = "def helper():\n    return 1\n\ndef flow():\n    return helper()\n"


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=ada", "-c", "user.email=ada@example.org"]
    return subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True).stdout


def test_the_commit_is_recorded_and_whether_the_reached_files_differ_from_it(
    tmp_path: Path, module: Callable[..., ModuleType]
) -> None:
    flow = module(SOURCE, name="flow_in_git", folder="repository").flow
    folder = tmp_path / "repository"
    git(folder, "init", "-q")
    assert code_of(flow, folder).git_commit is None
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "Start")
    (folder / "unrelated.txt").write_text("x")
    code = code_of(flow, folder)
    assert (code.file, code.git_commit, code.dirty) == (
        "flow_in_git.py",
        git(folder, "rev-parse", "HEAD").strip(),
        False,
    )
    (folder / "flow_in_git.py").write_text(SOURCE + "\n# more\n")
    assert code_of(flow, folder).dirty


def test_without_git_there_is_a_digest_and_no_commit(
    tmp_path: Path, module: Callable[..., ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    flow = module(SOURCE).flow
    monkeypatch.setenv("PATH", "")
    code = code_of(flow, tmp_path)
    assert (code.git_commit, code.dirty, len(code.digest)) == (None, False, 64)
    assert git_state([]) == (None, False)
