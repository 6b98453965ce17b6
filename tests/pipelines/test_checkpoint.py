"""Checkpoints of a task: whole or not there, found by the next attempt, gone when nobody needs them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trivium.errors import Misuse, UnsupportedValue
from trivium.pipelines.checkpoint import FOLDER, KEPT, Checkpoints, forget_checkpoints
from trivium.pipelines.redaction import Redaction
from trivium.settings import load_settings
from trivium.store.store import Store, connect, open_store


def attempt(store: Store, gang: str = "", key: str = "key") -> Checkpoints:
    return Checkpoints(store, "run", key, gang, Redaction())


def test_another_attempt_goes_on_from_the_newest_step(store: Store) -> None:
    assert attempt(store).latest() is None
    first = attempt(store)
    first.save({"weights": np.arange(3.0), "seen": [1, 2]}, 4)
    first.save({"weights": np.arange(3.0) + 1, "seen": [1, 2, 3]}, 5)
    found = attempt(store).latest()
    assert found is not None
    assert found.step == 5
    assert found.value["weights"].tolist() == [1.0, 2.0, 3.0]
    assert attempt(store, key="other").latest() is None


def test_all_workers_of_an_attempt_see_what_was_there_when_it_began(store: Store) -> None:
    attempt(store, "before").save("old", 1)
    attempt(store, "now").save("new", 2)
    late = attempt(store, "now").latest()
    assert late == (1, "old")


@pytest.mark.parametrize("value", [b"\x00weights", pl.DataFrame({"x": [1, 2]})], ids=["bytes", "frame"])
def test_bytes_and_frames_come_back(store: Store, value: object) -> None:
    attempt(store).save(value, 0)
    found = attempt(store).latest()
    assert found is not None
    assert found.value.equals(value) if isinstance(value, pl.DataFrame) else found.value == value


def test_a_folder_comes_back_as_a_copy_that_is_gone_with_the_attempt(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "state"
    (folder / "parts").mkdir(parents=True)
    (folder / "parts" / "0.bin").write_bytes(b"zero")
    (folder / "index.json").write_text("{}")
    attempt(store).save(folder, 3)
    (folder / "index.json").write_text("later")
    reader = attempt(store)
    found = reader.latest()
    assert found is not None
    copy = found.value
    assert sorted(path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file()) == [
        "index.json",
        "parts/0.bin",
    ]
    assert (copy / "index.json").read_text() == "{}"
    reader.close()
    assert not copy.exists()


def test_the_newest_of_this_attempt_and_of_those_before_are_kept(store: Store) -> None:
    for gang, steps in (("first", range(5)), ("second", range(5, 9))):
        saver = attempt(store, gang)
        for step in steps:
            saver.save([step] * 10, step)
    seals = sorted(path.parent.name for path in (store.settings.state / FOLDER).rglob("seal-*"))
    assert seals == [
        *(f"{step:012}-first" for step in (3, 4)),
        *(f"{step:012}-second" for step in (7, 8)),
    ]
    assert len(seals) == 2 * KEPT


@pytest.mark.parametrize("file", ["seal-*", "[0-9a-f][0-9a-f]/*"])
def test_a_damaged_checkpoint_is_passed_over_and_told(
    store: Store, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    saver = attempt(store)
    saver.save({"step": 1}, 1)
    saver.save({"step": 2}, 2)
    (damaged,) = (store.settings.state / FOLDER).glob(f"run/key/{2:012}-*/{file}")
    damaged.chmod(0o600)
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    assert attempt(store).latest() == (1, {"step": 1})
    assert "The checkpoint of step 2 is passed over" in capsys.readouterr().err


def test_a_process_that_is_killed_while_it_saves_leaves_the_checkpoint_before(tmp_path: Path) -> None:
    script = """
from trivium.pipelines.checkpoint import Checkpoints
from trivium.pipelines.redaction import Redaction
from trivium.store.store import connect
with connect("project") as store:
    for step in (1, 2):
        Checkpoints(store, "run", "key", "", Redaction()).save({"step": step}, step)
"""
    environ = {**os.environ, "TRIVIUM_FAILPOINT": "checkpoint:sealing@2"}
    killed = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=environ, check=False)
    assert killed.returncode == -signal.SIGKILL
    with connect(tmp_path / "project") as store:
        assert attempt(store).latest() == (1, {"step": 1})


def test_nothing_is_left_of_what_is_forgotten(store: Store) -> None:
    attempt(store).save([1], 1)
    attempt(store, key="other").save([2], 2)
    forget_checkpoints(store, "run", "key")
    assert [path.name for path in (store.settings.state / FOLDER / "run").iterdir()] == ["other"]
    forget_checkpoints(store, "run", "never was")


def test_a_step_below_zero_and_a_value_that_would_not_come_back_are_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(Misuse, match="step=-1 of a checkpoint counts from 0"):
        attempt(store).save(1, -1)
    with pytest.raises(UnsupportedValue, match="A checkpoint cannot be stored"):
        attempt(store).save(object(), 1)
    with pytest.raises(Misuse, match="no such file or folder"):
        attempt(store).save(tmp_path / "absent", 1)


def test_the_value_of_a_secret_is_not_saved(store: Store) -> None:
    redaction = Redaction()
    redaction.hide({"TOKEN": "correct-horse-battery"})
    saver = Checkpoints(store, "run", "key", "", redaction)
    with pytest.raises(UnsupportedValue, match="the value of the secret 'TOKEN'"):
        saver.save({"config": "correct-horse-battery"}, 1)


def test_checkpoints_are_kept_in_the_object_store_when_that_is_the_storage(s3_url: str, tmp_path: Path) -> None:
    for number, expected in enumerate([None, (7, {"step": 7}), None]):
        root = tmp_path / f"machine{number}"
        settings = load_settings(root, environ={"TRIVIUM_ROOT": str(root)}, storage=s3_url, actor="ada")
        store = open_store(settings)
        assert attempt(store).latest() == expected
        attempt(store).save({"step": 7}, 7)
        if expected:
            forget_checkpoints(store, "run", "key")
        store.close()
