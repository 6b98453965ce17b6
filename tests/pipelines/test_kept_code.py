from __future__ import annotations

import linecache
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest

from trivium.pipelines.cells import needed_source
from trivium.pipelines.code_archive import INDEX, CodeIndex, unpack
from trivium.pipelines.kept_code import keep_code
from trivium.pipelines.registry import import_file
from trivium.store.store import Store
from trivium.values.runs import Code

FLOW = """
from trivium.pipelines.task import task
from trivium.pipelines.pipeline import pipeline
from tools.numbers import inc

@task
def step(n: int) -> int:
    return inc(n)

@pipeline
def flow(n: int = 1) -> int:
    return step(n)
"""


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.fixture
def project(store: Store, module: Callable[..., ModuleType]) -> Path:
    """A pipeline in one file, and a package whose modules import each other; `module` forgets them."""
    root = store.settings.root
    write(root, flow=FLOW, tools__numbers="from . import more\n\ndef inc(n):\n    return n + more.ONE\n")
    write(root, tools__more="ONE = 1\n", unrelated="x = 1\n")
    (root / "tools" / "__init__.py").write_text("")
    (root / "data.csv").write_text("a\n1\n")
    (root / "uv.lock").write_text("version = 1\n")
    return root


def keep(project: Path, store: Store) -> Code:
    return keep_code(import_file(project / "flow.py", project).flow.function, store)


def names(store: Store, code: Code) -> list[str]:
    with zipfile.ZipFile(store.blobs.local_path(code.kept)) as archive:
        return archive.namelist()


def index(store: Store, code: Code) -> CodeIndex:
    with zipfile.ZipFile(store.blobs.local_path(code.kept)) as archive:
        return msgspec.json.decode(archive.read(INDEX), type=CodeIndex)


def test_what_the_pipeline_reaches_and_imports_is_kept_with_the_lock_and_nothing_else(
    project: Path, store: Store
) -> None:
    code = keep(project, store)
    kept = ["flow.py", "tools/__init__.py", "tools/more.py", "tools/numbers.py", "uv.lock"]
    assert names(store, code) == [INDEX, *kept]
    assert index(store, code) == CodeIndex(main="flow.py", function="flow", folders=(".",))
    assert code.note == ""


def test_the_archive_depends_on_the_files_alone(project: Path, store: Store) -> None:
    first = keep(project, store).kept
    for path in project.rglob("*.py"):
        path.touch()
    (store.settings.state / "kept_code.json").unlink()
    assert keep(project, store).kept == first
    assert first == "d41498e329843408859937d7ce81e678f1b163bfc8599762faaae79e21d134cb"


def test_a_change_in_any_of_the_files_is_kept_and_so_is_a_new_one_that_hides_another(
    project: Path, store: Store
) -> None:
    first = keep(project, store)
    assert keep(project, store) == first
    (project / "tools" / "more.py").write_text("ONE = 2\n")
    second = keep(project, store)
    (project / "tools" / "numbers").mkdir()
    (project / "tools" / "numbers" / "__init__.py").write_text("def inc(n):\n    return n\n")
    third = keep(project, store)
    assert len({first.kept, second.kept, third.kept}) == 3
    assert "tools/numbers/__init__.py" in names(store, third)


def test_what_is_kept_before_but_lost_is_kept_again(project: Path, store: Store) -> None:
    code = keep(project, store)
    store.blobs.delete(code.kept)
    assert store.blobs.has(keep(project, store).kept)


def test_files_of_secrets_and_large_ones_are_left_out_and_named(project: Path, store: Store) -> None:
    write(project, my_secrets="TOKEN = 'x'\n", large="#" * (1 << 20) + "\n")
    (project / "flow.py").write_text("import my_secrets, large\n" + FLOW)
    code = keep(project, store)
    assert "my_secrets.py: its name says that it holds secrets" in code.note
    assert "large.py: it has 1,048,577 bytes, more than 1,048,576" in code.note
    assert index(store, code).left_out.keys() == {"my_secrets.py", "large.py"}
    assert not {"my_secrets.py", "large.py"} & set(names(store, code))


def test_a_helper_outside_of_the_project_is_kept_in_a_folder_of_its_own(
    project: Path, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(write(tmp_path / "shared", shared_helper="TWO = 2\n")))
    (project / "flow.py").write_text("import shared_helper\n" + FLOW)
    code = keep(project, store)
    assert "outside/0/shared_helper.py" in names(store, code)
    assert index(store, code).folders == (".", "outside/0")


def test_code_with_changes_is_kept_with_its_commit_and_a_patch_that_makes_it_from_there(
    project: Path, store: Store, tmp_path: Path
) -> None:
    def git(folder: Path, *words: str) -> None:
        identity = ["-c", "user.name=ada", "-c", "user.email=ada@example.org"]
        subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)

    git(project, "init", "-q")
    git(project, "add", "*.py")
    git(project, "commit", "-qm", "Start")
    assert keep(project, store).patch == ""
    git(project.parent, "clone", "-q", str(project), str(tmp_path / "clone"))
    (project / "flow.py").write_text(FLOW + "\n# changed\n")
    code = keep(project, store)
    assert code.dirty
    (tmp_path / "change.patch").write_bytes(store.blobs.get(code.patch))
    git(tmp_path / "clone", "apply", str(tmp_path / "change.patch"))
    assert (tmp_path / "clone" / "flow.py").read_text() == FLOW + "\n# changed\n"


def test_code_that_was_typed_in_is_kept_by_its_text(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = [FLOW.replace("from tools.numbers import inc", "inc = lambda n: n + 1"), "print(flow(1))"]
    typed: dict[str, Any] = {"__name__": "__main__"}
    for number, cell in enumerate(cells[:1]):
        name = f"<cell-{number}>"
        monkeypatch.setitem(linecache.cache, name, (len(cell), None, cell.splitlines(keepends=True), name))
        exec(compile(cell, name, "exec"), typed)
    monkeypatch.setattr(sys.modules["__main__"], "In", ["", *cells], raising=False)
    code = keep_code(typed["flow"].function, store)
    assert unpack(store.blobs.get(code.kept), tmp_path).main == "notebook_cells.py"
    text = (tmp_path / "notebook_cells.py").read_text()
    assert "def step(n: int) -> int:" in text
    assert "inc = lambda n: n + 1" in text
    assert "print" not in text


def test_generated_code_is_no_code_that_was_typed_in(project: Path, store: Store) -> None:
    classes = "from dataclasses import dataclass\n@dataclass\nclass Row:\n    n: int\n"
    (project / "flow.py").write_text(classes + FLOW.replace("return inc(n)", "return Row(inc(n)).n"))
    code = keep(project, store)
    assert (code.note, "notebook_cells.py" in names(store, code)) == ("", False)


def test_of_typed_cells_only_what_the_pipeline_needs_counts_and_the_last_of_each_name() -> None:
    cells = ["import os\nimport json", "def helper(): return 1", "def helper(): return json", "x = helper()\nhelper()"]
    cells.append("def flow(): return helper()")
    assert needed_source(cells, "flow") == (
        "import json\n\ndef helper():\n    return json\n\ndef flow():\n    return helper()\n"
    )
    assert needed_source(cells, "absent") == ""


def test_text_that_nobody_kept_is_told(store: Store) -> None:
    typed: dict[str, Any] = {"__name__": "somewhere"}
    exec(compile("def flow():\n    return 1\n", "<unknown>", "exec"), typed)
    code = keep_code(typed["flow"], store)
    assert (code.kept, code.note) == ("", "notebook_cells.py: nobody kept the text of what was typed in")


def test_a_patch_says_nothing_of_files_that_are_not_kept(project: Path, store: Store) -> None:
    (project / "flow.py").write_text("import my_secrets\n" + FLOW)
    write(project, my_secrets="TOKEN = 'first'\n")
    subprocess.run(["git", "init", "-q"], cwd=project, check=True)
    subprocess.run(["git", "add", "flow.py", "my_secrets.py"], cwd=project, check=True)
    identity = ["-c", "user.name=ada", "-c", "user.email=ada@example.org"]
    subprocess.run(["git", *identity, "commit", "-qm", "Start"], cwd=project, check=True)
    write(project, my_secrets="TOKEN = 'second'\n", flow="import my_secrets\n" + FLOW + "\n# changed\n")
    patch = store.blobs.get(keep(project, store).patch)
    assert b"# changed" in patch
    assert b"TOKEN" not in patch
