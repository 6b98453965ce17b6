"""The story ends well, ends the same when it was killed on the way, and agrees with the catalog."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

COMMAND = [sys.executable, "-m", "trivium"]
DAYS = 14
FAILPOINTS = [
    "catalog:before_commit@150", "commit:staged@60", "catalog:after_commit@300", "run:started", "run:task_recording@3",
    "run:task_done@5", "run:finishing@2", "trigger:running", "collect:committed@4", "verdict:recorded",
]  # fmt: skip


def tell(folder: Path, *, failpoint: str = "", kill_after: float | None = None) -> tuple[int, str]:
    """Status and narration of one telling, killed when it is asked for."""
    environment = {**os.environ, "TRIVIUM_FAILPOINT": failpoint}
    process = subprocess.Popen(
        [*COMMAND, "demo", "--days", str(DAYS)], cwd=folder, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    with process:
        try:
            process.wait(kill_after)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        narrated = process.communicate()[0]
    return process.returncode, narrated


def ask(folder: Path, *words: str) -> Any:
    """What the terminal answers with --json."""
    answered = subprocess.run([*COMMAND, *words, "--json"], cwd=folder, capture_output=True, text=True, check=True)
    return json.loads(answered.stdout)


def end_of(folder: Path) -> dict[str, Any]:
    """Everything that has to be the same, however often the story was interrupted."""
    predictions = (
        "SELECT count(*), count(DISTINCT (request_id, version)), round(sum(score), 6) FROM lateness_predictions"
    )
    return {
        "tables": [
            (each["name"], each["version"], each["rows"], each["state"]) for each in ask(folder, "tables", "list")
        ],
        "models": [(each["version"], each["aliases"], each["artifact"]) for each in ask(folder, "models", "list")],
        "runs": sorted((each["pipeline"], each["status"], each["executed"]) for each in ask(folder, "runs", "list")),
        "alerts": sorted(
            (each["table"], each["column"], each["partition"], each["severity"], each["state"])
            for each in ask(folder, "alerts", "list")
            if each["kind"] != "latency"  # how quick the answers were is not the same twice
        ),
        "routes": [each["routes"] for each in ask(folder, "endpoints", "list")],
        "chain": ask(folder, "audit", "verify")["problems"],
        "predictions": ask(folder, "tables", "query", predictions),
    }


def without_commits_of_log(end: dict[str, Any]) -> dict[str, Any]:
    """The same without how many commits the prediction log has: what a killed gateway had written is one of its own."""
    tables = [
        (name, "" if name == "lateness_predictions" else version, *rest) for name, version, *rest in end["tables"]
    ]
    return {**end, "tables": tables}


def stop_gateway(folder: Path) -> None:
    """No process stays behind a killed telling; the gateway's id is in its own project's folder."""
    address = folder / ".trivium" / "gateway.json"
    if address.is_file():
        with suppress(ProcessLookupError):
            os.kill(json.loads(address.read_text())["pid"], signal.SIGKILL)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A folder in which the story was told to its end, and the narration."""
    folder = tmp_path_factory.mktemp("told")
    status, narrated = tell(folder)
    assert status == 0, narrated[-2000:]
    yield folder, narrated
    stop_gateway(folder)


@pytest.mark.timeout(600)
def test_the_narration_agrees_with_the_catalog(told: tuple[Path, str]) -> None:
    folder, narrated = told
    runs, versions = ask(folder, "runs", "list"), ask(folder, "models", "list")
    (champion,) = [each["version"] for each in versions if "champion" in each["aliases"]]
    assert f"Champion: version {champion}." in narrated
    assert f"{len(runs)} runs, {len(versions)} model versions" in narrated
    assert [route["version"] for route in ask(folder, "endpoints", "list")[0]["routes"]] == [champion]
    logged = re.findall(r"(\d+) predictions logged", narrated)
    answered = ask(folder, "tables", "query", "SELECT count(*) AS n FROM lateness_predictions WHERE answered")
    assert sum(map(int, logged)) == answered[0]["n"]


@pytest.mark.timeout(600)
def test_the_broken_day_blocks_exactly_its_columns_and_the_retraining(told: tuple[Path, str]) -> None:
    folder, narrated = told
    blocking = [each for each in ask(folder, "alerts", "list") if each["severity"] == "block"]
    assert sorted((each["table"], each["column"]) for each in blocking) == [("flights", "carrier"), ("weather", "temp")]
    assert {each["state"] for each in blocking} == {"resolved"}
    assert "Retraining, due today, is refused: alert" in narrated
    statuses = [each["status"] for each in ask(folder, "runs", "list") if each["pipeline"] == "lateness"]
    assert statuses.count("refused") == 1


@pytest.mark.timeout(600)
def test_the_good_candidate_is_promoted_and_the_mistake_is_rolled_back(told: tuple[Path, str]) -> None:
    folder, narrated = told
    assert "promote. auc" in narrated
    assert "roll_back. auc" in narrated
    verdicts = ask(folder, "endpoints", "verdict", "lateness")
    assert [each["decision"] for each in verdicts if each["decision"] != "wait"] == ["promote", "roll_back"]


@pytest.mark.timeout(600)
def test_telling_it_again_changes_nothing(told: tuple[Path, str]) -> None:
    folder, _ = told
    before = end_of(folder)
    status, narrated = tell(folder)
    assert status == 0, narrated[-2000:]
    assert end_of(folder) == before
    assert before["chain"] == []


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the telling was killed when its first run had started."""
    folder = tmp_path_factory.mktemp("begun")
    assert tell(folder, failpoint="run:started")[0] == -signal.SIGKILL
    return folder


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_a_kill_at_any_place_gives_the_same_end(told: tuple[Path, str], tmp_path: Path, failpoint: str) -> None:
    assert tell(tmp_path, failpoint=failpoint)[0] == -signal.SIGKILL
    status, narrated = tell(tmp_path)
    stop_gateway(tmp_path)
    assert status == 0, narrated[-2000:]
    assert end_of(tmp_path) == end_of(told[0])


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(6))
def test_a_kill_at_any_time_gives_the_same_end(told: tuple[Path, str], begun: Path, tmp_path: Path, seed: int) -> None:
    folder = tmp_path / "story"
    shutil.copytree(begun, folder)
    tell(folder, kill_after=random.Random(seed).uniform(2, 20))
    if seed % 2:
        stop_gateway(folder)
    status, narrated = tell(folder)
    stop_gateway(folder)
    assert status == 0, narrated[-2000:]
    assert without_commits_of_log(end_of(folder)) == without_commits_of_log(end_of(told[0]))
