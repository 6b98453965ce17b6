"""The example of distributed training with PyTorch: the same losses as one worker has, also when one is killed."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest

from trivium.pipelines.checkpoint import FOLDER
from trivium.pipelines.registry import import_file
from trivium.store.store import Store, connect
from trivium.tracking.run import run

pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'trivium[torch]'")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]  # each process that loads PyTorch takes its time
EXAMPLE = Path(__file__).parents[2] / "examples" / "distributed" / "ddp.py"


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setenv("TRIVIUM_EXECUTOR", "local")
    file = tmp_path / "ddp.py"
    file.write_text(EXAMPLE.read_text())
    return import_file(file, tmp_path)


def losses(store: Store, run: str) -> dict[int, float]:
    return {point.step: point.value for point in store.catalog.runs.list_metrics(run, "loss")}


def test_two_workers_have_the_losses_of_one(example: ModuleType, tmp_path: Path) -> None:
    found = {}
    for workers in (1, 2):
        with connect(tmp_path / str(workers), actor="ada", durability="fast") as store:
            found[workers] = losses(store, example.ddp.run(store=store, workers=workers).id)
    assert found[1].keys() == set(range(12))
    assert found[2] == pytest.approx(found[1], abs=1e-5)
    assert found[1][11] < found[1][0] - 0.05


def test_after_a_kill_training_goes_on_from_the_checkpoint_with_the_same_losses(
    example: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect(tmp_path / "whole", actor="ada", durability="fast") as store:
        whole = losses(store, example.ddp.run(store=store).id)
    monkeypatch.setenv("TRIVIUM_FAILPOINT", "checkpoint:sealing@9")  # in the first worker, at step 8
    with connect(tmp_path / "killed", actor="ada", durability="fast") as store:
        done = example.ddp.run(store=store)
        (record,) = [each for each in store.catalog.runs.list_tasks(done.id) if each.node == "train"]
        assert losses(store, done.id) == pytest.approx(whole, abs=1e-5)
        assert [each.error.partition(":")[0] for each in record.attempts] == ["worker 0 of 2"]
        assert "ProcessDied: the process was killed by SIGKILL" in record.attempts[0].error
        steps = [int(step) for step in re.findall(r"^\[0\] step (\d+)", record.log, re.MULTILINE)]
        assert steps in ([*range(9), *range(8, 12)], [*range(8), *range(8, 12)])  # only what was not saved is repeated
        assert not list((store.settings.state / FOLDER).rglob("seal-*"))


def test_called_as_a_function_it_trains_alone(example: ModuleType, store: Store) -> None:
    with run("alone"):
        assert example.train(example.points(64), 2, 16)
