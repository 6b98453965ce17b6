"""Settings: where they come from, which one wins, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from trivium.errors import Misuse
from trivium.settings import Settings, find_root, load_settings


def project(folder: Path, text: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "trivium.toml").write_text(text)
    return folder


def load(folder: Path, environ: dict[str, str] | None = None, **flags: object) -> Settings:
    return load_settings(folder, environ=environ or {"HOME": str(folder / "nobody")}, **flags)


def user_file(home: Path, text: str) -> dict[str, str]:
    (home / ".config" / "trivium").mkdir(parents=True)
    (home / ".config" / "trivium" / "config.toml").write_text(text)
    return {"HOME": str(home)}


def test_without_any_file_there_are_defaults(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert settings == Settings(root=tmp_path, actor=settings.actor)
    assert settings.actor
    assert settings.state == tmp_path / ".trivium"


def test_the_nearer_the_louder(tmp_path: Path) -> None:
    environ = user_file(tmp_path / "home", 'actor = "user"\napprovals = 2\nexecutor = "user"\ndurability = "fast"')
    folder = project(tmp_path / "p", 'actor = "project"\napprovals = 3\nexecutor = "project"')
    environ |= {"TRIVIUM_ACTOR": "variable", "TRIVIUM_APPROVALS": "4"}
    settings = load_settings(folder, environ=environ, actor="flag", executor=None)
    assert (settings.actor, settings.approvals, settings.executor, settings.durability) == (
        "flag",
        4,
        "project",
        "fast",
    )


def test_settings_may_live_in_pyproject(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.trivium]\nactor = "bob"\npipelines = ["a.py", "b.py"]')
    settings = load(tmp_path)
    assert (settings.actor, settings.pipelines) == ("bob", ("a.py", "b.py"))


def test_a_project_file_of_its_own_comes_before_pyproject(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.trivium]\nactor = "bob"')
    assert load(project(tmp_path, 'actor = "ada"')).actor == "ada"


@pytest.mark.parametrize("marker", ["trivium.toml", ".trivium", "pyproject.toml"])
def test_the_root_is_the_nearest_project_upwards(tmp_path: Path, marker: str) -> None:
    deep = tmp_path / "a" / "b" / "c"
    deep.mkdir(parents=True)
    if marker == ".trivium":
        (tmp_path / "a" / marker).mkdir()
    else:
        (tmp_path / "a" / marker).write_text("[tool.trivium]\n" if marker == "pyproject.toml" else "")
    assert find_root(deep) == tmp_path / "a"


def test_a_folder_outside_of_any_project_is_its_own_root(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.other]\nx = "trivium"')
    assert find_root(tmp_path) == tmp_path


def test_a_variable_names_the_root(tmp_path: Path) -> None:
    folder = project(tmp_path / "p", 'actor = "ada"')
    assert load_settings(tmp_path, environ={"TRIVIUM_ROOT": str(folder)}).actor == "ada"


@pytest.mark.parametrize(
    ("text", "message"),
    [("actr = 'ada'", "unknown field `actr`.*Known settings: actor, store, storage"),
     ("actor = 7", "Expected `str`"), ("durability = 'some'", "Invalid enum value 'some'"),
     ("approvals = 'many'", "approvals"), ("approvals = -1", "approvals"), ("pipelines = 'a.py'", "pipelines"),
     ("actor = ", "trivium.toml is not valid TOML"), ("actor = '\udce9'", "trivium.toml is not valid TOML")],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "trivium.toml").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(Misuse, match=message):
        load(tmp_path)


@pytest.mark.parametrize("text", ["tool = 3", "[tool]\ntrivium = 3"])
def test_a_pyproject_that_has_no_table_for_us_has_no_settings(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    assert load(tmp_path).approvals == 1


def test_a_wrong_variable_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misuse, match="approvals"):
        load(tmp_path, {"TRIVIUM_APPROVALS": "two"})
