from __future__ import annotations

from pathlib import Path

import pytest

from trivium.code.source import digest_source
from trivium.errors import Misuse, NotFound
from trivium.pipelines.cache_key import key_parts
from trivium.pipelines.registry import find_pipeline, import_file, list_declared, list_pipelines
from trivium.pipelines.task import Task
from trivium.settings import Settings

SOURCE = """from trivium.pipelines.pipeline import pipeline
from trivium.pipelines.task import task
import near_by

@task
def double(n: int) -> int:
    return near_by.twice(n)

@pipeline
def doubled(n: int = 2):
    return double(n)
"""


@pytest.fixture
def settings(tmp_path: Path, module: object) -> Settings:
    (tmp_path / "flows.py").write_text(SOURCE)
    (tmp_path / "near_by.py").write_text("def twice(n):\n    return 2 * n\n")
    return Settings(root=tmp_path, actor="ada", pipelines=("flows.py",))


def test_a_pipeline_is_found_by_name_in_the_files_of_the_settings(settings: Settings) -> None:
    found = find_pipeline("doubled", settings)
    assert found(3) == 6
    assert [each.name for each in list_pipelines(settings)] == ["doubled"]
    assert [each.name for each in list_declared(settings, Task)] == ["double"]


def test_importing_twice_gives_the_same_module_and_its_source_is_found(settings: Settings) -> None:
    found = find_pipeline("doubled", settings)
    assert find_pipeline("doubled", settings) is found
    (node,) = found.graph().nodes
    assert digest_source(node.task.function.__code__) is not None
    assert [name for name, _ in key_parts(node, {}, {}, "e").code] == ["double", "twice"]


def test_an_unknown_pipeline_is_answered_with_those_that_there_are(settings: Settings) -> None:
    with pytest.raises(NotFound, match=r"no pipeline 'double' in flows\.py; there are: doubled"):
        find_pipeline("double", settings)


def test_a_project_that_names_no_file_says_where_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"Add `pipelines = .*trivium\.toml"):
        find_pipeline("doubled", Settings(root=tmp_path, actor="ada"))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x = 1\nimport no_such_package\n", r"broken\.py, line 2 fails to import: ModuleNotFoundError"),
        ("def f(:\n", r"broken\.py, line 1 fails to import: SyntaxError"),
        ("\n\n1 / 0\n", r"broken\.py, line 3 fails to import: ZeroDivisionError"),
        ("raise SystemExit(3)\n", r"broken\.py, line 1 fails to import: SystemExit"),
    ],
    ids=["absent package", "syntax", "error", "exit"],
)
def test_a_module_that_fails_to_import_is_told_with_error_and_line(
    source: str, message: str, tmp_path: Path, module: object
) -> None:
    (tmp_path / "broken.py").write_text(source)
    with pytest.raises(Misuse, match=message):
        import_file(tmp_path / "broken.py", tmp_path)
    (tmp_path / "broken.py").write_text("fixed = True\n")
    assert import_file(tmp_path / "broken.py", tmp_path).fixed


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def f(:\n", r"broken\.py, line 2 fails to import: SyntaxError: .*inner_part\.py, line 1\)"),
        ("\n\n1 / 0\n", r"broken\.py, line 2 fails to import: ZeroDivisionError: .*inner_part\.py, line 3\)"),
    ],
    ids=["syntax", "error"],
)
def test_a_module_whose_own_import_fails_is_told_with_both_lines(
    source: str, message: str, tmp_path: Path, module: object
) -> None:
    (tmp_path / "broken.py").write_text("x = 1\nimport inner_part\n")
    (tmp_path / "inner_part.py").write_text(source)
    with pytest.raises(Misuse, match=message):
        import_file(tmp_path / "broken.py", tmp_path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Misuse, match=r"There is no file .*absent\.py"):
        import_file(tmp_path / "absent.py", tmp_path)


def test_a_file_with_the_name_of_another_module_is_not_mistaken_for_it(tmp_path: Path, module: object) -> None:
    (tmp_path / "json.py").write_text("mine = True\n")
    assert import_file(tmp_path / "json.py", tmp_path).mine


def test_a_file_of_a_package_is_imported_as_its_part(tmp_path: Path, module: object) -> None:
    package = tmp_path / "ours" / "inner"
    package.mkdir(parents=True)
    for folder in (tmp_path / "ours", package):
        (folder / "__init__.py").write_text("")
    (package / "limits.py").write_text("LIMIT = 3\n")
    (package / "flow.py").write_text("from .limits import LIMIT\n")
    found = import_file(package / "flow.py", tmp_path)
    assert (found.__name__, found.LIMIT) == ("ours.inner.flow", 3)
