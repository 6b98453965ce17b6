from __future__ import annotations

from pathlib import Path

import pytest

from trivium.pipelines.imported import imported_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("one.py", "two.py", "three.py", "package/__init__.py", "package/inner.py", "space/deep.py", "main.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    return tmp_path


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import one, two", ["one.py", "two.py"]),
        ("import one as o; import two", ["one.py", "two.py"]),
        ("from one import (  # the first (of all)\n    a,\n    b,\n)\nimport two", ["one.py", "two.py"]),
        ("from one import a, \\\n    b", ["one.py"]),
        ("def f():\n    import three\n", ["three.py"]),
        ("try:\n    import one\nexcept ImportError: import two\n", ["one.py", "two.py"]),
        ("import package.inner", ["package/__init__.py", "package/inner.py"]),
        ("from package import inner, other", ["package/__init__.py", "package/inner.py"]),
        ("from space.deep import x", ["space/deep.py"]),
        ("from . import one", ["one.py"]),
        ("from .package.inner import x", ["package/__init__.py", "package/inner.py"]),
        ('"""\nfrom here on, import one is text, import it is not.\n"""\nimport two', ["two.py"]),
        ("import json, polars, absent", []),
        ("import one\ndef broken(:", ["one.py"]),
    ],
)
def test_what_a_source_imports_is_found_wherever_it_stands(source: str, expected: list[str], folder: Path) -> None:
    found = dict.fromkeys(imported_files(folder / "main.py", source, [folder]))  # once for each name that is imported
    assert [file.relative_to(folder).as_posix() for file, _ in found] == expected
    assert {home for _, home in found} <= {folder}


def test_a_relative_import_belongs_to_the_folder_of_its_package(folder: Path) -> None:
    (folder / "package" / "more.py").write_text("")
    ((file, home),) = imported_files(folder / "package" / "inner.py", "from .more import x", [folder])
    assert (file, home) == (folder / "package" / "more.py", folder)
