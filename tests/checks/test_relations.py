"""What columns have in common, and which column is to blame when it breaks."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from trivium.checks.history import History
from trivium.checks.judge import judge_partition
from trivium.checks.partition import Partition
from trivium.checks.relations import Coded, find_relations, measure_relations, undetermined
from trivium.values.alerts import Relation
from trivium.values.tables import TableSpec

SPEC = TableSpec("trips")
NAMES = ["Oslo", "Rome", "Bern", "Kyiv", "Lima"]


def trips(day: int, rows: int = 200) -> pl.DataFrame:
    """Trips whose country follows from the city, whose price rises with their length, and whose tip needs a card."""
    chance = np.random.default_rng(day)
    city, length = chance.integers(0, len(NAMES), rows), chance.gamma(3.0, 2.0, rows).round(2)
    cash = chance.random(rows) < 0.3
    return pl.DataFrame(
        {
            "city": [NAMES[each] for each in city],
            "country": [NAMES[each][:2] for each in city],
            "length": length,
            "price": (3 * length + chance.normal(0, 1, rows)).round(2),
            "card": pl.Series(np.where(cash, np.nan, chance.integers(1, 900, rows))).fill_nan(None),
            "tip": pl.Series(np.where(cash, np.nan, chance.gamma(2.0, 1.0, rows).round(2))).fill_nan(None),
        }
    )


@pytest.fixture(scope="module")
def known() -> History:
    history = History()
    for day in range(40):
        part = Partition(f"2024-{1 + day // 28:02}-{1 + day % 28:02}", trips(day))
        history = history.extended(judge_partition(SPEC, part, history, now=datetime.now(UTC)).profile)
    return history


def blamed(known: History, rows: pl.DataFrame) -> dict[str | None, str]:
    found = judge_partition(SPEC, Partition("2024-03-20", rows), known, now=datetime.now(UTC))
    return {result.column: result.message for result in found.results if not result.passed}


def test_relations_are_found_and_nothing_else() -> None:
    found = set(find_relations(trips(1)))
    assert found >= {
        Relation("undetermined", ("city", "country")),
        Relation("undetermined", ("country", "city")),
        Relation("rank_correlation", ("length", "price")),
        Relation("null_mismatch", ("card", "tip")),
    }
    assert not any({"city", "length"} <= {*relation.columns} for relation in found if len(relation.columns) == 2)


def test_two_columns_together_determine_a_third() -> None:
    rows = pl.DataFrame({"place": ["a", "b", "c"] * 40, "hour": [each // 12 for each in range(120)]})
    heat = rows["hour"] * 7 + rows["place"].rank("dense").cast(pl.Int64) * 5
    found = find_relations(rows.with_columns(heat=heat % 13))
    assert Relation("undetermined", ("place", "hour", "heat")) in found


def test_the_error_of_a_dependency_is_the_share_of_rows_to_leave_out() -> None:
    one, other = np.array([0, 0, 0, 1, 1, 2]), np.array([5, 5, 6, 7, 7, 5])
    assert undetermined(Coded(one, 3), Coded(other, 8)) == pytest.approx(1 / 6)


def test_a_quiet_day_breaks_no_relation(known: History) -> None:
    assert blamed(known, trips(77)) == {}


def test_a_few_values_in_other_rows_are_noticed_though_each_is_as_ever(known: History) -> None:
    rows = trips(77)
    order = np.arange(rows.height)
    order[:30] = np.roll(order[:30], 1)
    found = blamed(known, rows.with_columns(rows["country"].gather(order)))
    assert set(found) & {"country", "city"}
    assert len(found) == 1
    assert "no longer follow from" in next(iter(found.values()))


def test_values_that_lost_their_rows_no_longer_rise_together(known: History) -> None:
    rows = trips(77)
    found = blamed(known, rows.with_columns(rows["price"].shuffle(seed=3)))
    assert set(found) <= {"price", "length"}
    assert len(found) == 1


def test_a_null_where_the_other_has_a_value_is_noticed(known: History) -> None:
    rows = trips(77)
    holes = pl.Series(np.arange(rows.height) % 12 == 0)
    assert set(blamed(known, rows.with_columns(tip=pl.when(holes).then(None).otherwise(pl.col("tip"))))) == {"tip"}


def test_what_is_absent_or_too_small_is_not_measured() -> None:
    relations = [Relation("rank_correlation", ("length", "price")), Relation("undetermined", ("city", "gone"))]
    assert [each.relation for each in measure_relations(trips(1), relations)] == relations[:1]
    assert measure_relations(trips(1, rows=5), relations) == ()
    assert find_relations(trips(1, rows=5)) == ()


def test_a_profile_keeps_its_relations_and_the_next_one_is_measured_by_them(known: History) -> None:
    assert Relation("undetermined", ("city", "country")) in known.relations_to_measure(trips(1))
