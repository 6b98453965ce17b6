from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import trivium as tv
from trivium.errors import Misuse, TaskFailed
from trivium.pipelines.pipeline import Pipeline
from trivium.pipelines.reproduce import reproduce_run
from trivium.pipelines.results import load_output, load_result
from trivium.pipelines.resume import resume_run
from trivium.store.store import Store
from trivium.values.runs import Run

clicks = tv.Table("clicks", time="at", watch="off")
prices = tv.Table("prices", time="day", watch="off")
shops = tv.Table("shops", key="shop", watch="off")
daily = tv.Table("daily", key="day", time="day", watch="off")
monthly = tv.Table("weekly", time="day", watch="off")
hourly = tv.Table("hourly", time="at", every="1h", watch="off")


@pytest.fixture(autouse=True)
def fed(store: Store) -> None:
    """Clicks of three days, eight in each."""
    for day in (1, 2, 3):
        feed(day, 8)


def feed(day: int, count: int) -> None:
    at = [datetime(2024, 5, day, 3 * hour, tzinfo=UTC) for hour in range(count)]
    clicks.overwrite(pl.DataFrame({"at": at, "n": range(count)}))


@tv.task(commits=daily)
def per_day(rows: pl.DataFrame, factor: int = 1) -> pl.DataFrame:
    return rows.group_by(pl.col("at").dt.date().alias("day")).agg(pl.col("n").sum() * factor)


@tv.task
def total(rows: pl.LazyFrame) -> int:
    return int(rows.select(pl.col("n").sum()).collect().item())


@tv.pipeline
def summed(factor: int = 1) -> Any:
    return total(per_day(clicks, factor))


def made_by(run: Run, store: Store) -> dict[str, str]:
    """The status of each of the run's tasks."""
    return {task.node: task.status for task in store.catalog.runs.list_tasks(run.id)}


def test_each_partition_is_made_of_its_own_rows_and_dependents_get_the_whole_table(store: Store) -> None:
    run = summed.run()
    assert load_result(store, run.id) == 84
    assert daily.read().collect().to_dicts() == [{"day": date(2024, 5, day), "n": 28} for day in (1, 2, 3)]
    assert made_by(run, store) == {
        "per_day[2024-05-01]": "executed",
        "per_day[2024-05-02]": "executed",
        "per_day[2024-05-03]": "executed",
        "per_day": "mapped",
        "total": "executed",
    }
    assert {commit.run for commit in store.catalog.tables.list_commits("daily")} == {run.id}


def test_only_the_partition_whose_input_changed_is_made_again(store: Store) -> None:
    summed.run()
    feed(2, 4)
    plan = summed.plan()
    assert [(step.node, step.action) for step in plan.steps] == [
        ("per_day", "run"),
        ("per_day[2024-05-02]", "run"),
        ("total", "unknown"),
    ]
    assert plan.steps[1].why == "input rows changed: clicks version 3 -> clicks version 4 (other rows of 2024-05-02)"
    run = summed.run()
    assert made_by(run, store) == {"per_day[2024-05-02]": "executed", "per_day": "mapped", "total": "executed"}
    assert load_result(store, run.id) == 28 + 6 + 28


def test_nothing_is_made_again_when_nothing_changed(store: Store) -> None:
    summed.run()
    run = summed.run()
    assert made_by(run, store) == {"per_day": "mapped", "total": "cached"}
    assert store.catalog.tables.newest_version("daily") == 3
    assert [step.action for step in summed.plan().steps] == ["reuse", "reuse"]


def test_a_partition_that_somebody_else_overwrote_is_made_again(store: Store) -> None:
    summed.run()
    daily.overwrite(pl.DataFrame({"day": [date(2024, 5, 2)], "n": [-1]}))
    assert summed.plan().steps[1].why == "the table holds other rows for 2024-05-02"
    summed.run()
    assert daily.read().collect()["n"].to_list() == [28, 28, 28]


def test_going_back_to_older_code_makes_its_rows_again(store: Store) -> None:
    for factor in (1, 2, 1):
        run = summed.run(factor=factor)
        assert load_result(store, run.id) == 84 * factor
        assert made_by(run, store)["per_day[2024-05-01]"] == "executed"


@pytest.mark.parametrize(
    ("asked", "made"),
    [
        ("2024-05-02..2024-05-03", ["2024-05-02", "2024-05-03"]),
        ("2024-05-02", ["2024-05-02"]),
        ("..2024-05-02", ["2024-05-01", "2024-05-02"]),
        ("2024-05-03T07..", ["2024-05-03"]),
    ],
)
def test_a_range_says_which_partitions_are_made(store: Store, asked: str, made: list[str]) -> None:
    run = summed.run(partitions=asked)
    assert [node for node in made_by(run, store) if "[" in node] == [f"per_day[{name}]" for name in made]
    assert run.tags["partitions"] == asked


def test_a_range_that_no_input_has_rows_for_fails_instead_of_doing_nothing(store: Store) -> None:
    with pytest.raises(TaskFailed, match="there are no rows of 2024-06-01 in clicks"):
        summed.run(partitions="2024-06-01")


@pytest.mark.parametrize("asked", ["2024-05-03..2024-05-01", "May", "2024-13-01", "", "..", "2024-05-01..tomorrow"])
def test_a_range_that_is_none_is_refused_before_anything_runs(store: Store, asked: str) -> None:
    with pytest.raises(Misuse):
        summed.run(partitions=asked)
    assert store.catalog.runs.list_runs() == []


def test_partitions_of_a_pipeline_that_makes_none_are_refused(store: Store) -> None:
    @tv.pipeline
    def plain() -> Any:
        return total(clicks)

    with pytest.raises(Misuse, match="makes no partitions"):
        plain.run(partitions="2024-05-01")


def test_rows_to_look_back_to_are_given_and_count_for_the_key(store: Store) -> None:
    seen: list[tuple[str, int]] = []

    @tv.task(commits=daily, lookback={"rows": "1d"})
    def moving(rows: pl.LazyFrame, day: tv.Partition) -> pl.DataFrame:
        found = rows.collect()
        seen.append((day.name, found.height))
        return pl.DataFrame({"day": [day.start.date()], "n": [found["n"].sum()]})

    @tv.pipeline
    def averages() -> Any:
        return moving(clicks)

    averages.run()
    assert seen == [("2024-05-01", 8), ("2024-05-02", 16), ("2024-05-03", 16)]
    feed(1, 2)
    seen.clear()
    averages.run()
    assert seen == [("2024-05-01", 2), ("2024-05-02", 10)]


def test_a_partition_waits_until_every_table_has_rows_for_it(store: Store) -> None:
    prices.append(pl.DataFrame({"day": [date(2024, 5, 1)], "price": [2]}))

    @tv.task(commits=daily)
    def worth(rows: pl.DataFrame, price: pl.DataFrame) -> pl.DataFrame:
        return pl.DataFrame({"day": price["day"], "n": rows["n"].sum() * price["price"]})

    @tv.pipeline
    def valued() -> Any:
        return worth(clicks, prices)

    run = valued.run()
    assert daily.read().collect().to_dicts() == [{"day": date(2024, 5, 1), "n": 56}]
    reason = store.catalog.runs.find_task(run.id, "worth")
    assert reason is not None
    assert reason.reason == ("1 partition: 1 executed, 0 reused; 2 waiting for rows of prices (2024-05-02, 2024-05-03)")
    prices.append(pl.DataFrame({"day": [date(2024, 5, 2)], "price": [3]}))
    assert [node for node in made_by(valued.run(), store) if "[" in node] == ["worth[2024-05-02]"]


def test_a_table_that_is_asked_for_whole_is_given_whole(store: Store) -> None:
    @tv.task(commits=daily, lookback={"history": "all"})
    def share(rows: pl.DataFrame, history: pl.DataFrame) -> pl.DataFrame:
        return pl.DataFrame({"day": [rows["at"][0].date()], "n": [100 * rows.height // history.height]})

    @tv.pipeline
    def shares() -> Any:
        return share(clicks, clicks)

    shares.run()
    assert daily.read().collect()["n"].to_list() == [33, 33, 33]


def test_a_table_without_event_time_is_given_whole_and_made_whole(store: Store) -> None:
    shops.append(pl.DataFrame({"shop": ["a", "b"], "city": ["x", "y"]}))
    cities = tv.Table("cities", key="city", watch="off")

    @tv.task(commits=cities)
    def count(rows: pl.DataFrame, all_clicks: pl.DataFrame) -> pl.DataFrame:
        return rows.select("city", clicks=pl.lit(all_clicks.height))

    @tv.pipeline
    def counted() -> Any:
        return count(shops, clicks)

    run = counted.run()
    assert cities.read().collect()["clicks"].to_list() == [24, 24]
    assert made_by(run, store) == {"count[all]": "executed", "count": "mapped"}
    assert made_by(counted.run(), store) == {"count": "mapped"}


def test_hours_are_made_of_days_with_only_their_rows(store: Store) -> None:
    @tv.task(commits=hourly)
    def per_hour(rows: pl.LazyFrame) -> pl.DataFrame | None:
        found = rows.collect()
        return found.select("at", "n") if found.height else None

    @tv.pipeline
    def hours() -> Any:
        return per_hour(clicks)

    run = hours.run(partitions="2024-05-01")
    assert hourly.read().collect()["n"].to_list() == list(range(8))
    assert len(made_by(run, store)) == 25
    assert set(made_by(hours.run(partitions="2024-05-01"), store)) == {"per_hour"}


def test_days_are_made_of_hours(store: Store) -> None:
    hourly.append(pl.DataFrame({"at": [datetime(2024, 5, 1, hour, tzinfo=UTC) for hour in (1, 2, 3)], "n": [1, 2, 3]}))

    @tv.pipeline
    def days() -> Any:
        return per_day(hourly)

    days.run()
    assert daily.read().collect().to_dicts() == [{"day": date(2024, 5, 1), "n": 6}]


def test_partitions_of_a_source_without_tables_are_asked_for_by_name(store: Store) -> None:
    @tv.task(commits=daily)
    def fetch(day: tv.Partition) -> list[dict[str, Any]]:
        return [{"day": day.start.date(), "n": day.start.day}]

    @tv.pipeline
    def fetched() -> Any:
        return fetch()

    with pytest.raises(TaskFailed, match="nothing says which partitions of table 'daily' there are"):
        fetched.run()
    fetched.run(partitions="2024-02-28..2024-03-01")
    assert daily.read().collect()["n"].to_list() == [28, 29, 1]
    assert fetch(tv.Partition("2024-02-28")) == [{"day": date(2024, 2, 28), "n": 28}]


def test_one_made_table_is_taken_by_partitions_by_the_next_task(store: Store) -> None:
    @tv.task(commits=monthly)
    def doubled(rows: pl.DataFrame) -> pl.DataFrame:
        return rows.with_columns(n=pl.col("n") * 2)

    @tv.pipeline
    def chained() -> Any:
        return doubled(per_day(clicks))

    chained.run()
    feed(3, 1)
    run = chained.run()
    assert [node for node in made_by(run, store) if "[" in node] == ["per_day[2024-05-03]", "doubled[2024-05-03]"]
    assert monthly.read().collect()["n"].to_list() == [56, 56, 0]


def test_a_partition_that_fails_leaves_the_others_made_and_its_dependents_undone(store: Store) -> None:
    @tv.task(commits=daily)
    def picky(rows: pl.DataFrame) -> pl.DataFrame:
        if rows.height < 8:
            raise ValueError("too few")
        return pl.DataFrame({"day": [rows["at"][0].date()], "n": [rows.height]})

    @tv.pipeline
    def careful() -> Any:
        return total(picky(clicks))

    feed(1, 3)
    with pytest.raises(TaskFailed, match=r"'picky' .* failed: 1 of 3: 2024-05-01: ValueError: too few"):
        careful.run()
    run = store.catalog.runs.list_runs()[0]
    assert made_by(run, store) == {
        "picky[2024-05-01]": "failed",
        "picky[2024-05-02]": "executed",
        "picky[2024-05-03]": "executed",
        "picky": "failed",
    }
    assert daily.read().collect().height == 2
    feed(1, 8)
    assert [node for node in made_by(careful.run(), store) if "[" in node] == ["picky[2024-05-01]"]


def test_rows_that_the_checks_keep_aside_fail_their_partition_and_name_the_alert(store: Store) -> None:
    checked = tv.Table("checked", time="day", checks=[tv.rule("n < 20")], watch="off")

    @tv.pipeline
    def guarded() -> Any:
        return per_day.using(commits=checked)(clicks)

    feed(2, 4)
    with pytest.raises(TaskFailed, match=r"kept partition 2024-05-01 aside: .*alert \w+"):
        guarded.run()
    assert checked.read().collect()["n"].to_list() == [6]
    assert len(checked.list_quarantined()) == 2


def test_a_blocking_alert_on_one_partition_of_an_input_stops_only_that_partition(store: Store) -> None:
    fed_badly = tv.Table("fed_badly", time="at", checks=[tv.rule("n >= 0")], watch="off")
    fed_badly.append(clicks.read().collect())
    with pytest.warns(tv.QuarantinedData):
        fed_badly.overwrite(pl.DataFrame({"at": [datetime(2024, 5, 2, tzinfo=UTC)], "n": [-1]}))

    @tv.pipeline
    def summed_badly() -> Any:
        return per_day(fed_badly)

    with pytest.raises(TaskFailed, match=r"1 of 3: 2024-05-02: alert \w+ blocks it"):
        summed_badly.run()
    assert daily.read().collect()["day"].to_list() == [date(2024, 5, 1), date(2024, 5, 3)]
    summed_badly.run(accept_alerts=True)
    assert daily.read().collect().height == 3


@pytest.mark.parametrize(
    ("returned", "story"),
    [
        (lambda: pl.DataFrame({"day": [date(2024, 5, 9)], "n": [1]}), "belong to other partitions, too: 2024-05-09"),
        (lambda: pl.DataFrame({"day": [], "n": []}, schema={"day": pl.Date, "n": pl.Int64}), "No rows were returned"),
        (lambda: 7, "UnsupportedValue"),
    ],
)
def test_a_result_that_is_no_partition_is_refused(store: Store, returned: Callable[[], Any], story: str) -> None:
    @tv.task(commits=daily)
    def wrong(day: tv.Partition) -> Any:
        return returned()

    @tv.pipeline
    def mistaken() -> Any:
        return wrong()

    with pytest.raises(TaskFailed, match=story):
        mistaken.run(partitions="2024-05-01")
    assert store.catalog.tables.find_version("daily") is None


def test_none_empties_the_partition(store: Store) -> None:
    @tv.task(commits=daily)
    def busy(rows: pl.DataFrame) -> pl.DataFrame | None:
        return None if rows.height < 8 else pl.DataFrame({"day": [rows["at"][0].date()], "n": [rows.height]})

    @tv.pipeline
    def busy_days() -> Any:
        return busy(clicks)

    busy_days.run()
    feed(2, 3)
    busy_days.run()
    assert daily.read().collect()["day"].to_list() == [date(2024, 5, 1), date(2024, 5, 3)]
    assert made_by(busy_days.run(), store) == {"busy": "mapped"}


def test_what_cannot_commit_is_refused_where_it_is_written() -> None:
    with pytest.raises(Misuse, match="takes a table"):
        tv.task(commits="daily")(lambda rows: rows)
    with pytest.raises(Misuse, match="not a length of time"):
        tv.task(commits=daily, lookback="a week")(lambda rows: rows)

    @tv.task(commits=daily)
    def own(rows: pl.DataFrame) -> pl.DataFrame:
        return rows

    @tv.task(commits=daily, lookback={"row": "1d"})
    def misnamed(rows: pl.DataFrame) -> pl.DataFrame:
        return rows

    @tv.task(lookback="1d")
    def aimless(rows: pl.DataFrame) -> pl.DataFrame:
        return rows

    for task, tables, story in (
        (own, daily, "reads the table that it commits into"),
        (misnamed, clicks, "names 'row'; its parameters are rows"),
        (aimless, clicks, "for a task that commits into a table"),
    ):
        with pytest.raises(Misuse, match=story):
            Pipeline(lambda task=task, tables=tables: task(tables), "refused").graph()
    with pytest.raises(Misuse, match="cannot be mapped"):
        Pipeline(lambda: own.map([1, 2]), "mapped").graph()


def test_a_killed_run_goes_on_and_commits_no_partition_twice(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = tmp_path / "calls"

    @tv.task(commits=daily)
    def counted(day: tv.Partition) -> pl.DataFrame:
        with calls.open("a") as file:
            file.write(f"{day}\n")
        return pl.DataFrame({"day": [day.start.date()], "n": [1]})

    @tv.pipeline
    def long() -> Any:
        return counted()

    record = type(store.catalog.runs).record_tasks

    def die(self: Any, tasks: list[Any], *more: Any) -> None:
        if any(task.node == "counted[2024-05-02]" for task in tasks):
            raise KeyboardInterrupt
        record(self, tasks, *more)

    with monkeypatch.context() as patch:
        patch.setattr(type(store.catalog.runs), "record_tasks", die)
        with pytest.raises(KeyboardInterrupt):
            long.run(partitions="2024-05-01..2024-05-03")
    assert store.catalog.tables.newest_version("daily") == 2
    run = resume_run(store, store.catalog.runs.list_runs()[0].id, pipeline=long)
    assert run.status == "succeeded"
    assert calls.read_text().split() == ["2024-05-01", "2024-05-02", "2024-05-02", "2024-05-03"]
    assert store.catalog.tables.newest_version("daily") == 3


def test_a_reproduction_commits_nothing_and_compares_the_rows(store: Store) -> None:
    run = summed.run()
    assert reproduce_run(store, run.id, pipeline=summed).same
    assert store.catalog.tables.newest_version("daily") == 3
    assert load_output(store, run.id, "per_day[2024-05-01]").to_dicts() == [{"day": date(2024, 5, 1), "n": 28}]


def test_a_reproduction_that_ended_early_is_not_resumed_but_begun_anew(store: Store) -> None:
    run = summed.run()
    again = reproduce_run(store, run.id, pipeline=summed).again
    store.catalog.runs.finish(again, status="failed", at=store.clock(), error="interrupted")
    with pytest.raises(Misuse, match=f"`trivium runs reproduce {run.id}`"):
        resume_run(store, again, pipeline=summed)


def test_partitions_are_made_by_worker_processes(tmp_path: Path) -> None:
    with tv.connect(tmp_path, executor="local") as store:
        at = [datetime(2024, 5, 1, tzinfo=UTC) + timedelta(days=day) for day in range(6)]
        clicks.append(pl.DataFrame({"at": at, "n": range(6)}))
        run = summed.run()
        assert load_result(store, run.id) == 15
        assert daily.read().collect()["n"].to_list() == list(range(6))
