"""Tasks on a real Spark of two threads, one for all tests of a process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.spark import ABSENT, light_java

from trivium.checks.kinds import rule
from trivium.errors import TaskFailed
from trivium.pipelines.pipeline import pipeline
from trivium.pipelines.results import load_output, load_result
from trivium.pipelines.spark import session
from trivium.pipelines.task import task
from trivium.settings import load_settings
from trivium.store.store import Store, connect, open_store, use_store
from trivium.tables.import_source import import_source
from trivium.tables.table import Table
from trivium.values.runs import ArtifactRef

if ABSENT:
    pytest.skip(ABSENT, allow_module_level=True)
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.classic.dataframe import DataFrame as OfThisProcess
from pyspark.sql.functions import udf

pytestmark = pytest.mark.timeout(400)  # Java starts slowly on a busy machine
flights = Table("flights", key="id", watch="off")
MOMENT = datetime(2024, 2, 29, 23, 59, 59, 123456)  # noqa: DTZ001 # a wall clock
weather = Table("hourly-weather", watch="off")


@pytest.fixture(scope="module", autouse=True)
def spark() -> Iterator[None]:
    yield from light_java()
    session.end_spark()


@pytest.fixture(autouse=True)
def tables(store: Store) -> None:
    flights.append([{"id": number, "origin": "abc"[number % 3], "delay": number / 2} for number in range(6)])
    weather.append([{"origin": "a", "wind": 7}])


@task(cpus=2)
def joined(spark: SparkSession, flights: DataFrame, w: DataFrame) -> DataFrame:
    return spark.sql(
        "SELECT origin, sum(delay) AS delay, max(wind) AS wind FROM flights "
        "JOIN `hourly-weather` USING (origin) LEFT ANTI JOIN w ON w.wind > 100 GROUP BY origin"
    )


@task(cpus=2)
def rows_of(spark: SparkSession, rows: DataFrame, query: str) -> DataFrame:
    return spark.sql(query)


@task
def polars_rows(rows: pl.DataFrame) -> pl.DataFrame:
    return rows


@pipeline
def joining() -> Any:
    return polars_rows(joined(flights, weather))


@pipeline
def asking(query: str = "SELECT * FROM rows ORDER BY id") -> Any:
    return rows_of(flights, query)


def asked(store: Store, query: str = "SELECT * FROM rows ORDER BY id") -> pl.DataFrame:
    """What a query of the table flights, called rows, gives as a task."""
    found = load_result(store, asking.run(query=query, store=store).id)
    assert isinstance(found, pl.LazyFrame)
    return found.collect()


def test_sql_sees_frames_by_their_parameters_and_by_their_tables(store: Store) -> None:
    run = joining.run(store=store)
    assert load_result(store, run.id).to_dicts() == [{"origin": "a", "delay": 1.5, "wind": 7}]


def test_the_same_rows_have_the_same_digest_as_from_polars(store: Store) -> None:
    @pipeline
    def both() -> Any:
        return polars_rows(
            rows_of(flights, "SELECT id, upper(origin) AS origin, delay FROM rows ORDER BY id")
        ), in_polars(flights)

    @task
    def in_polars(rows: pl.DataFrame) -> pl.DataFrame:
        return rows.sort("id").with_columns(pl.col("origin").str.to_uppercase())

    run = both.run(store=store)
    refs = [_output(store, run.id, node) for node in ("rows_of", "polars_rows", "in_polars")]
    assert len({ref.digest for ref in refs}) == 1
    assert refs[0].facts["type"] == "pyspark.sql.classic.dataframe.DataFrame"


def _output(store: Store, run: str, node: str) -> ArtifactRef:
    found = store.catalog.runs.find_task(run, node)
    assert found is not None
    return found.outputs[0]


def test_a_large_frame_has_the_bytes_that_polars_writes_and_is_not_collected(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    @task(cpus=2)
    def many(spark: SparkSession) -> DataFrame:
        for name in ("collect", "toPandas", "toArrow", "toLocalIterator"):
            monkeypatch.setattr(OfThisProcess, name, _collected)
        return spark.range(1_000_000, numPartitions=3).selectExpr("id", "id % 7 AS week")

    @task
    def same() -> pl.DataFrame:
        return pl.select(id=pl.int_range(1_000_000)).with_columns(week=pl.col("id") % 7)

    @pipeline
    def whole() -> Any:
        return many(), same()

    run = whole.run(store=store)
    one, other = (_output(store, run.id, node) for node in ("many", "same"))
    assert one.digest == other.digest
    assert one.facts["rows"] == 1_000_000


def _collected(*args: object) -> None:
    raise AssertionError("the rows went through the driver")


def test_a_run_reads_the_version_that_it_pinned(store: Store) -> None:
    flights.delete("id < 4")
    flights.append([{"id": 9, "origin": "z", "delay": None}])
    newest = asked(store)
    assert newest["id"].to_list() == [4, 5, 9]
    run = asking.run(store=store, versions={"flights": 1})
    found = load_result(store, run.id)
    assert found.collect()["id"].to_list() == [0, 1, 2, 3, 4, 5]


def test_renamed_widened_and_added_columns_are_read_as_the_version_has_them(store: Store) -> None:
    flights.append(pl.DataFrame({"id": [7], "origin": ["a"], "delay": [1.0], "seats": pl.Series([3], dtype=pl.Int16)}))
    flights.append(pl.DataFrame({"id": [8], "origin": ["a"], "delay": [1.0], "seats": [None]}))
    flights.rename({"origin": "start"})
    flights.widen("seats", "int32")
    assert asked(store).equals(flights.read().collect().sort("id"))
    assert asked(store).columns == ["id", "start", "delay", "seats"]


def test_rows_in_quarantine_and_deleted_ones_are_not_read(store: Store) -> None:
    guarded = Table("flights", key="id", watch="off", checks=[rule("delay >= 0")])
    with pytest.warns(UserWarning, match="Quarantined"):
        guarded.append([{"id": 50, "origin": "a", "delay": -1.0}])
    flights.delete("id = 0")
    assert asked(store, "SELECT count(*) AS n, min(id) AS first FROM rows").to_dicts() == [{"n": 5, "first": 1}]


def test_values_of_all_types_that_spark_has_come_back_as_they_went(store: Store) -> None:
    rows = pl.DataFrame(
        {
            "id": [1, 2],
            "zoned": [MOMENT.replace(tzinfo=UTC), None],
            "plain": [MOMENT, MOMENT.replace(year=4)],
            "day": [date(1582, 10, 10), date(9999, 12, 31)],
            "money": pl.Series([Decimal("12345678901234567890.12"), None], dtype=pl.Decimal(38, 2)),
            "large": [2**63 - 1, -(2**63)],
            "small": pl.Series([-128, None], dtype=pl.Int8),
            "half": pl.Series([0.1, float("nan")], dtype=pl.Float32),
            "raw": [b"\x00\xff", None],
            "flag": [True, None],
            "text": ["é\u0000\n", ""],
            "many": [[1, None], []],
            "deep": [{"a": [{"b": "x"}], "c": None}, {"a": None, "c": 1.5}],
            "odd name `,;{}()=\t": ["x", None],
        }
    )
    table = Table("flights", watch="off")
    table.overwrite(rows)
    assert asked(store).equals(table.read().collect().sort("id"))
    assert asked(store).schema == rows.schema


def test_types_that_spark_lacks_become_the_next_wider(store: Store) -> None:
    Table("flights", watch="off").overwrite(
        pl.DataFrame(
            {
                "id": pl.Series([2**32 - 1], dtype=pl.UInt32),
                "u": pl.Series([2**64 - 1], dtype=pl.UInt64),
                "kind": pl.Series(["a"], dtype=pl.Categorical),
                "fine": pl.Series([MOMENT], dtype=pl.Datetime("ns")),
                "there": pl.Series([MOMENT]).dt.replace_time_zone("Europe/Paris"),
            }
        )
    )
    found = asked(store)
    assert found.schema == {
        "id": pl.Int64, "u": pl.Decimal(20, 0), "kind": pl.String, "fine": pl.Datetime("us"),
        "there": pl.Datetime("us", "UTC"),
    }  # fmt: skip
    assert found.row(0) == (
        2**32 - 1, Decimal(2**64 - 1), "a", MOMENT, MOMENT.replace(hour=22, tzinfo=UTC),
    )  # fmt: skip


def refusal(store: Store, query: str = "SELECT * FROM rows ORDER BY id") -> str:
    """Why a query of the table flights fails."""
    with pytest.raises(TaskFailed) as failed:
        asking.run(query=query, store=store)
    return str(failed.value).partition("\n")[0]


def test_a_column_that_spark_has_no_type_for_is_named(store: Store) -> None:
    Table("flights", watch="off").overwrite(pl.DataFrame({"id": [1], "pause": pl.Series([5], dtype=pl.Duration("us"))}))
    assert "Column 'pause' is duration[us], which Spark has no type for" in refusal(store)
    flights.overwrite(pl.DataFrame({"id": [1], "Id": [2]}))
    assert "Columns 'id' and 'Id' are one name to Spark" in refusal(store)
    moments = pl.Series([1], dtype=pl.Datetime("ns"))
    flights.overwrite(pl.DataFrame({"id": [1], "at": moments}))
    assert "Column 'at' has moments finer than a microsecond" in refusal(store)


@pytest.mark.parametrize(
    ("query", "column"),
    [
        (
            "SELECT INTERVAL 1 DAY AS pause",
            "Column 'pause' is Spark's interval day, which is not stored: make it a number",
        ),
        ("SELECT NULL AS nothing", "Column 'nothing' is Spark's void, which is not stored: it has no type; cast it"),
        ("SELECT parse_json('1') AS loose", "Column 'loose' is Spark's variant, which is not stored: make it a text"),
    ],
)
def test_a_column_that_is_not_stored_is_named(store: Store, query: str, column: str) -> None:
    assert column in refusal(store, query)


def test_a_table_that_is_not_given_is_said_to_be_given(store: Store) -> None:
    assert (
        "The query asks for `planes`, which task 'rows_of' is not given (it has: rows, flights). Add a parameter"
    ) in refusal(store, "SELECT * FROM planes")


def test_an_error_of_a_job_is_its_cause_in_one_line(store: Store) -> None:
    message = refusal(store, "SELECT 1 / (id - id) AS x FROM rows")
    assert "SparkFailed: [DIVIDE_BY_ZERO] Division by zero." in message
    (ended,) = store.catalog.runs.list_tasks(store.catalog.runs.list_runs()[0].id)
    assert "\tat " not in ended.log
    assert "WARN" not in ended.log


@pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")
@pytest.mark.filterwarnings("ignore:Cannot infer the eval type:UserWarning")
def test_an_error_of_a_python_function_in_spark_is_told_with_its_place(store: Store) -> None:
    @task(cpus=2)
    def counted(rows: DataFrame) -> DataFrame:
        def size(text: str) -> int:
            return {"a": 1}[text]

        return rows.select(udf(size, "int")("origin").alias("size"))

    @pipeline
    def whole() -> Any:
        return counted(flights)

    with pytest.raises(TaskFailed, match=r"SparkFailed: KeyError: 'b' \(test_spark.py:\d+ in size\)"):
        whole.run(store=store)


def test_the_session_of_a_task_is_the_current_one_works_in_utc_and_keeps_nothing(store: Store) -> None:
    @task(cpus=2, spark={"spark.sql.shuffle.partitions": 3})
    def first(rows: DataFrame) -> list[str]:
        spark = SparkSession.builder.getOrCreate()
        spark.conf.set("spark.sql.shuffle.partitions", "7")
        names = [each.name for each in spark.catalog.listTables()]
        return [*names, spark.conf.get("spark.sql.session.timeZone") or "", spark.sparkContext.master]

    @task(cpus=2, spark={"spark.sql.shuffle.partitions": 3})
    def second(before: list[str], spark: SparkSession) -> list[str]:
        return [str(len(spark.catalog.listTables())), spark.conf.get("spark.sql.shuffle.partitions") or ""]

    @pipeline
    def whole() -> Any:
        return second(first(flights))

    run = whole.run(store=store)
    assert load_output(store, run.id, "first") == ["flights", "rows", "UTC", "local[2]"]
    assert load_result(store, run.id) == ["0", "3"]


def test_a_task_on_spark_runs_bare(store: Store) -> None:
    current = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    frame = current.createDataFrame([(1, "a")], "id INT, origin STRING")
    wanted = "SELECT id + 1 AS id FROM rows"
    assert rows_of(current, frame, wanted).first() == (2,)
    assert rows_of(frame, wanted).first() == (2,)
    assert not current.catalog.tableExists("rows")


def test_a_frame_of_spark_is_committed_and_imported(store: Store) -> None:
    current = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    frame = current.range(10).selectExpr("id", "date_add(DATE '2024-01-01', CAST(id % 2 AS INT)) AS day")
    table = Table("days", key="id", time="day", watch="off")
    assert table.append(frame).partitions == ("2024-01-01", "2024-01-02")
    assert import_source(store, table.spec, frame.selectExpr("id + 10 AS id", "day")).rows == 10
    assert sorted(table.read().collect()["id"].to_list()) == list(range(20))


def test_folders_may_have_any_name(tmp_path: Path) -> None:
    with connect(tmp_path / "a b [1] {x,y} z%20*?", actor="ada", durability="fast") as odd:
        flights.append([{"id": 1, "origin": "a", "delay": 0.5}])
        assert asked(odd)["id"].to_list() == [1]


def test_tables_in_lists_and_under_other_parameters_are_views_by_their_names(store: Store) -> None:
    @task(cpus=2)
    def names(spark: SparkSession, parts: list[DataFrame], **more: DataFrame) -> list[str]:
        return [each.name for each in spark.catalog.listTables()]

    @pipeline
    def whole() -> Any:
        return names([flights], x=weather)

    assert load_result(store, whole.run(store=store).id) == ["flights", "hourly-weather"]


def test_the_example_of_the_guide_runs(tmp_path: Path, module: Callable[[str], Any]) -> None:
    text = (Path(__file__).parents[2] / "docs" / "guide" / "spark.md").read_text()
    user = module(text.partition("```python")[2].partition("```")[0])
    at = datetime(2024, 1, 1, tzinfo=UTC)
    with connect(tmp_path / "guide", actor="ada", durability="fast") as fresh:
        user.flights.append(
            [{"flight_id": n, "scheduled_at": at, "origin": "ab"[n % 2], "delay": float(n)} for n in range(4)]
        )
        user.weather.append([{"origin": origin, "wind": 1} for origin in "ab"])
        assert load_result(fresh, user.windy.run(store=fresh).id) == "b"


def test_a_task_on_spark_commits_by_partitions_and_its_table_is_read_by_others(store: Store) -> None:
    days = Table("days", key="id", time="at", watch="off")
    totals = Table("totals", key="day", time="day", watch="off")
    days.append([{"id": n, "at": datetime(2024, 1, 1 + n % 2, n, tzinfo=UTC)} for n in range(4)])

    @task(cpus=2, commits=totals)
    def summed(spark: SparkSession, days: DataFrame) -> DataFrame:
        return spark.sql("SELECT to_date(min(at)) AS day, sum(id) AS total FROM days")

    @task(cpus=2)
    def all_of(totals: DataFrame) -> list[list[Any]]:
        return [list(row) for row in totals.orderBy("day").selectExpr("CAST(day AS STRING)", "total").collect()]

    @pipeline
    def whole() -> Any:
        return all_of(summed(days))

    run = whole.run(store=store)
    assert load_result(store, run.id) == [["2024-01-01", 2], ["2024-01-02", 4]]
    assert totals.read().collect().sort("day")["total"].to_list() == [2, 4]


def test_tables_on_s3_are_read_from_copies(tmp_path: Path, s3_url: str) -> None:
    settings = load_settings(tmp_path, environ={"TRIVIUM_ROOT": str(tmp_path)}, storage=s3_url, executor="inline")
    away = open_store(settings)
    with use_store(away):
        flights.append([{"id": 1, "origin": "a", "delay": 0.5}])
        assert asked(away)["id"].to_list() == [1]
    away.close()


@pytest.fixture
def no_spark() -> None:
    """No Spark runs, neither ours nor one that a test started by itself."""
    session.end_spark()
    other = SparkSession.getActiveSession()
    if other is not None:
        other.stop()


def test_a_spark_that_does_not_start_says_why_and_the_next_one_starts(store: Store, no_spark: None) -> None:
    @task(cpus=2, spark={"spark.memory.fraction": "many"})
    def never(spark: SparkSession) -> int:
        return 1

    @pipeline
    def whole() -> Any:
        return never()

    with pytest.raises(
        TaskFailed,
        match=r'Spark did not start .*spark.memory.fraction: For input string: "many"\. It',
    ):
        whole.run(store=store)
    assert asked(store).height == 6


def test_java_is_ended_before_a_task_whose_memory_is_limited(store: Store, no_spark: None) -> None:
    assert asked(store).height == 6
    (java,) = (each.session._sc._gateway.proc for each in session._running)

    @task(memory="1GB")
    def light() -> int:
        return 1

    @pipeline
    def whole() -> Any:
        return light()

    whole.run(store=store)
    assert java.poll() is not None
