"""What becomes of rows after a failed check, in the order of bad luck: twice, late, first, again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import polars as pl
import pytest

from trivium.checks.kinds import rule
from trivium.errors import Misuse, NotFound, VersionConflict
from trivium.store.store import Store
from trivium.tables.quarantine import QuarantinedData
from trivium.tables.query import query_tables
from trivium.tables.read import FlaggedData
from trivium.tables.settle import settle_commit
from trivium.tables.table import Table

Readings = Callable[..., pl.DataFrame]
TABLE = Table("readings", key="id", time="at", checks=[rule("x > 0"), rule("x < 100", severity="warn")], watch="off")
MONDAY, TUESDAY, WEDNESDAY = (f"2024-01-0{day} 10:00:00" for day in (1, 2, 3))
flagged = pytest.mark.filterwarnings("ignore::trivium.tables.read.FlaggedData")


def ids(rows: pl.LazyFrame) -> list[int]:
    return sorted(rows.collect()["id"].to_list())


def open_alerts(store: Store) -> list[str]:
    return sorted(alert.partition for alert in store.catalog.alerts.list_alerts(state="open"))


def test_a_partition_that_is_committed_twice_is_settled_by_its_repair(store: Store, readings: Readings) -> None:
    first = TABLE.append(readings([-1], [MONDAY]))
    second = TABLE.append(readings([-1], [MONDAY]))
    assert first.id != second.id
    assert open_alerts(store) == ["2024-01-01"] * 2
    TABLE.overwrite(readings([1], [MONDAY]))
    assert open_alerts(store) == []
    for kept in TABLE.list_quarantined():
        with pytest.raises(VersionConflict, match="was given anew in version 1"):
            TABLE.release(kept.id, because="it is right")
    assert ids(TABLE.read()) == [1]


def test_a_partition_that_is_committed_twice_under_one_key_is_kept_aside_once(store: Store, readings: Readings) -> None:
    first = TABLE.append(readings([-1], [MONDAY]), idempotency_key="monday")
    assert TABLE.append(readings([-1], [MONDAY]), idempotency_key="monday") == first
    assert len(TABLE.list_quarantined()) == 1
    assert open_alerts(store) == ["2024-01-01"]


@flagged
def test_a_repeated_key_after_the_release_gives_the_released_version(store: Store, readings: Readings) -> None:
    kept = TABLE.append(readings([-1], [MONDAY]), idempotency_key="monday")
    released = TABLE.release(kept.id, because="it is right")
    assert TABLE.append(readings([-1], [MONDAY]), idempotency_key="monday") == released
    assert ids(TABLE.read()) == [-1]


def test_of_many_partitions_the_first_causes_are_told_with_their_partition(store: Store, readings: Readings) -> None:
    days = [f"2024-01-{day:02} 10:00:00" for day in range(1, 11)]
    with pytest.warns(QuarantinedData, match=r"\(2024-01-01\).*and 7 more\. `trivium"):
        TABLE.append(readings([-1] * 10, days))
    (kept,) = TABLE.list_quarantined()
    assert kept.because.endswith("(2024-01-03); and 7 more")


@flagged
def test_a_late_partition_is_judged_and_released_among_its_successors(store: Store, readings: Readings) -> None:
    TABLE.append(readings([1], [MONDAY]))
    TABLE.append(readings([3], [WEDNESDAY]))
    late = TABLE.append(readings([-2], [TUESDAY]))
    assert late.state == "quarantined"
    assert open_alerts(store) == ["2024-01-02"]
    TABLE.append(readings([4], [WEDNESDAY]))
    assert TABLE.list_quarantined()[0].written_since is None
    assert TABLE.release(late.id, because="it is right").version == 4
    assert TABLE.read().collect()["id"].to_list() == [1, -2, 3, 4]


def test_a_late_flaw_does_not_flag_what_was_published_before_it(store: Store, readings: Readings) -> None:
    TABLE.append(readings([3], [WEDNESDAY]))
    TABLE.append(readings([200], [TUESDAY]))
    assert TABLE.at(1).alerts == ()
    assert [alert.partition for alert in TABLE.at(2).alerts] == ["2024-01-02"]
    assert ids(TABLE.read(1)) == [3]


def test_a_first_partition_that_is_broken_leaves_a_table_without_versions(store: Store, readings: Readings) -> None:
    kept = TABLE.append(readings([-1], [MONDAY]))
    with pytest.raises(NotFound, match="no published version"):
        TABLE.lookup([1])
    TABLE.discard(kept.id, because="a test")
    assert TABLE.append(readings([1], [MONDAY])).version == 1
    assert TABLE.list_quarantined() == []


@flagged
def test_a_first_partition_that_is_broken_is_the_first_version_once_it_is_released(
    store: Store, readings: Readings
) -> None:
    kept = TABLE.append(readings([-1], [MONDAY]))
    assert TABLE.release(kept.id, because="it is right").version == 1
    assert ids(TABLE.read()) == [-1]


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("again", [True, False])
def test_what_was_settled_is_settled_for_ever(store: Store, readings: Readings, first: bool, again: bool) -> None:
    kept = TABLE.append(readings([-1], [MONDAY]))
    settle_commit(store, kept.id, release=first, because="so")
    before = store.catalog.tables.get_commit(kept.id), len(store.catalog.events.list_events())
    with pytest.raises(Misuse, match=f"is {'flagged' if first else 'discarded'}; only a quarantined one is settled"):
        settle_commit(store, kept.id, release=again, because="once more")
    assert (store.catalog.tables.get_commit(kept.id), len(store.catalog.events.list_events())) == before


@pytest.mark.parametrize("release", [True, False])
def test_what_nobody_committed_is_not_found(store: Store, release: bool) -> None:
    with pytest.raises(NotFound, match="no commit 'nothing'"):
        settle_commit(store, "nothing", release=release, because="so")


def test_a_release_and_a_discard_are_on_record_with_who_and_why(store: Store, readings: Readings) -> None:
    for number, release in ((1, True), (2, False)):
        kept = TABLE.append(readings([-number], [MONDAY]))
        settle_commit(store, kept.id, release=release, because=f"reason {number}")
    events = [
        each for kind in ("table.released", "table.discarded") for each in store.catalog.events.list_events(kind=kind)
    ]
    assert [(each.actor, each.detail["because"]) for each in events] == [("ada", "reason 1"), ("ada", "reason 2")]
    resolved = {alert.resolved_because for alert in store.catalog.alerts.list_alerts()}
    assert resolved == {"released: reason 1", "discarded: reason 2"}


def test_a_good_append_does_not_hide_what_is_wrong_with_rows_that_are_there(store: Store, readings: Readings) -> None:
    TABLE.append(readings([200], [MONDAY]))
    TABLE.append(readings([1], [MONDAY]))
    TABLE.append(readings([2], [TUESDAY]))
    with pytest.warns(FlaggedData, match=r"readings version 3 is flagged: .*\(2024-01-01\)") as told:
        TABLE.read()
    warning = told[0].message
    assert isinstance(warning, FlaggedData)
    assert [alert.partition for alert in warning.alerts] == ["2024-01-01"]
    TABLE.overwrite(readings([3], [MONDAY]))
    assert ids(TABLE.read()) == [2, 3]


def test_reading_columns_that_are_sound_warns_of_nothing(store: Store, readings: Readings) -> None:
    TABLE.append(readings([200], [MONDAY]))
    newest = TABLE.at()
    assert newest.read(["id", "at"]).collect().height == 1
    with pytest.warns(FlaggedData):
        newest.read(["id"], where="x > 1")
    with pytest.warns(FlaggedData):
        newest.read(["x"])


def test_a_muted_alert_warns_nobody_until_its_time_is_over(store: Store, readings: Readings) -> None:
    TABLE.append(readings([200], [MONDAY]))
    (alert,) = store.catalog.alerts.list_alerts()
    store.catalog.alerts.mute(alert.id, until=store.clock() + timedelta(days=1), because="known", actor="ada")
    assert ids(TABLE.read()) == [200]
    assert TABLE.lookup([200])[0].alerts == ()
    store.catalog.alerts.mute(alert.id, until=store.clock(), because="over", actor="ada")
    with pytest.warns(FlaggedData):
        TABLE.read()


def test_a_query_warns_of_the_tables_that_it_names(store: Store, readings: Readings) -> None:
    TABLE.append(readings([200], [MONDAY]))
    Table("other", watch="off").append(readings([1], [MONDAY]))
    assert query_tables(store, "SELECT * FROM other").rows.height == 1
    with pytest.warns(FlaggedData, match="readings version 1"):
        query_tables(store, "SELECT count(*) FROM other, readings")


def test_batches_for_training_warn_of_the_columns_that_they_take(store: Store, readings: Readings) -> None:
    TABLE.append(readings([200], [MONDAY]))
    assert TABLE.batches(columns=["id"], size=10) is not None
    with pytest.warns(FlaggedData):
        TABLE.batches(columns=["x"], size=10)


def test_a_lookup_carries_the_alerts_of_flagged_and_of_stale_rows(store: Store, readings: Readings) -> None:
    TABLE.append(readings([1], [MONDAY]))
    assert [found.alerts for found in TABLE.lookup([1, 2])] == [(), ()]
    TABLE.append(readings([200], [TUESDAY]))
    TABLE.append(readings([-3], [WEDNESDAY]))
    known, unknown = TABLE.lookup([1, 2])
    assert sorted(alert.partition for alert in known.alerts) == ["2024-01-02", "2024-01-03"]
    assert unknown.alerts == known.alerts
    for alert in known.alerts:
        store.catalog.alerts.judge(alert.id, true_alarm=False, because="so", actor="ada")
    assert TABLE.lookup([1])[0].alerts == ()


def test_rows_of_a_commit_kept_aside_stay_readable_by_its_name(store: Store, readings: Readings) -> None:
    kept = TABLE.append(readings([-1], [MONDAY], note=["why"]))
    assert TABLE.read_commit(kept.id).collect()["note"].to_list() == ["why"]
    assert TABLE.read_commit(kept.id).collect()["at"].to_list() == [datetime(2024, 1, 1, 10)]  # noqa: DTZ001 # as given


def test_a_repaired_partition_of_a_watched_table_is_no_copy_of_what_it_replaces(store: Store) -> None:
    watched = Table("watched", key="id", time="at")
    for day in range(20):
        assert watched.append(day_of(day)).state == "valid"
    repaired = watched.overwrite(day_of(19).with_columns(x=pl.col("x") + 0.001))
    assert (repaired.state, repaired.version) == ("valid", 21)


def day_of(day: int) -> pl.DataFrame:
    """Two hundred rows of a day, whose values are scattered in the same way every day."""
    start = datetime(2024, 1, 1) + timedelta(days=day)  # noqa: DTZ001 # as the rows have it
    places = [(number * 7919 + day * 104729) % 1009 for number in range(200)]
    return pl.DataFrame(
        {
            "id": [day * 200 + number for number in range(200)],
            "at": [start + timedelta(minutes=number) for number in range(200)],
            "x": [place / 1009 for place in places],
        }
    )
