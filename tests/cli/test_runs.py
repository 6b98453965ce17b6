"""`trivium run` and `trivium runs`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

Terminal = Callable[..., Any]


def test_a_run_is_listed_with_the_stable_keys(terminal: Terminal, project: Path) -> None:
    run = terminal("run", "sums", "--set", "count=4", "--json").json
    (row,) = terminal("runs", "list", "--json").json
    assert row == run
    assert (row["pipeline"], row["status"], row["executed"], row["cached"]) == ("sums", "succeeded", 2, 0)
    assert row["started_at"].endswith("Z")
    assert row["metrics"] == {"total": 6.0}


def test_what_tasks_print_stays_out_of_the_json(terminal: Terminal, project: Path) -> None:
    said = terminal("run", "sums", "--json")
    assert said.json["status"] == "succeeded"
    assert "loading 5" in said.err


def test_a_plan_says_what_would_run_and_runs_nothing(terminal: Terminal, project: Path) -> None:
    terminal("run", "sums")
    plan = terminal("run", "sums", "--set", "weight=2", "--plan", "--json").json
    assert [step["action"] for step in plan["steps"]] == ["reuse", "run"]
    assert len(terminal("runs", "list", "--json").json) == 1


def test_the_same_key_is_the_same_run(terminal: Terminal, project: Path) -> None:
    first = terminal("run", "sums", "--key", "nightly", "--json").json
    assert terminal("run", "sums", "--key", "nightly", "--json").json["id"] == first["id"]


def test_a_failed_run_exits_with_one_and_its_log_is_kept(terminal: Terminal, project: Path) -> None:
    said = terminal("run", "sums", "--set", "weight=-1")
    assert said.status == 1
    assert "negative weight" in said.err
    (run,) = terminal("runs", "list", "--status", "failed", "--json").json
    assert "loading 5" in terminal("runs", "logs", run["id"], "load").out
    assert "negative weight" in terminal("runs", "logs", run["id"]).out


def test_a_parameter_that_is_not_there_or_not_written_as_one_is_misuse(terminal: Terminal, project: Path) -> None:
    assert terminal("run", "sums", "--set", "depth=1").status == 2
    assert terminal("run", "sums", "--set", "depth").status == 2
    assert terminal("run", "nothing").status == 2
    assert terminal("runs", "list", "--json").json == []


def test_a_run_is_shown_by_the_beginning_of_its_id(terminal: Terminal, project: Path) -> None:
    run = terminal("run", "sums", "--json").json
    facts = terminal("runs", "show", run["id"][:20], "--json").json
    assert facts["id"] == run["id"]
    assert [task["node"] for task in facts["tasks"]] == ["load", "total"]
    assert run["id"] in terminal("runs", "show", run["id"]).out


def test_runs_are_compared_and_reproduced(terminal: Terminal, project: Path) -> None:
    first = terminal("run", "sums", "--json").json["id"]
    second = terminal("run", "sums", "--set", "weight=2", "--json").json["id"]
    comparison = terminal("runs", "compare", first, second, "--json").json
    assert comparison["parameters"] == {"weight": [1.0, 2.0]}
    assert terminal("runs", "reproduce", second, "--json").json["same"] is True


def test_another_result_is_told_when_reproducing_with_its_likely_cause(terminal: Terminal, project: Path) -> None:
    file = project / "pipeline.py"
    file.write_text(file.read_text().replace("def total", "def total2").replace("return total(", "return total2("))
    file.write_text(file.read_text().replace("return list(range(count))", "import random; return [random.random()]"))
    run = terminal("run", "sums", "--json").json
    said = terminal("runs", "reproduce", run["id"])
    assert said.status == 1
    assert " in load: " in said.err
    assert "Likely cause: load gives another result each time" in said.err
    assert "differs: total2: " in said.out
    assert "reproduced   on 2" in terminal("runs", "show", run["id"]).out
    (evidence,) = terminal("runs", "show", run["id"], "--json").json["reproduced"]
    assert (evidence["same"], evidence["told"].startswith("differs in load: ")) == (False, True)


def test_a_metric_may_differ_by_the_tolerance_when_reproducing(terminal: Terminal, project: Path) -> None:
    file = project / "pipeline.py"
    file.write_text(file.read_text().replace("sum(numbers) * weight)", "__import__('random').random() * 1e-9)", 1))
    run = terminal("run", "sums", "--json").json
    assert terminal("runs", "reproduce", run["id"], "--quick").status == 1
    said = terminal("runs", "reproduce", run["id"], "--tolerance", "1e-8")
    assert (said.status, "every output has the same content" in said.out) == (0, True)
    assert "same, by run" in terminal("runs", "show", run["id"]).out


def test_a_failed_run_goes_on_when_its_code_is_repaired(terminal: Terminal, project: Path) -> None:
    terminal("run", "sums", "--set", "weight=-1")
    (run,) = terminal("runs", "list", "--json").json
    assert terminal("runs", "resume", run["id"]).status == 1
