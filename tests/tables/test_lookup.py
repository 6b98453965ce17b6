"""Looking rows up by key, as a model that serves does."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trivium.checks.kinds import rule
from trivium.errors import Misuse, NotFound
from trivium.store.store import Store
from trivium.tables.lookup import lookup_rows
from trivium.tables.table import Table
from trivium.tracking.run import run

Readings = Callable[..., pl.DataFrame]
TABLE = Table("readings", key="id", time="at", checks=[rule("x > -100")], watch="off")
DAY = "2024-01-01 "


def at(hour: float) -> datetime:
    return datetime(2024, 1, 1) + timedelta(hours=hour)  # noqa: DTZ001 # as the rows have it


def values(table: Table, keys: list[int], moments: list[datetime | None] | None = None) -> list[float | None]:
    return [found.values["x"] if found.values else None for found in table.lookup(keys, at=moments)]


def test_one_text_in_place_of_a_list_of_keys_is_refused(store: Store) -> None:
    with pytest.raises(Misuse, match=r"'A1' is a text: write \['A1'\]"):
        lookup_rows(store, "readings", "A1")


def test_the_newest_row_of_each_key_is_found_in_the_order_asked(store: Store, readings: Readings) -> None:
    TABLE.append(readings([1, 2, 1], [DAY + "10:00:00", DAY + "10:00:00", DAY + "11:00:00"], x=[1.0, 2.0, 3.0]))
    assert values(TABLE, [2, 1, 9, 1]) == [2.0, 3.0, None, 3.0]


def test_a_found_row_says_its_version_and_its_time(store: Store, readings: Readings) -> None:
    TABLE.append(readings([1], [DAY + "10:00:00"], name=["a"]))
    found, absent = TABLE.lookup([1, 2])
    assert (found.key, found.version, found.at) == ("1", 1, "2024-01-01T10:00:00.000000")
    assert found.values == {"x": 1.0, "name": "a"}
    assert (absent.key, absent.version, absent.values) == ("2", 1, None)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 20), min_size=1, max_size=8, unique=True), st.lists(st.integers(-1, 41), max_size=8))
def test_a_row_from_the_future_is_never_found(store: Store, hours: list[int], halves: list[int]) -> None:
    table = Table(f"t{len(store.catalog.tables.list_specs())}", key="id", time="at", watch="off")
    table.append(pl.DataFrame({"id": [1] * len(hours), "at": [at(hour) for hour in hours], "x": hours}))
    expected = [max((hour for hour in hours if hour <= half / 2), default=None) for half in halves]
    assert values(table, [1] * len(halves), [at(half / 2) for half in halves]) == expected


def test_moments_in_another_zone_are_the_same_moments(store: Store) -> None:
    table = Table("zoned", key="id", time="at", watch="off")
    moments = [datetime(2024, 1, 1, hour, tzinfo=UTC) for hour in (8, 9)]
    table.append(pl.DataFrame({"id": [1, 1], "at": moments, "x": [8.0, 9.0]}))
    east = timezone(timedelta(hours=2))
    asked: list[datetime | None] = [datetime(2024, 1, 1, hour, tzinfo=east) for hour in (9, 10, 11)]
    assert values(table, [1, 1, 1], asked) == [None, 8.0, 9.0]


def test_rows_of_a_zone_are_found_by_their_moment_in_utc(store: Store) -> None:
    table = Table("zoned", key="id", time="at", watch="off")
    rows = pl.DataFrame({"id": [1], "at": [datetime(2024, 1, 1, 8, tzinfo=UTC)], "x": [8.0]})
    table.append(rows.with_columns(pl.col("at").dt.convert_time_zone("America/New_York")))
    asked: list[datetime | None] = [datetime(2024, 1, 1, hour, tzinfo=UTC) for hour in (7, 8)]
    assert values(table, [1, 1], asked) == [None, 8.0]


def test_dates_are_found_from_their_midnight_on(store: Store) -> None:
    table = Table("daily", key="id", time="at", watch="off")
    table.append(pl.DataFrame({"id": [1, 1], "at": [at(0).date(), at(24).date()], "x": [1.0, 2.0]}))
    assert values(table, [1, 1, 1], [at(-1), at(0), at(30)]) == [None, 1.0, 2.0]


def test_a_new_commit_is_seen_at_the_next_lookup(store: Store, readings: Readings) -> None:
    TABLE.append(readings([1], [DAY + "10:00:00"]))
    assert values(TABLE, [1, 2]) == [1.0, None]
    TABLE.append(readings([2], [DAY + "11:00:00"]))
    assert values(TABLE, [1, 2]) == [1.0, 2.0]
    assert TABLE.lookup([1])[0].version == 2


def test_a_quarantined_row_is_not_seen(store: Store, readings: Readings) -> None:
    TABLE.append(readings([1], [DAY + "10:00:00"]))
    assert TABLE.append(readings([1], [DAY + "11:00:00"], x=[-500.0])).state == "quarantined"
    assert values(TABLE, [1]) == [1.0]


def test_a_row_that_an_overwrite_removed_is_not_seen(store: Store, readings: Readings) -> None:
    TABLE.append(readings([1, 2], [DAY + "10:00:00", DAY + "10:00:00"]))
    TABLE.append(readings([3], ["2024-01-02 10:00:00"]))
    assert values(TABLE, [1, 2, 3]) == [1.0, 2.0, 3.0]
    TABLE.overwrite(readings([2], [DAY + "10:00:00"], x=[20.0]))
    assert values(TABLE, [1, 2, 3]) == [None, 20.0, 3.0]


def test_a_later_commit_of_the_same_key_and_time_wins(store: Store, readings: Readings) -> None:
    for x in (1.0, 2.0, 3.0):
        TABLE.append(readings([1], [DAY + "10:00:00"], x=[x]))
    assert values(TABLE, [1]) == [3.0]


def test_a_table_without_time_has_one_row_a_key_the_last(store: Store) -> None:
    table = Table("planes", key="id", watch="off")
    for x in (1.0, 2.0):
        table.append(pl.DataFrame({"id": [1], "x": [x]}))
    assert values(table, [1, 1], [None, at(0)]) == [2.0, 2.0]


def test_a_key_of_several_columns_is_a_tuple(store: Store) -> None:
    table = Table("legs", key=["a", "b"], watch="off")
    table.append(pl.DataFrame({"a": ["x", "x"], "b": [1, 2], "v": [7, 8]}))
    assert [found.values for found in table.lookup([("x", 2), ("x", 3)])] == [{"v": 8}, None]


def test_a_lost_online_store_is_made_again(store: Store, readings: Readings) -> None:
    TABLE.append(readings([1], [DAY + "10:00:00"]))
    assert values(TABLE, [1]) == [1.0]
    store.online.close()
    for file in store.settings.state.glob("online/*"):
        file.unlink()
    assert values(TABLE, [1]) == [1.0]


def test_a_table_without_a_key_cannot_be_looked_up_in(store: Store) -> None:
    table = Table("plain", watch="off")
    table.append(pl.DataFrame({"x": [1]}))
    with pytest.raises(Misuse, match="Table 'plain' has no key, so nothing can be looked up in it"):
        table.lookup([1])


def test_a_table_without_a_version_cannot_be_looked_up_in(store: Store) -> None:
    with pytest.raises(NotFound, match="'readings' has no published version to look up in"):
        TABLE.lookup([1])


def test_keys_and_moments_come_in_pairs(store: Store, readings: Readings) -> None:
    TABLE.append(readings([1], [DAY + "10:00:00"]))
    with pytest.raises(Misuse, match="2 keys need as many moments in `at`, not 1"):
        TABLE.lookup([1, 2], at=[None])


def test_no_keys_find_nothing(store: Store, readings: Readings) -> None:
    TABLE.append(readings([1], [DAY + "10:00:00"]))
    assert TABLE.lookup([]) == []


def test_a_key_that_was_asked_for_before_is_found_as_of_its_moment(store: Store, readings: Readings) -> None:
    TABLE.append(readings([1, 1], [DAY + "10:00:00", DAY + "12:00:00"], x=[1.0, 2.0]))
    for _ in range(2):
        assert values(TABLE, [1], [None]) == [2.0]
        assert values(TABLE, [1], [at(11)]) == [1.0]


def test_what_a_caller_does_with_found_values_changes_no_later_answer(store: Store, readings: Readings) -> None:
    TABLE.append(readings([1], [DAY + "10:00:00"]))
    for _ in range(3):
        found = TABLE.lookup([1])[0].values
        assert found == {"x": 1.0}
        found["x"] = -1.0


def test_a_moment_finer_than_a_microsecond_is_not_found_before_it_happened(store: Store) -> None:
    table = Table("fine", key="id", time="at", watch="off")
    table.append(pl.DataFrame({"id": [1], "at": [1_000_500], "x": [1.0]}).cast({"at": pl.Datetime("ns")}))
    epoch = datetime(1970, 1, 1)  # noqa: DTZ001 # as the rows have it
    asked = [epoch + timedelta(microseconds=each) for each in (1_000, 1_001)]
    assert values(table, [1, 1], list(asked)) == [None, 1.0]


def test_values_come_back_as_numbers_texts_and_truths(store: Store) -> None:
    table = Table("kinds", key="id", watch="off")
    big = 2**63
    table.append(
        pl.DataFrame(
            {"id": ["a"], "whole": [-3], "big": [big], "real": [float("inf")], "odd": [float("nan")], "text": ["ä"],
             "true": [True], "none": [None], "day": [at(0).date()], "list": [[1, 2]]},
            schema_overrides={"big": pl.UInt64},
        )
    )  # fmt: skip
    found = table.lookup(["a"])[0].values
    assert found is not None
    assert math.isnan(found.pop("odd"))
    assert found == {
        "whole": -3, "big": big, "real": math.inf, "text": "ä", "true": True, "none": None, "day": "2024-01-01",
        "list": [1, 2],
    }  # fmt: skip


def test_a_key_that_is_a_number_and_one_that_is_its_text_are_one(store: Store) -> None:
    table = Table("numbered", key="id", watch="off")
    table.append(pl.DataFrame({"id": [7], "x": [1.0]}))
    assert values(table, [7]) == [found.values["x"] for found in table.lookup(["7"]) if found.values]


def test_a_commit_of_another_process_is_seen_at_the_next_lookup(store: Store, readings: Readings) -> None:
    TABLE.append(readings([1], [DAY + "10:00:00"]))
    assert values(TABLE, [1]) == [1.0]
    script = (
        "import sys, polars as pl, trivium as tv\n"
        "with tv.connect(sys.argv[1]):\n"
        "    rows = pl.DataFrame({'id': [1], 'at': ['2024-01-01 11:00:00'], 'x': [2.0]})\n"
        "    table = tv.Table('readings', key='id', time='at', watch='off')\n"
        "    table.append(rows.with_columns(pl.col('at').str.to_datetime(time_unit='us')))\n"
    )
    subprocess.run([sys.executable, "-c", script, str(store.settings.root)], check=True)
    assert values(TABLE, [1]) == [2.0]


def test_the_store_of_a_later_thread_finds_the_same(store: Store, readings: Readings) -> None:
    TABLE.append(readings([1], [DAY + "10:00:00"]))
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda _: lookup_rows(store, "readings", [1])[0].values, range(9)))
    assert found == [{"x": 1.0}] * 9


def test_an_answer_tells_that_the_table_has_newer_inputs(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trivium.tables.lookup.STALE_SECONDS", 0.0)
    raw, readings = Table("raw", watch="off"), Table("readings", key="id", watch="off")
    raw.append(pl.DataFrame({"id": [1]}), store=store)
    with run("derive", store=store):
        readings.append(raw.read(store=store).collect(), store=store)
    assert readings.lookup([1], store=store)[0].stale == ()
    raw.append(pl.DataFrame({"id": [2]}), store=store)
    (found,) = readings.lookup([1], store=store)
    assert [(each.table, each.read, each.newest) for each in found.stale] == [("raw", 1, 2)]
    assert readings.staleness(store=store).inputs == found.stale
    assert not raw.staleness(store=store).stale
