"""Pipelines that one team publishes and another one calls by name and version."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest

from trivium.errors import Misuse, NotFound, TaskFailed
from trivium.pipelines.pipeline import Pipeline, pipeline
from trivium.pipelines.publish import publish_pipeline
from trivium.pipelines.published import published
from trivium.pipelines.reproduce import reproduce_run
from trivium.pipelines.results import load_result
from trivium.pipelines.task import task
from trivium.store.store import Store, connect, use_store
from trivium.tables.table import Table

Module = Callable[..., ModuleType]
FEATURES = """
    import polars as pl
    import trivium as tv
    from cleaning import clean

    @tv.task
    def load(days: int, scale: float) -> pl.DataFrame:
        print("loading")
        return pl.DataFrame({"day": list(range(days))}).with_columns(value=pl.col("day") * scale)

    @tv.task
    def cleaned(rows: pl.DataFrame, more: pl.DataFrame | None) -> pl.DataFrame:
        return clean(rows if more is None else pl.concat([rows, more]))

    @tv.pipeline
    def features(days: int, scale: float = 1.0, more: pl.DataFrame | None = None) -> pl.DataFrame:
        return cleaned(load(days, scale), more)
"""
CLEANING = """
    import polars as pl

    def clean(rows: pl.DataFrame) -> pl.DataFrame:
        return rows.filter(pl.col("day") > 0)
"""


@task
def height(rows: pl.DataFrame) -> int:
    return rows.height


@task
def days_of(n: int) -> int:
    return n + 1


@task
def some_rows(n: int) -> pl.DataFrame:
    return pl.DataFrame({"day": [n], "value": [0.5]})


@pipeline
def counted(n: int = 3, version: int = 1) -> int:
    return height(published("features", version=version)(days_of(n), scale=2))


@pytest.fixture
def features(module: Module) -> Pipeline[Any, Any]:
    module(CLEANING, name="cleaning", folder="theirs")
    made: Pipeline[Any, Any] = module(FEATURES, name="flow", folder="theirs").features
    return made


def child(store: Store, name: str = "features") -> Any:
    return next(each for each in store.catalog.runs.list_runs() if each.pipeline == name)


def test_a_caller_runs_the_published_code_as_one_task_and_as_a_run_of_its_own(
    store: Store, features: Pipeline[Any, Any]
) -> None:
    made = publish_pipeline(store, features, note="first")
    assert (str(made), made.tables, made.note) == ("features@1", (), "first")
    run = counted.run(store=store)
    assert load_result(store, run.id) == 3
    inner = child(store)
    assert inner.status == "succeeded"
    assert inner.parameters == {"days": 4, "scale": 2.0, "more": None}
    assert inner.tags["published"] == "features@1"
    assert inner.tags["part_of"] == f"{run.id}/features"
    assert inner.code.kept == made.kept
    assert f"features@1 is run {inner.id}" in store.catalog.runs.find_task(run.id, "features").log  # type: ignore[union-attr]
    assert [each.node for each in store.catalog.runs.list_tasks(inner.id)] == ["load", "cleaned"]


def test_the_same_version_and_inputs_are_reused_and_another_version_is_not(
    store: Store, features: Pipeline[Any, Any], module: Module
) -> None:
    publish_pipeline(store, features)
    counted.run(store=store)
    again = counted.run(store=store)
    assert (again.executed, again.cached) == (0, 3)
    other = module(FEATURES.replace("cleaned(load(days, scale)", "cleaned(load(days + 1, scale)"), folder="theirs")
    assert publish_pipeline(store, other.features).version == 2
    assert load_result(store, counted.run(store=store, version=2).id) == 4
    assert load_result(store, counted.run(store=store, version=1).id) == 3


def test_publishing_what_did_not_change_is_the_same_version(store: Store, features: Pipeline[Any, Any]) -> None:
    assert publish_pipeline(store, features) == publish_pipeline(store, features)


def test_modules_of_the_same_names_stay_apart(store: Store, features: Pipeline[Any, Any], module: Module) -> None:
    publish_pipeline(store, features)
    ours = module(CLEANING.replace("> 0", "> 100") + "    mine = True\n", name="cleaning", folder="ours")
    assert ours.mine
    assert load_result(store, counted.run(store=store).id) == 3


def test_frames_are_handed_over_as_what_is_stored(store: Store, features: Pipeline[Any, Any]) -> None:
    publish_pipeline(store, features)

    @pipeline
    def extended() -> pl.DataFrame:
        rows: pl.DataFrame = published("features", version=1)(2, more=some_rows(7))
        return rows

    run = extended.run(store=store)
    assert load_result(store, run.id)["day"].to_list() == [1, 7]
    inner = child(store)
    given = {each.node: each for each in store.catalog.runs.list_tasks(inner.id)}
    theirs = store.catalog.runs.find_task(run.id, "some_rows")
    assert theirs is not None
    assert given["more"].outputs == theirs.outputs


def test_tables_that_it_reads_are_pinned_by_the_caller_and_part_of_the_key(
    store: Store, module: Module, flights: Table
) -> None:
    flights.overwrite(pl.DataFrame({"a": [1, 2]}), store=store)
    reading = module(
        """
        import polars as pl
        import trivium as tv

        flights = tv.Table("flights")

        @tv.task
        def total(rows: pl.DataFrame, more: pl.DataFrame) -> int:
            return int(rows["a"].sum() + more["a"].sum())

        @tv.pipeline
        def sums(more: pl.DataFrame) -> int:
            return total(flights, more)
        """
    )
    assert publish_pipeline(store, reading.sums).tables == ("flights",)
    sums = published("sums", version=1)

    @pipeline
    def calling() -> int:
        found: int = sums(flights)
        return found

    run = calling.run(store=store)
    assert load_result(store, run.id) == 6
    assert [(each.table, each.version) for each in run.inputs] == [("flights", 1)]
    assert calling.run(store=store).cached == 1
    flights.overwrite(pl.DataFrame({"a": [10]}), store=store)
    assert load_result(store, calling.run(store=store).id) == 20
    assert load_result(store, calling.run(store=store, versions={"flights": 1}).id) == 6


def test_called_outside_of_a_pipeline_it_just_runs(store: Store, features: Pipeline[Any, Any]) -> None:
    publish_pipeline(store, features)
    with use_store(store):
        assert published("features", version=1)(3).height == 2


def test_several_results_unpack(store: Store, module: Module) -> None:
    made = module(
        """
        import trivium as tv

        @tv.task
        def halves(n: int) -> tuple[int, str]:
            return n // 2, str(n)

        @tv.pipeline
        def halved(n: int) -> tuple[int, str]:
            return halves(n)
        """
    )
    publish_pipeline(store, made.halved)

    @pipeline
    def using() -> int:
        half, _ = published("halved", version=1)(8)
        return days_of(half)

    assert load_result(store, using.run(store=store).id) == 5


def test_what_cannot_be_right_is_refused_before_anything_runs(store: Store, features: Pipeline[Any, Any]) -> None:
    publish_pipeline(store, features)

    def refuse(error: type[Exception], words: str, call: Any) -> None:
        with pytest.raises(error, match=words):
            pipeline(name="refused")(call).run(store=store)

    call = published("features", version=1)
    refuse(NotFound, "has no version 7; its newest is 1", lambda: published("features", version=7)(1))
    refuse(
        NotFound, "No pipeline 'featurs' is published; there are: features", lambda: published("featurs", version=1)(1)
    )
    refuse(Misuse, "missing a required argument: 'days'.*It takes", lambda: call(more=None))
    refuse(Misuse, "unexpected keyword argument 'dais'. Did you mean 'days'", lambda: call(1, dais=1))
    refuse(Misuse, "Argument 'days' of published pipeline 'features@1' is annotated int, but 'x'", lambda: call("x"))
    refuse(Misuse, r"'days' .* is annotated int, but the result of task 'some_rows'", lambda: call(some_rows(1)))
    refuse(
        Misuse,
        r"annotated int, but the result of published pipeline 'features' \(DataFrame\)",
        lambda: days_of(call(1)),
    )
    assert store.catalog.runs.list_runs() == []


def test_a_pipeline_that_does_not_work_alone_is_not_published(store: Store, module: Module) -> None:
    made = module(
        """
        import trivium as tv

        @tv.task
        def one() -> int:
            return 1

        @tv.pipeline
        def nothing() -> None:
            one()

        @tv.pipeline
        def broken() -> int:
            raise ValueError("not yet written")
        """
    )
    with pytest.raises(Misuse, match="does not return the result of a task"):
        publish_pipeline(store, made.nothing)
    with pytest.raises(Misuse, match="does not draw with its defaults: not yet written"):
        publish_pipeline(store, made.broken)
    assert store.catalog.published.list_publications() == []


def test_a_task_of_it_that_fails_is_named_and_the_callers_run_goes_on_after_it(store: Store, module: Module) -> None:
    made = module(
        """
        import os
        import trivium as tv

        @tv.task
        def first(n: int) -> int:
            return n

        @tv.task(cache=False)
        def second(n: int) -> int:
            if not os.environ.get("REPAIRED"):
                raise ValueError("the warehouse is closed")
            return n

        @tv.pipeline
        def fragile(n: int) -> int:
            return second(first(n))
        """
    )
    publish_pipeline(store, made.fragile)

    @pipeline
    def calling() -> int:
        return days_of(published("fragile", version=1)(2))

    with pytest.raises(TaskFailed, match="the warehouse is closed"):
        calling.run(store=store, key="nightly")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REPAIRED", "1")
        run = calling.run(store=store, key="nightly")
    assert load_result(store, run.id) == 3
    inner = child(store, "fragile")
    assert (inner.status, inner.executed) == ("succeeded", 2)
    assert sum(each.pipeline == "fragile" for each in store.catalog.runs.list_runs()) == 1


def test_with_processes_for_tasks_it_is_the_same(tmp_path: Path, features: Pipeline[Any, Any], module: Module) -> None:
    with connect(tmp_path / "project", actor="ada", durability="fast", executor="local") as store:
        publish_pipeline(store, features)
        caller = module(
            """
            import polars as pl
            import trivium as tv

            features = tv.published("features", version=1)

            @tv.task
            def height(rows: pl.DataFrame) -> int:
                return rows.height

            @tv.pipeline
            def counted(n: int = 3) -> int:
                return height(features(n))
            """
        )
        run = caller.counted.run(store=store)
        assert load_result(store, run.id) == 2
        assert "loading" in store.catalog.runs.find_task(child(store).id, "load").log  # type: ignore[union-attr]


def test_reproducing_the_callers_run_executes_everything_anew(store: Store, features: Pipeline[Any, Any]) -> None:
    publish_pipeline(store, features)
    run = counted.run(store=store)
    assert reproduce_run(store, run.id, pipeline=counted).same
    assert (child(store).executed, child(store).cached) == (2, 0)


def test_a_store_opened_by_a_relative_folder_is_the_same_for_other_processes(
    tmp_path: Path, features: Pipeline[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with connect("here", actor="ada", durability="fast") as here:
        publish_pipeline(here, features)
        assert published("features", version=1)(days=3).height == 2
        assert child(here).status == "succeeded"


DAILY = """
    import polars as pl
    import trivium as tv

    raw = tv.Table("raw", time="day", watch="off")
    daily = tv.Table("daily", time="day", watch="off")

    @tv.task(commits=daily)
    def doubled(rows: pl.DataFrame) -> pl.DataFrame:
        return rows.with_columns(n=pl.col("n") * 2)

    @tv.pipeline
    def features() -> pl.DataFrame:
        return doubled(raw)
"""


@pipeline
def counted_days() -> int:
    return height(published("features", version=1)())


def test_a_published_pipeline_makes_its_table_once_and_a_reproduction_of_its_caller_commits_nothing(
    store: Store, module: Module
) -> None:
    raw = Table("raw", time="day", watch="off")
    raw.append(pl.DataFrame({"day": [date(2024, 5, 1), date(2024, 5, 2)], "n": [1, 2]}))
    publish_pipeline(store, module(DAILY, name="flow", folder="theirs").features)
    run = counted_days.run(store=store)
    assert load_result(store, run.id) == 2
    again = counted_days.run(store=store)
    assert (again.executed, again.cached) == (0, 2)
    newest = store.catalog.tables.newest_version("daily")
    assert reproduce_run(store, run.id, pipeline=counted_days).same
    assert store.catalog.tables.newest_version("daily") == newest == 2
    assert child(store).tags["reproduces"] != run.id
