"""A table as an argument of a task: a frame of its rows, or the version itself, to be read in part or in batches."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest

from trivium.errors import Misuse, TriviumError
from trivium.pipelines.pipeline import pipeline
from trivium.pipelines.results import load_result
from trivium.pipelines.task import task
from trivium.store.store import Store, connect
from trivium.tables.at import TableVersion
from trivium.tables.table import Table

Module = Callable[..., ModuleType]
SHARDED = """
import json, os
from pathlib import Path
import polars as pl
import trivium as tv

rows = tv.Table("rows", key="id", watch="off")

@tv.task(workers=3, cpus=0.1)
def by_frame(rows: pl.LazyFrame, folder: str) -> int:
    worker = tv.current_worker()
    keep(folder, worker.rank, worker.shard(rows).collect()["id"].to_list())
    return worker.world_size

@tv.task(workers=3, cpus=0.1)
def by_batches(rows: tv.TableVersion, folder: str) -> int:
    worker = tv.current_worker()
    batches = rows.batches(rank=worker.rank, world=worker.world_size, size=4, shuffle="window", columns=["id"])
    keep(folder, worker.rank, [id for batch in batches for id in batch["id"].to_list()])
    return rows.version

def keep(folder: str, rank: int, ids: list[int]) -> None:
    (Path(folder) / str(rank)).write_text(json.dumps(ids))

@tv.pipeline
def framed(folder: str):
    return by_frame(rows, folder)

@tv.pipeline
def batched(folder: str):
    return by_batches(rows, folder)
"""


@pytest.mark.parametrize("name", ["framed", "batched"])
def test_the_workers_read_every_row_of_the_pinned_version_once_between_them(
    module: Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("TRIVIUM_EXECUTOR", "local")
    folder = tmp_path / "shares"
    folder.mkdir()
    with connect(tmp_path / "project", actor="ada", durability="fast") as store:
        user = module(SHARDED)
        for start in (0, 50):  # two files
            user.rows.append(pl.DataFrame({"id": range(start, start + 50)}))
        run = getattr(user, name).run(store=store, folder=str(folder))
        assert load_result(store, run.id) == {"framed": 3, "batched": 2}[name]
        assert [(each.table, each.version) for each in run.inputs] == [("rows", 2)]
    shares = [json.loads((folder / str(rank)).read_text()) for rank in range(3)]
    assert sorted(each for share in shares for each in share) == list(range(100))
    assert sorted(map(len, shares)) == [33, 33, 34]


def test_a_task_that_takes_the_version_reads_the_pinned_one(store: Store, module: Module) -> None:
    user = module(
        """
import trivium as tv
rows = tv.Table("rows", key="id", watch="off")

@tv.task
def newest(rows: tv.TableVersion) -> list[int]:
    return [rows.version, rows.read().collect().height]

@tv.pipeline
def whole():
    return newest(rows)
"""
    )
    for start in (0, 5):
        user.rows.append(pl.DataFrame({"id": range(start, start + 5)}))
    run = user.whole.run(store=store, versions={"rows": 1})
    assert load_result(store, run.id) == [1, 5]


def test_a_table_is_no_number(store: Store, module: Module) -> None:
    user = module(
        """
import trivium as tv
rows = tv.Table("rows", watch="off")

@tv.task
def count(rows: int) -> int:
    return rows

@tv.pipeline
def whole():
    return count(rows)
"""
    )
    with pytest.raises(Misuse, match="is annotated int, but a table is given"):
        user.whole.run(store=store)


def test_a_task_that_makes_a_partition_is_not_given_the_whole_version(store: Store) -> None:
    rows = Table("rows", key="id", time="at", watch="off")
    daily = Table("daily", key="id", time="at", watch="off")
    rows.append(pl.DataFrame({"id": [1], "at": [datetime(2024, 1, 1)]}))  # noqa: DTZ001 # a table without zones

    @task(commits=daily)
    def made(rows: TableVersion) -> pl.DataFrame:
        return rows.read().collect()

    @pipeline
    def whole() -> pl.DataFrame:
        return made(rows)

    with pytest.raises(TriviumError, match="instead of TableVersion"):
        whole.run(store=store)
