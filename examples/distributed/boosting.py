"""Trees that several workers boost together, each on its share of the rows: LightGBM and XGBoost.

trivium run light        # with `pipelines = ["boosting.py"]` in trivium.toml
trivium run extreme
"""

from __future__ import annotations

import lightgbm
import numpy as np
import polars as pl
import xgboost
from xgboost.tracker import RabitTracker

import trivium as tv

FEATURES = ["a", "b", "c"]


@tv.task
def points(count: int) -> pl.DataFrame:
    inside = np.random.default_rng(7).normal(size=(count, 3))
    label = ((inside[:, :2] ** 2).sum(axis=1) < 1.4).astype(int)
    return pl.DataFrame({"a": inside[:, 0], "b": inside[:, 1], "c": inside[:, 2], "label": label})


@tv.task(workers=2)
def boost_light(rows: pl.LazyFrame, rounds: int) -> str:
    worker = tv.current_worker()
    mine = worker.shard(rows).collect()
    together = {
        "tree_learner": "data",
        "pre_partition": True,
        "machines": ",".join(worker.hosts),
        "num_machines": worker.world_size,
        "local_listen_port": worker.port,
    }
    learn = {"objective": "binary", "num_threads": 1, "verbose": -1}
    data = lightgbm.Dataset(mine.select(FEATURES).to_numpy(), mine["label"].to_numpy())
    print(f"{mine.height} rows")
    model: lightgbm.Booster = lightgbm.train({**learn, **together}, data, rounds)
    return str(model.model_to_string())


@tv.task(workers=2)
def boost_extreme(rows: pl.LazyFrame, rounds: int) -> bytes:
    worker = tv.current_worker()
    mine = worker.shard(rows).collect()
    host, port = worker.hosts[0].rsplit(":", 1)
    if worker.is_first:  # the place where the workers find each other
        tracker = RabitTracker(n_workers=worker.world_size, host_ip=host, port=int(port))
        tracker.start()
    place = {"dmlc_tracker_uri": host, "dmlc_tracker_port": int(port), "dmlc_task_id": str(worker.rank)}
    with xgboost.collective.CommunicatorContext(**place, dmlc_retry=10):
        data = xgboost.DMatrix(mine.select(FEATURES).to_numpy(), mine["label"].to_numpy())
        print(f"{mine.height} rows")
        model = xgboost.train({"objective": "binary:logistic", "nthread": 1, "tree_method": "hist"}, data, rounds)
    return bytes(model.save_raw())


@tv.pipeline
def light(count: int = 3000, rounds: int = 20, workers: int = 2) -> str:
    return boost_light.using(workers=workers)(points(count), rounds)


@tv.pipeline
def extreme(count: int = 3000, rounds: int = 20, workers: int = 2) -> bytes:
    return boost_extreme.using(workers=workers)(points(count), rounds)
