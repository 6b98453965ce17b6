"""`trivium pipelines` and `trivium runs output`, as a user types them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

Terminal = Callable[..., Any]
FLOW = """
import polars as pl
import trivium as tv

@tv.task
def load(day: str, days: int) -> pl.DataFrame:
    return pl.DataFrame({"day": [day] * days})

@tv.pipeline
def features(day: str, days: int = 3) -> pl.DataFrame:
    return load(day, days)

@tv.task
def enough(rows: pl.DataFrame) -> bool:
    return rows.height > 2

@tv.pipeline
def checked(days: int = 2) -> str:
    rows = load("2024-01-01", days)
    return tv.when(enough(rows), then=lambda: height(rows), otherwise=lambda: "too few")

@tv.task
def height(rows: pl.DataFrame) -> str:
    return str(rows.height)
"""


@pytest.fixture
def flow(project: Path) -> Path:
    (project / "flow.py").write_text(FLOW)
    (project / "trivium.toml").write_text('pipelines = ["flow.py"]\ndurability = "fast"\n')
    return project / "flow.py"


FILES = """
import tempfile
from pathlib import Path
import trivium as tv

@tv.task
def page() -> Path:
    file = Path(tempfile.mkdtemp()) / "page.html"
    file.write_text("<html>")
    return file

@tv.task
def whole(page: Path, style: Path) -> Path:
    site = Path(tempfile.mkdtemp()) / "site"
    (site / "css").mkdir(parents=True)
    (site / "css" / "main.css").write_text(style.read_text())
    (site / page.name).write_text(page.read_text())
    return site

@tv.pipeline
def site(style: Path):
    return whole(page(), style)
"""


def test_a_pipeline_is_published_listed_and_shown(terminal: Terminal, flow: Path) -> None:
    said = terminal("pipelines", "publish", "features", "--note", "by day")
    assert "features@1 is published: features(day: str, days: int = 3) -> DataFrame" in said.out, said.err
    assert 'tv.published("features", version=1)' in said.out
    assert "features@1 is published already" in terminal("pipelines", "publish", "features").out
    (row,) = terminal("pipelines", "list", "--json").json
    assert (row["id"], row["note"], row["tables"]) == ("features@1", "by day", "none")
    assert "(day: str, days: int = 3) -> DataFrame" in terminal("pipelines", "show", "features").out
    assert "has no version 9; its newest is 1" in terminal("pipelines", "show", "features@9").err
    assert terminal("pipelines", "show", "features@x").status == 2


def test_what_a_run_was_made_of_is_published(terminal: Terminal, flow: Path) -> None:
    terminal("run", "checked")
    (run,) = terminal("runs", "list", "--json").json
    flow.write_text(FLOW.replace("days: int = 2", "days: int = 9"))
    said = terminal("pipelines", "publish", "--run", run["id"], "--note", "measured")
    assert "checked@1 is published: checked(days: int = 2) -> str" in said.out, said.err
    shown = terminal("pipelines", "show", "checked", "--json").json
    assert (shown["run"], shown["kept"], shown["note"]) == (run["id"], run["code"]["kept"], "measured")
    assert "checked@1 is published already" in terminal("pipelines", "publish", "checked", "--run", run["id"]).out
    assert terminal("runs", "reproduce", run["id"]).status == 0


@pytest.mark.parametrize(
    ("words", "story"),
    [
        ((), "Say what to publish"),
        (("features", "--run", "{run}"), "is one of 'checked', and not of 'features'"),
        (("--run", "{run}"), "is failed; only one that has succeeded can be published"),
    ],
)
def test_what_cannot_be_published_is_told(terminal: Terminal, flow: Path, words: tuple[str, ...], story: str) -> None:
    flow.write_text(FLOW.replace("return rows.height > 2", "raise ValueError"))
    terminal("run", "checked")
    (run,) = terminal("runs", "list", "--json").json
    said = terminal("pipelines", "publish", *(word.format(run=run["id"]) for word in words))
    assert said.status == 2
    assert story in said.err


def test_skipped_tasks_are_told_of(terminal: Terminal, flow: Path) -> None:
    said = terminal("run", "checked")
    assert "2 executed, 0 reused, 1 skipped." in said.out
    assert "height skipped: `enough` was False" in said.err
    steps = {each["node"]: each for each in terminal("run", "checked", "--plan", "--json").json["steps"]}
    assert (steps["height"]["action"], steps["height"]["why"]) == ("skip", "`enough` was False")


def test_what_a_task_made_is_shown_or_written_to_a_file(terminal: Terminal, flow: Path) -> None:
    terminal("run", "checked")
    (run,) = terminal("runs", "list", "--json").json
    assert terminal("runs", "output", run["id"]).out.strip() == "too few"
    file = flow.with_name("rows.parquet")
    assert terminal("runs", "output", run["id"], "load", "--to", str(file)).status == 0
    assert pl.read_parquet(file).height == 2
    assert "this is a bool" in terminal("runs", "output", run["id"], "enough", "--to", str(file)).err
    assert "it was skipped, because `enough` was False" in terminal("runs", "output", run["id"], "height").err


def test_files_that_a_task_made_are_told_and_written(terminal: Terminal, flow: Path) -> None:
    flow.write_text(FILES)
    flow.with_name("style.css").write_text("p{")
    terminal("run", "site", "--set", f"style={flow.with_name('style.css')}")
    (run,) = terminal("runs", "list", "--json").json
    assert terminal("runs", "output", run["id"], "page").out.splitlines() == [
        "page.html  6 bytes",
        "`--to PATH` writes it there.",
    ]
    assert "site/css/main.css  2 bytes" in terminal("runs", "output", run["id"]).out
    assert "style.css (" in terminal("runs", "show", run["id"]).out
    assert list(terminal("runs", "show", run["id"], "--json").json["files"]) == [str(flow.with_name("style.css"))]
    page, site = flow.with_name("page.html"), flow.with_name("site")
    assert terminal("runs", "output", run["id"], "page", "--to", str(page)).status == 0
    assert terminal("runs", "output", run["id"], "--to", str(site)).status == 0
    assert (page.read_text(), (site / "css" / "main.css").read_text()) == ("<html>", "p{")
    assert "is there already" in terminal("runs", "output", run["id"], "--to", str(site)).err
    for place, why in (("none/page.html", "No such file or directory"), ("site", "Is a directory")):
        said = terminal("runs", "output", run["id"], "page", "--to", place)
        assert said.err == f"error: {place} cannot be written: {why}.\n"
