from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime
from types import ModuleType
from typing import Any

import polars as pl
import pytest
from tests.pipelines.calls import BROKEN, CALLS, forget, record

from trivium.errors import BlockedByAlert, Misuse, NotFound, TaskFailed
from trivium.pipelines.context import current_task
from trivium.pipelines.pipeline import pipeline
from trivium.pipelines.progress import TaskEvent
from trivium.pipelines.results import load_output, load_result
from trivium.pipelines.resume import resume_run
from trivium.pipelines.split import split
from trivium.pipelines.task import task
from trivium.store.store import Store
from trivium.tables.commit import commit_rows
from trivium.tables.table import Table
from trivium.values.runs import TaskRun


@pytest.fixture(autouse=True)
def _fresh() -> None:
    forget()


@task
def numbers(n: int) -> pl.LazyFrame:
    record("numbers")
    return pl.LazyFrame({"a": list(range(n))})


@task
def scaled(rows: pl.DataFrame, factor: float) -> pl.DataFrame:
    record("scaled")
    return rows.select(pl.col("a") * factor)


@task
def total(rows: pl.LazyFrame) -> float:
    record("total")
    context = current_task()
    assert context is not None
    context.log_metrics({"total": 1.0})
    return float(rows.collect()["a"].sum())


@pipeline
def sums(n: int = 4, factor: float = 2.0) -> float:
    return total(scaled(numbers(n), factor))


def tasks(store: Store, run: str) -> dict[str, TaskRun]:
    return {each.node: each for each in store.catalog.runs.list_tasks(run)}


def test_a_pipeline_called_is_just_its_functions(store: Store) -> None:
    assert pipeline(lambda_pipeline)() == 6.0
    assert store.catalog.runs.list_runs() == []


def lambda_pipeline() -> float:
    return float(scaled(pl.DataFrame({"a": [1, 2]}), 2.0)["a"].sum())


def test_a_run_is_recorded_with_everything_that_it_was(store: Store) -> None:
    run = sums.run(factor=3, trigger="by hand")
    assert (run.status, run.executed, run.cached) == ("succeeded", 3, 0)
    assert run.parameters == {"n": 4, "factor": 3.0}
    assert (run.actor, run.trigger, run.pipeline) == ("ada", "by hand", "sums")
    assert "polars" in store.catalog.runs.get_environment(run.environment).packages
    assert run.code.file.endswith("test_run.py")
    assert load_result(store, run.id) == 18.0
    assert load_output(store, run.id, "numbers").collect().height == 4


def test_a_second_run_is_all_hits_and_one_changed_parameter_reruns_what_depends_on_it(store: Store) -> None:
    first = sums.run()
    again = sums.run()
    assert (again.executed, again.cached, again.metrics) == (0, 3, {"total": 1.0})
    assert CALLS == ["numbers", "scaled", "total"]
    other = sums.run(factor=3.0)
    assert (other.executed, other.cached) == (2, 1)
    reasons = {name: each.reason for name, each in tasks(store, other.id).items()}
    assert reasons == {
        "numbers": f"unchanged since run {first.id}",
        "scaled": "parameter factor changed: 2.0 -> 3.0",
        "total": "input rows changed: scaled gave another result",
    }


def test_a_result_that_comes_out_the_same_reruns_nothing_after_it(store: Store) -> None:
    @task
    def parity(n: int) -> int:
        return n % 2

    @task
    def word(odd: int) -> str:
        return "odd" if odd else "even"

    @pipeline
    def words(n: int) -> str:
        return word(parity(n))

    words.run(n=2)
    assert words.run(n=4).executed == 1


def test_a_table_is_pinned_recorded_and_given_as_the_annotated_frame(store: Store, flights: Table) -> None:
    flights.append(pl.DataFrame({"a": [1, 2]}))

    @task
    def look(rows: pl.LazyFrame) -> int:
        assert isinstance(rows, pl.LazyFrame)
        return rows.collect().height

    @pipeline
    def rows_of() -> int:
        return look(flights)

    first = rows_of.run()
    assert [(each.table, each.version) for each in first.inputs] == [("flights", 1)]
    assert rows_of.run().cached == 1
    flights.append(pl.DataFrame({"a": [3]}))
    second = rows_of.run()
    assert load_result(store, second.id) == 3
    assert tasks(store, second.id)["look"].reason == (
        "input rows changed: flights version 1 -> flights version 2 (3 rows, were 2)"
    )
    old = rows_of.run(versions={"flights": 1})
    assert (old.cached, load_result(store, old.id)) == (1, 2)
    with pytest.raises(Misuse, match="'planes' is no input"):
        rows_of.run(versions={"planes": 1})
    with pytest.raises(NotFound, match="flights"):
        rows_of.run(versions={"flights": 9})


def test_an_open_blocking_alert_refuses_the_run_and_names_what_is_wrong(store: Store, flights: Table) -> None:
    flights.append(pl.DataFrame({"a": [1]}))
    flights.append(pl.DataFrame({"a": [-1]}))

    @pipeline
    def trained() -> float:
        return total(flights)

    with pytest.raises(BlockedByAlert, match=r"alert \w+ on flights(\.a)?, partition all: .*a > 0"):
        trained.run()
    (run,) = store.catalog.runs.list_runs()
    assert run.status == "refused"
    assert "a > 0" in (run.error or "")
    assert CALLS == []
    accepted = trained.run(accept_alerts=True)
    (alert,) = store.catalog.alerts.list_alerts()
    assert accepted.tags == {"accepted_alerts": alert.id}
    (event,) = store.catalog.events.list_events(kind="run.alerts_accepted")
    assert (event.subject, event.actor, event.detail["alerts"]) == (accepted.id, "ada", [alert.id])


def test_rows_that_the_pipelines_own_function_reads_are_inputs_like_any(store: Store, flights: Table) -> None:
    flights.append(pl.DataFrame({"a": [1]}))

    @pipeline
    def drawn() -> float:
        return total(flights.read().collect())

    read = store.catalog.lineage.reads_of(drawn.run().id)
    assert [(each.name, each.version) for each in read] == [("flights", 1)]
    flights.append(pl.DataFrame({"a": [-1]}))
    with pytest.raises(BlockedByAlert, match=r"on flights"):
        drawn.run()
    assert drawn.run(accept_alerts=True).status == "succeeded"


def test_a_failure_names_task_error_place_log_and_what_to_do(store: Store) -> None:
    BROKEN.add("scaled")
    with pytest.raises(TaskFailed) as caught:
        sums.run()
    (run,) = store.catalog.runs.list_runs()
    place = f"calls.py:{record.__code__.co_firstlineno + 4} in record"
    assert str(caught.value).splitlines() == [
        f"Task 'scaled' of run {run.id} (sums) failed: ValueError: scaled is broken ({place})",
        f"  log:    trivium runs logs {run.id} scaled",
        f"  resume: trivium runs resume {run.id}   (reuses 1 finished task)",
    ]
    failed = tasks(store, run.id)["scaled"]
    assert (run.status, failed.status) == ("failed", "failed")
    assert "Traceback" in failed.log
    assert "perform" not in failed.log


def test_a_failure_inside_of_this_package_names_the_line_of_the_task(store: Store) -> None:
    @task
    def reads() -> Any:
        return Table("absent").read().collect()

    @pipeline
    def absentminded() -> Any:
        return reads()

    with pytest.raises(TaskFailed, match=rf"\(test_run.py:{reads.function.__code__.co_firstlineno + 2} in reads\)"):
        absentminded.run()


def test_a_failed_run_is_resumed_under_its_id_and_repeats_only_unfinished_work(store: Store) -> None:
    BROKEN.add("scaled")
    with pytest.raises(TaskFailed):
        sums.run(n=3)
    BROKEN.clear()
    (failed,) = store.catalog.runs.list_runs()
    done = resume_run(store, failed.id, pipeline=sums)
    assert (done.id, done.status, done.executed, done.error) == (failed.id, "succeeded", 3, None)
    assert CALLS == ["numbers", "scaled", "scaled", "total"]
    assert resume_run(store, failed.id, pipeline=sums) == done


def test_a_resumed_run_reads_the_table_versions_that_it_started_with(store: Store, flights: Table) -> None:
    flights.append(pl.DataFrame({"a": [1, 2]}))

    @pipeline
    def summed() -> float:
        return total(flights)

    BROKEN.add("total")
    with pytest.raises(TaskFailed):
        summed.run(key="k")
    BROKEN.clear()
    flights.append(pl.DataFrame({"a": [5]}))
    assert load_result(store, summed.run(key="k").id) == 3.0


def test_a_key_names_one_run_for_ever(store: Store) -> None:
    run = sums.run(key="nightly")
    assert sums.run(key="nightly") == run
    assert len(store.catalog.runs.list_runs()) == 1
    with pytest.raises(Misuse, match="nightly"):
        sums.run(key="nightly", n=5)


def test_a_failed_run_with_a_key_runs_again_under_its_id(store: Store) -> None:
    BROKEN.add("total")
    with pytest.raises(TaskFailed):
        sums.run(key="k")
    BROKEN.clear()
    assert sums.run(key="k").status == "succeeded"
    assert len(store.catalog.runs.list_runs()) == 1


def test_a_task_is_retried_and_each_reason_is_kept(store: Store) -> None:
    @task(retries=2, backoff=0)
    def shaky() -> int:
        record("shaky")
        calls = len(globals()["CALLS"])
        if calls < 3:
            raise ConnectionError(f"attempt {calls}")
        return calls

    @pipeline
    def tried() -> int:
        return shaky()

    run = tried.run()
    log = tasks(store, run.id)["shaky"].log
    assert load_result(store, run.id) == 3
    assert "attempt 1 failed: ConnectionError: attempt 1" in log
    assert "attempt 2 failed: ConnectionError: attempt 2" in log


def test_a_task_that_takes_too_long_fails_by_name(store: Store) -> None:
    @task(timeout=0.05)
    def slow() -> None:
        while True:
            pass

    @pipeline
    def waiting() -> None:
        slow()

    with pytest.raises(TaskFailed, match=r"TimeoutError: it took longer than its timeout of 0\.05 s"):
        waiting.run()


def test_changing_an_input_does_not_change_what_the_next_task_sees(store: Store) -> None:
    @task
    def words() -> list[str]:
        return ["a"]

    @task
    def spoil(given: list[str], more: list[str]) -> int:
        given.append("b")
        more.append("c")
        return len(given) + len(more)

    @pipeline
    def spoilt() -> list[int]:
        made, constant = words(), ["x"]
        return [spoil(made, constant), spoil.using(cache=False)(made, constant)]

    run = spoilt.run()
    assert [load_output(store, run.id, node) for node in ("spoil", "spoil-2")] == [4, 4]


def test_a_result_that_cannot_be_stored_is_named(store: Store) -> None:
    @task
    def opened() -> tuple[int, Any]:
        return 1, object()

    @pipeline
    def bad() -> Any:
        return opened()

    with pytest.raises(TaskFailed, match=r"Output 2 of 2 of task 'opened' cannot be stored: .*builtins.object"):
        bad.run()


@pytest.mark.parametrize("damage", ["gone", "changed"])
@pytest.mark.parametrize("node", ["scaled", "total"])
def test_a_hit_whose_bytes_are_gone_or_changed_is_a_miss(damage: str, node: str, store: Store) -> None:
    run = sums.run()
    digest = tasks(store, run.id)[node].outputs[0].digest
    with closing(sqlite3.connect(store.settings.state / "catalog.db", isolation_level=None)) as catalog:
        if damage == "gone":
            store.blobs.delete(digest)
        elif not catalog.execute("UPDATE small_blobs SET data = 'PAR1' WHERE digest = ?", [digest]).rowcount:
            store.blobs.path(digest).write_bytes(b"PAR1")
    again = sums.run()
    assert (again.status, again.executed, again.cached) == ("succeeded", 1, 2)
    assert tasks(store, again.id)[node].reason == "its stored output is gone or damaged"
    assert load_result(store, again.id) == 12.0


def test_bytes_lost_after_the_hit_are_made_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trivium.pipelines.decision.is_intact", lambda ref, blobs: True)  # as for a large frame
    run = sums.run()
    store.blobs.path(tasks(store, run.id)["numbers"].outputs[0].digest).write_bytes(b"PAR1")
    again = sums.run(factor=5.0)
    assert (again.status, again.executed, load_result(store, again.id)) == ("succeeded", 3, 30.0)


def test_without_caching_a_task_runs_each_time(store: Store) -> None:
    @task(cache=False)
    def now() -> int:
        record("now")
        return 1

    @pipeline
    def timed() -> int:
        return now()

    timed.run()
    run = timed.run()
    assert CALLS == ["now", "now"]
    assert tasks(store, run.id)["now"].reason == "caching is off"


def test_the_idempotency_key_stays_the_same_over_attempts_and_resumption(store: Store) -> None:
    @task(retries=1, backoff=0)
    def write() -> str:
        context = current_task()
        assert context is not None
        record(context.idempotency_key)
        if "disk" not in globals()["BROKEN"]:
            raise OSError("full")
        return context.idempotency_key

    @pipeline
    def writing() -> str:
        return write()

    with pytest.raises(TaskFailed, match="after 2 attempts"):
        writing.run(key="k")
    with pytest.raises(TaskFailed):
        writing.run(key="other")
    BROKEN.add("disk")
    assert load_result(store, writing.run(key="k").id) == CALLS[0]
    assert CALLS[0] == CALLS[1] != CALLS[2] == CALLS[3]


def test_progress_tells_what_happens_as_it_happens(store: Store) -> None:
    told: list[TaskEvent] = []
    sums.run(progress=told.append)
    sums.run(progress=told.append)
    assert [(each.kind, each.node, each.number, each.total) for each in told] == [
        ("started", "numbers", 1, 3), ("executed", "numbers", 1, 3), ("started", "scaled", 2, 3),
        ("executed", "scaled", 2, 3), ("started", "total", 3, 3), ("executed", "total", 3, 3),
        ("cached", "numbers", 1, 3), ("cached", "scaled", 2, 3), ("cached", "total", 3, 3),
    ]  # fmt: skip


def test_the_result_is_what_the_pipeline_returns(store: Store) -> None:
    @pipeline
    def first_of_two() -> Any:
        rows = numbers(2)
        total(rows)
        return rows

    assert load_result(store, first_of_two.run().id).collect().height == 2


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"depth": 3}, r"'sums' has no parameter 'depth'; it has n, factor"),
        ({"n": "4"}, r"'n' of pipeline 'sums' is annotated int, but '4' is given"),
    ],
    ids=["unknown", "type"],
)
def test_a_wrong_parameter_is_refused_before_anything_runs(
    parameters: dict[str, Any], message: str, store: Store
) -> None:
    with pytest.raises(Misuse, match=message):
        sums.run(**parameters)
    assert store.catalog.runs.list_runs() == []


def test_a_terminal_gives_parameters_as_text() -> None:
    texts = {"n": "5", "factor": "1"}
    assert sums.configured(texts=texts).resolve({}).values == {"n": 5, "factor": 1.0}


def test_a_plan_says_what_would_run_and_why_and_records_nothing(store: Store) -> None:
    assert [(each.action, each.why) for each in sums.plan().steps] == [
        ("run", "first time"),
        ("unknown", "depends on what numbers will make"),
        ("unknown", "depends on what scaled will make"),
    ]
    run = sums.run()
    assert [(each.action, each.why) for each in sums.plan(factor=9.0).steps] == [
        ("reuse", f"unchanged since run {run.id}"),
        ("run", "parameter factor changed: 2.0 -> 9.0"),
        ("unknown", "depends on what scaled will make"),
    ]
    assert len(store.catalog.runs.list_runs()) == 1


def test_two_equal_calls_in_one_run_are_computed_once(store: Store) -> None:
    @pipeline
    def twice() -> Any:
        return [total(numbers(3)), total(numbers(3))]

    run = twice.run()
    assert (run.executed, run.cached) == (2, 2)
    assert CALLS == ["numbers", "total"]


def test_what_a_task_prints_is_shown_and_its_end_kept(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    @task
    def talk() -> None:
        print("first" + "." * 50_000)
        print("last")

    @pipeline
    def talking() -> None:
        talk()

    run = talking.run()
    log = tasks(store, run.id)["talk"].log
    assert log.endswith("last\n")
    assert len(log) == 20_000
    assert capsys.readouterr().out.startswith("first")


def test_a_task_that_commits_to_a_table_says_in_which_run(store: Store) -> None:
    daily = Table("daily", watch="off")

    @task
    def write(rows: pl.DataFrame) -> int:
        context = current_task()
        assert context is not None
        made = commit_rows(context.store, daily.spec, rows, idempotency_key=context.idempotency_key, run=context.run)
        return made.version or 0

    @pipeline
    def writing() -> int:
        return write(numbers(3))

    run = writing.run()
    assert load_result(store, run.id) == 1
    assert store.catalog.tables.list_commits("daily")[0].run == run.id


def test_a_table_that_a_task_reads_by_itself_keeps_it_from_being_cached(
    store: Store, module: Callable[..., ModuleType]
) -> None:
    found = module("""
        from trivium.pipelines.pipeline import pipeline
        from trivium.pipelines.task import task
        from trivium.tables.table import Table

        lone = Table("lone", watch="off")

        @task
        def count() -> int:
            return lone.read().collect().height

        @pipeline
        def counting():
            return count()
    """)
    found.lone.append(pl.DataFrame({"a": [1]}))
    found.counting.run()
    found.lone.append(pl.DataFrame({"a": [2]}))
    run = found.counting.run()
    assert load_result(store, run.id) == 2
    why = tasks(store, run.id)["count"].reason
    assert why == "cannot be cached: table 'lone' is read inside the task; pass it as an argument."


def test_a_table_that_a_task_joins_by_itself_keeps_it_from_being_cached(
    store: Store, module: Callable[..., ModuleType]
) -> None:
    found = module("""
        from datetime import datetime
        import polars as pl
        import trivium as tv

        lone = tv.Table("lone", key="a", time="at", watch="off")

        @tv.task
        def joined() -> int:
            rows = pl.DataFrame({"a": [1], "at": [datetime(2024, 1, 2)]})
            return tv.as_of(rows, {"lone": lone}, on="at").collect().height

        @tv.pipeline
        def joining():
            return joined()
    """)
    found.lone.append(pl.DataFrame({"a": [1], "at": [datetime(2024, 1, 1, tzinfo=UTC).replace(tzinfo=None)], "x": [1]}))
    run = found.joining.run()
    assert "table 'lone' is read inside the task" in tasks(store, run.id)["joined"].reason


def test_the_split_is_a_task_with_two_outputs(store: Store) -> None:
    @task
    def days(n: int) -> pl.DataFrame:
        return pl.DataFrame({"day": pl.date_range(date(2013, 1, 1), date(2013, 1, n), eager=True), "n": range(n)})

    @pipeline
    def halved() -> Any:
        past, latest = split(days(10), latest="3d")
        return past, latest

    run = halved.run()
    past, latest = load_output(store, run.id, "split")
    assert (past.height, latest.height) == (7, 3)
