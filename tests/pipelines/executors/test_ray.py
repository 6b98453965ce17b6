"""Tasks on Ray: the same as under `local`; what happens to machines is no fault of theirs, and nothing is left."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
import ray
from msgspec.structs import replace

from trivium.errors import ExecutorAway, Misuse
from trivium.pipelines.executors import ray_pace
from trivium.pipelines.executors.ray_cluster import join_ray
from trivium.pipelines.executors.ray_errand import out_of_reach, setup_here
from trivium.pipelines.executors.transport import Setup
from trivium.pipelines.results import load_result
from trivium.settings import Settings
from trivium.store.store import Store, connect

Module = Callable[..., ModuleType]
HEAD = """
import os, signal, subprocess, sys, time
from dataclasses import dataclass
from pathlib import Path
import polars as pl
import trivium as tv
"""
EVERYTHING = """
@dataclass
class Point:
    x: int

@tv.task
def numbers(n: int) -> list[int]:
    return list(range(n))

@tv.task
def placed(i: int, base: Point) -> Point:
    print("placing", i)
    return Point(i + base.x)

@tv.task
def framed(points: list[Point]) -> pl.DataFrame:
    return pl.DataFrame({"x": [each.x for each in points]})

@tv.task(outputs=2)
def halves(rows: pl.LazyFrame) -> tuple[pl.DataFrame, int]:
    tv.log_metric("rows", 3)
    return rows.head(3).collect(), 7

@tv.pipeline
def whole():
    first, number = halves(framed(placed.map(numbers(6), base=Point(10))))
    return first
"""


@pytest.fixture
def store(own_ray: None, tmp_path: Path) -> Iterator[Store]:
    with connect(tmp_path / "project", actor="ada", durability="fast", executor="ray") as opened:
        yield opened


def test_keys_and_results_are_those_of_the_local_executor_and_are_reused_by_it(
    store: Store, module: Module, tmp_path: Path
) -> None:
    user = module(HEAD + EVERYTHING)
    on_ray = user.whole.run(store=store)
    with connect(tmp_path / "other", actor="ada", durability="fast") as other:
        here = user.whole.run(store=other, on="local")
        theirs = {each.node: (each.key, each.outputs) for each in other.catalog.runs.list_tasks(here.id)}
    ours = {each.node: (each.key, each.outputs) for each in store.catalog.runs.list_tasks(on_ray.id)}
    assert ours == theirs
    assert load_result(store, on_ray.id)["x"].to_list() == [10, 11, 12]
    assert on_ray.metrics == {"rows": 3.0}
    assert user.whole.run(store=store, on="local").cached == on_ray.executed


def test_a_task_whose_ray_worker_is_killed_is_tried_again_without_using_up_a_retry(
    store: Store, module: Module, tmp_path: Path
) -> None:
    user = module(
        HEAD
        + """
@tv.task(backoff=0)
def unlucky(mark: str) -> int:
    if not Path(mark).exists():
        Path(mark).write_text("once")
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(60)
    return 5

@tv.pipeline
def whole(mark: str):
    return unlucky(mark)
"""
    )
    run = user.whole.run(store=store, mark=str(tmp_path / "mark"))
    assert load_result(store, run.id) == 5
    (attempt,) = store.catalog.runs.list_tasks(run.id)[0].attempts
    assert attempt.error.startswith("WorkerLost: ")


def test_a_ray_that_this_process_started_listens_to_this_machine_only(own_ray: None) -> None:
    assert join_ray("").own
    port = int(ray.get_runtime_context().gcs_address.rpartition(":")[2])
    rows = [line.split() for name in ("tcp", "tcp6") for line in Path("/proc/net", name).read_text().splitlines()[1:]]
    heard = [row[1].rpartition(":")[0] for row in rows if row[3] == "0A" and int(row[1].rpartition(":")[2], 16) == port]
    assert heard
    assert all(address.endswith("0100007F") for address in heard)


def test_a_cluster_that_does_not_answer_is_told_before_anything_is_recorded(store: Store, module: Module) -> None:
    user = module(HEAD + EVERYTHING)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for address in (f"ray:127.0.0.1:{port}", f"ray://127.0.0.1:{port}"):
        with pytest.raises(ExecutorAway, match=f"No Ray answers at .*127.0.0.1:{port}.*Connection refused"):
            user.whole.run(store=store, on=address)
    assert store.catalog.runs.list_runs() == []


@pytest.mark.parametrize("address", ["ray:cluster", "ray://cluster", "ray:host:port", "ray:1.2.3.4:99999999"])
def test_what_is_no_address_of_ray_is_refused(store: Store, module: Module, address: str) -> None:
    with pytest.raises((Misuse, ExecutorAway), match=r"no address of Ray|No Ray answers"):
        module(HEAD + EVERYTHING).whole.run(store=store, on=address)


def test_a_machine_that_does_not_see_the_store_says_what_to_do(tmp_path: Path) -> None:
    setup = Setup(Settings(tmp_path / "absent", "ada"), (), "/", None, {})
    assert "the catalog is a file in" in out_of_reach(setup, "10.0.0.7")
    shared = replace(setup.settings, store="postgresql://db/x")
    said = out_of_reach(replace(setup, settings=shared), "10.0.0.7")
    assert "tables and results are in the folder" in said
    assert "10.0.0.7 does not see" in said
    everywhere = replace(shared, storage="s3://bucket/x")
    assert out_of_reach(replace(setup, settings=everywhere), "10.0.0.7") == ""


def test_another_machine_keeps_its_own_variables_and_takes_those_of_trivium(own_ray: None, tmp_path: Path) -> None:
    join_ray("")
    settings = Settings(tmp_path / "absent", "ada", store="postgresql://db/x", storage="s3://bucket/x")
    given = {"TRIVIUM_ACTOR": "ada", "HOME": "/home/of/ada", "DB_PASSWORD": "s3cret"}
    setup = setup_here(Setup(settings, ("/no/such/folder", str(tmp_path)), "/no/such/folder", None, given), own=False)
    assert setup.environ["TRIVIUM_ACTOR"] == "ada"
    assert setup.environ["HOME"] != "/home/of/ada"
    assert "DB_PASSWORD" not in setup.environ
    assert setup.path[0] == str(tmp_path)
    assert sys.path[-1] in setup.path
    assert setup.settings.root != settings.root


TROUBLE = """
@tv.task(retries=RETRIES, backoff=0, cpus=1)
def quick(n: int, place: str) -> int:
    mark = Path(place) / "mark"
    if n == 120:
        with mark.open("a") as file:
            file.write("x")
        if mark.stat().st_size <= TIMES:
            BODY
    return n

@tv.pipeline
def whole(place: str):
    return quick.map(list(range(150)), place=place)
"""


@pytest.fixture
def sharing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks share a worker after the first few, however slowly this machine starts the first worker."""
    monkeypatch.setattr(ray_pace, "QUICK", 600.0)
    monkeypatch.setattr(ray_pace, "MOMENT", 600.0 * ray_pace.MOST)


@pytest.mark.usefixtures("sharing")
@pytest.mark.parametrize(
    ("body", "retries", "error"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", 1, "ProcessDied: the process was killed by SIGKILL"),
        ("os.kill(os.getppid(), signal.SIGKILL); time.sleep(60)", 0, "WorkerLost: "),
    ],
    ids=["a crash", "a lost worker"],
)
def test_of_quick_tasks_that_share_a_worker_only_the_one_that_fails_is_tried_again(
    store: Store, tmp_path: Path, *, module: Module, body: str, retries: int, error: str
) -> None:
    """The one that takes a worker along does it twice: together with others, and then alone."""
    times = 1 if retries else 2
    source = TROUBLE.replace("RETRIES", str(retries)).replace("TIMES", str(times)).replace("BODY", body)
    run = module(HEAD + source).whole.run(store=store, place=str(tmp_path))
    assert load_result(store, run.id) == list(range(150))
    assert (tmp_path / "mark").read_text() == "x" * (times + 1)
    failed = {each.node: each.attempts for each in store.catalog.runs.list_tasks(run.id) if each.attempts}
    assert list(failed) == ["quick[120]"]
    assert [each.error.startswith(error) for each in failed["quick[120]"]] == [True]


@pytest.mark.usefixtures("sharing")
def test_those_behind_a_slow_one_of_a_quick_task_are_handed_back(store: Store, module: Module, tmp_path: Path) -> None:
    source = TROUBLE.replace("RETRIES", "0").replace("TIMES", "1").replace("BODY", "time.sleep(1.5)")
    run = module(HEAD + source).whole.run(store=store, place=str(tmp_path))
    assert load_result(store, run.id) == list(range(150))
    assert (tmp_path / "mark").read_text() == "x"
