"""The examples of trees that several workers boost together: all see all rows, each holding a share of them."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from trivium.pipelines.registry import import_file
from trivium.pipelines.results import load_output, load_result
from trivium.store.store import Store

lightgbm = pytest.importorskip("lightgbm", reason="LightGBM is not installed: pip install lightgbm")
xgboost = pytest.importorskip("xgboost", reason="XGBoost is not installed: pip install xgboost")
EXAMPLE = Path(__file__).parents[2] / "examples" / "distributed" / "boosting.py"


@pytest.fixture
def example(tmp_path: Path) -> ModuleType:
    file = tmp_path / "boosting.py"
    file.write_text(EXAMPLE.read_text())
    return import_file(file, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("pipeline", ["light", "extreme"])
def test_workers_boost_one_model_of_which_each_saw_its_share(example: ModuleType, local: Store, pipeline: str) -> None:
    run = getattr(example, pipeline).run(store=local, count=3001)
    (record,) = [each for each in local.catalog.runs.list_tasks(run.id) if each.node.startswith("boost")]
    assert "[0] 1501 rows" in record.log
    assert "[1] 1500 rows" in record.log
    rows = load_output(local, run.id, "points")
    inputs, labels = rows.select(example.FEATURES).to_numpy(), rows["label"].to_numpy()
    model = load_result(local, run.id)
    if pipeline == "light":
        # Counts of a tree's root are of all rows: the histograms were summed over the workers.
        assert (
            lightgbm.Booster(model_str=model).dump_model()["tree_info"][0]["tree_structure"]["internal_count"] == 3001
        )
        scores = lightgbm.Booster(model_str=model).predict(inputs)
    else:
        booster = xgboost.Booster(model_file=bytearray(model))
        cover = booster.trees_to_dataframe().query("Tree == 0 and Node == 0")["Cover"].item()
        assert cover == pytest.approx(3001 / 4, rel=0.2)  # each row weighs a quarter at first; a share would be half
        scores = booster.predict(xgboost.DMatrix(inputs))
    assert ((scores > 0.5) == labels).mean() > 0.98


@pytest.mark.slow
@pytest.mark.parametrize("pipeline", ["light", "extreme"])
def test_one_worker_boosts_alone(example: ModuleType, local: Store, pipeline: str) -> None:
    run = getattr(example, pipeline).run(store=local, count=500, rounds=2, workers=1)
    assert load_result(local, run.id)
