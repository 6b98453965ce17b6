"""The picture of a table and of an alert, out of a real store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from tests.pictures.made import a_day, made_alert

from trivium.errors import NotFound
from trivium.pictures.alert_picture import picture_alert
from trivium.pictures.page import alert_page, table_page
from trivium.pictures.table_picture import picture_table
from trivium.store.store import Store, connect
from trivium.tables.profiles import list_profiles
from trivium.tables.table import Table
from trivium.values.tables import TableSpec

BROKEN = "2024-01-26"


@pytest.fixture(scope="module")
def weather(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store with 25 ordinary days of `weather`, and a day in another unit that is kept aside."""
    table = Table("weather", key="id", time="at")
    with connect(tmp_path_factory.mktemp("weather"), actor="ada", durability="fast") as store:
        for number in range(25):
            table.append(a_day(number), store=store)
        table.append(a_day(25, shift=45.0), store=store)
        yield store


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Store]:
    with connect(tmp_path, actor="ada", durability="fast") as store:
        yield store


def test_the_alarming_column_comes_first_with_its_band_and_its_mark(weather: Store) -> None:
    picture = picture_table(weather, "weather")
    whole, temp = picture.columns[:2]
    assert (whole.name, temp.name) == ("", "temp")
    assert picture.partitions[-1] == BROKEN
    assert picture.aside == (len(picture.partitions) - 1,)
    (mark,) = temp.marks
    lead = temp.series[0]
    assert mark.fact == lead.fact
    assert mark.observed is not None
    low, high = lead.low[-2], lead.high[-2]
    assert low is not None
    assert high is not None
    assert low <= (lead.values[-2] or 0.0) <= high
    assert mark.observed < low


def test_the_newest_values_are_compared_with_those_before(weather: Store) -> None:
    distribution = picture_table(weather, "weather").columns[1].distribution
    assert distribution is not None
    assert distribution.before is not None
    assert distribution.before.quantiles["median"] - distribution.after.quantiles["median"] > 40


def test_one_column_is_drawn_with_all_its_facts(weather: Store) -> None:
    (temp,) = picture_table(weather, "weather", column="temp").columns
    assert {"median", "null_rate", "sd", "zero_rate"} <= {series.fact for series in temp.series}
    assert "fingerprint" not in {series.fact for series in temp.series}
    assert picture_table(weather, "weather", column="nothing").columns == ()


def test_what_does_not_fit_is_told(weather: Store) -> None:
    picture = picture_table(weather, "weather", columns=1)
    assert [each.name for each in picture.columns] == ["", "temp"]
    assert picture.left_out == 3
    assert "3 less surprising columns are left out" in table_page(picture)


def test_an_alert_is_drawn_as_it_was_when_it_was_raised(weather: Store) -> None:
    (alert,) = weather.catalog.alerts.list_alerts(table="weather")
    picture = picture_alert(weather, alert)
    assert picture.column is not None
    lead = picture.column.series[0]
    assert picture.partitions[-1] == BROKEN
    assert lead.fact == alert.evidence["fact"]
    assert (lead.values[-1], lead.low[-1]) == (alert.evidence["observed"], alert.evidence["low"])
    assert alert.message.replace("°F", "")[:10] in alert_page(picture)


def test_an_alert_about_no_column_and_no_fact_has_its_sentence_and_no_chart(weather: Store) -> None:
    picture = picture_alert(
        weather, made_alert(column=None, kind="metric", message="auc 0.61: at least 0.7 is demanded")
    )
    assert picture.column is None
    assert "auc 0.61" in alert_page(picture)


def test_an_alert_of_a_partition_that_nobody_remembers_is_drawn_from_its_evidence(weather: Store) -> None:
    evidence = {
        "fact": "median",
        "observed": 2.0,
        "low": 5.0,
        "high": 6.0,
        "history": [5.5, 5.6],
        "partitions": ["a", "b"],
    }
    picture = picture_alert(weather, made_alert(partition="1999-01-01", evidence=evidence))
    assert picture.partitions == ("a", "b", "1999-01-01")
    assert picture.column is not None
    assert picture.column.series[0].values == (5.5, 5.6, 2.0)


def test_a_table_without_commits_and_an_unknown_one(other: Store) -> None:
    other.catalog.tables.declare(TableSpec("empty", time="at"), actor="ada")
    picture = picture_table(other, "empty")
    assert (picture.partitions, picture.columns) == ((), ())
    assert "No partition has been published yet." in table_page(picture)
    with pytest.raises(NotFound):
        picture_table(other, "nothing")


def test_one_partition_without_event_time_is_a_picture_without_bands(other: Store) -> None:
    Table("rows").append(pl.DataFrame({"x": [1, 2, 3]}), store=other)
    picture = picture_table(other, "rows")
    assert picture.partitions == ("all",)
    assert "Too few partitions are known to expect anything yet." in picture.notes
    assert "The only partition is partition all with 3 rows." in table_page(picture)


def test_columns_of_nulls_nan_and_infinities_and_huge_texts_are_drawn(other: Store) -> None:
    table = Table("odd", time="at", watch="warn")
    for number in range(6):
        rows = a_day(number, rows=4).with_columns(
            nothing=pl.lit(None, pl.Float64),
            nan=pl.lit(float("nan")),
            infinite=pl.lit(float("inf")),
            extreme=pl.Series([1.7e308, -1.7e308, 5e-324, 0.0]),
            long=pl.lit("x" * 10_000_000) if number == 5 else pl.lit("y"),
        )
        table.append(rows, store=other)
    page = table_page(picture_table(other, "odd"))
    assert "nan" not in page.lower().replace("<bdi>nan</bdi>", "").replace(">nan<", "")
    assert len(page) < 500_000


def test_a_table_that_nobody_watches_is_drawn_without_expectations(other: Store) -> None:
    table = Table("quiet", time="at", watch="off")
    for number in range(5):
        table.append(a_day(number), store=other)
    picture = picture_table(other, "quiet")
    assert "Nobody watches this table's columns, so nothing is expected of them." in picture.notes
    temp = next(each for each in picture.columns if each.name == "temp")
    assert temp.series[0].values[-1] is not None
    assert set(temp.series[0].low) == {None}


def test_values_about_persons_are_in_no_picture(other: Store) -> None:
    table = Table("people", time="at", pii=["kind", "temp"])
    for number in range(5):
        table.append(a_day(number, kind="Ada Lovelace"), store=other)
    picture = picture_table(other, "people")
    temp = next(each for each in picture.columns if each.name == "temp")
    assert {"median", "mean"}.isdisjoint(series.fact for series in temp.series)
    assert temp.distribution is None
    page = table_page(picture)
    assert "Lovelace" not in page
    assert "Values of columns about persons are not shown." in page


def test_values_about_persons_are_masked_in_profiles_that_are_made_late(other: Store) -> None:
    Table("people", time="at", watch="off", pii="kind").append(a_day(0, kind="Ada Lovelace"), store=other)
    (profile,) = list_profiles(other, "people", limit=1)
    kind = next(each for each in profile.columns if each.name == "kind")
    assert len(kind.top) == 2
    assert "Ada Lovelace" not in kind.top
