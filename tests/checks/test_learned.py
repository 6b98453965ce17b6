from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from trivium.checks.facts import PLACE, family_of
from trivium.checks.history import History
from trivium.checks.learned import judge_learned
from trivium.checks.partition import Partition
from trivium.checks.profile import profile_partition
from trivium.checks.surprise import COLD, measure_surprise
from trivium.values.alerts import CheckResult
from trivium.values.tables import Watch


def failed(
    history: History, part: Partition, changed: pl.DataFrame | None = None, watch: Watch = "block"
) -> dict[str | None, CheckResult]:
    rows = part.rows if changed is None else changed
    profile = profile_partition("rides", Partition(part.name, rows))
    return {found.column: found for found in judge_learned(profile, history, watch=watch) if not found.passed}


def test_a_quiet_day_raises_nothing_and_says_so(quiet: History, days: list[Partition]) -> None:
    profile = profile_partition("rides", days[-1])
    (found,) = judge_learned(profile, quiet, watch="block")
    assert found.passed
    assert found.message == "5 columns look as the last 40 partitions let expect"


def test_another_unit_blocks_exactly_its_column_and_is_named(quiet: History, days: list[Partition]) -> None:
    found = failed(quiet, days[-1], days[-1].rows.with_columns(pl.col("distance") * 1.609344))
    assert set(found) == {"distance"}
    thousand = failed(quiet, days[-1], days[-1].rows.with_columns(pl.col("distance") * 1000))["distance"]
    assert thousand.severity == "block"
    assert "looks like whole units turned thousandths" in thousand.message


def test_another_case_blocks_exactly_its_column_and_is_named(quiet: History, days: list[Partition]) -> None:
    found = failed(quiet, days[-1], days[-1].rows.with_columns(pl.col("city").str.to_lowercase()))
    assert set(found) == {"city"}
    assert found["city"].severity == "block"
    assert "the case of the letters changed" in found["city"].message


def test_lost_values_block_their_column(quiet: History, days: list[Partition]) -> None:
    rows = days[-1].rows.with_columns(distance=pl.lit(None, dtype=pl.Float64))
    found = failed(quiet, days[-1], rows)
    assert set(found) == {"distance"}
    assert found["distance"].severity == "block"
    assert found["distance"].message.startswith("`distance`: rows without a value 100 %, expected 0 % to ")


def test_a_few_lost_values_only_warn(quiet: History, days: list[Partition]) -> None:
    some = pl.when(pl.int_range(pl.len()) % 10 != 0).then("distance").alias("distance")
    assert failed(quiet, days[-1], days[-1].rows.with_columns(some))["distance"].severity == "warn"


def test_a_table_that_only_watches_is_never_blocked(quiet: History, days: list[Partition]) -> None:
    rows = days[-1].rows.with_columns(pl.col("city").str.to_lowercase())
    assert failed(quiet, days[-1], rows, watch="warn")["city"].severity == "warn"


def test_a_truncated_day_is_about_the_rows_as_a_whole(quiet: History, days: list[Partition]) -> None:
    found = failed(quiet, days[-1], days[-1].rows.sample(40, seed=1))
    assert found[None].message.startswith("rows 40, expected ")


def test_a_copy_of_an_earlier_day_is_noticed(quiet: History, days: list[Partition]) -> None:
    found = failed(quiet, days[-1], days[-1].rows.with_columns(days[12].rows["distance"]))
    assert set(found) == {"distance"}
    assert "looks like a copy of an earlier partition" in found["distance"].message


def test_shifted_hours_are_noticed(quiet: History, days: list[Partition]) -> None:
    assert "at" in failed(quiet, days[-1], days[-1].rows.with_columns(pl.col("at") + timedelta(hours=8)))


def test_evidence_pictures_the_leading_fact(quiet: History, days: list[Partition]) -> None:
    evidence = failed(quiet, days[-1], days[-1].rows.with_columns(pl.col("distance") * 1000))["distance"].evidence
    assert len(evidence["history"]) == len(evidence["partitions"]) == 40
    assert evidence["low"] < evidence["expected"] < evidence["high"] < evidence["observed"]


def test_the_blatant_alarms_while_little_is_known(days: list[Partition]) -> None:
    short = History.of_profiles(profile_partition("rides", day) for day in days[:5])
    assert failed(short, days[5]) == {}
    rows = days[5].rows.with_columns(pl.col("city").str.to_lowercase(), pl.col("distance") * 1.3)
    assert set(failed(short, days[5], rows)) == {"city"}


def test_nothing_alarms_before_anything_is_known(days: list[Partition]) -> None:
    for known in range(3):
        history = History.of_profiles(profile_partition("rides", day) for day in days[:known])
        assert failed(history, days[3], days[3].rows.with_columns(pl.col("distance") * 1000)) == {}


def test_the_summary_says_how_much_is_not_known_yet(days: list[Partition]) -> None:
    (found,) = judge_learned(profile_partition("rides", days[0]), History(), watch="block")
    assert found.message.endswith(f"still learning, 0 of {COLD} partitions known")


@pytest.mark.parametrize("value", [None, 0.0, 7.5])
def test_a_column_that_never_changed_may_stay_as_it_is_and_alarms_when_it_changes(value: float | None) -> None:
    def part(number: int, now: float | None) -> Partition:
        rows = pl.DataFrame({"x": [now] * 50, "y": range(50)}, schema={"x": pl.Float64, "y": pl.Int64})
        return Partition(f"2024-02-{number:02}", rows)

    history = History.of_profiles(profile_partition("t", part(number, value)) for number in range(1, 21))
    assert "x" not in failed(history, part(21, value))
    assert "x" in failed(history, part(21, 1e6))


def test_a_weekly_season_is_learned_without_being_configured() -> None:
    def part(number: int, rows: int) -> Partition:
        return Partition(f"2024-{1 + number // 28:02}-{1 + number % 28:02}", pl.DataFrame({"x": range(rows)}))

    profiles = [profile_partition("t", part(n, 100 if n % 7 < 5 else 20)) for n in range(28)]
    history = History.of_profiles(profiles)
    assert failed(history, part(28, 100)) == {}


def test_the_same_lengths_in_another_unit_are_judged_alike(days: list[Partition]) -> None:
    def scores(factor: float) -> list[float]:
        parts = [Partition(day.name, day.rows.select(pl.col("distance") * factor - 20 * factor)) for day in days]
        history = History.of_profiles(profile_partition("t", part) for part in parts[:-1])
        surprises = measure_surprise(profile_partition("t", parts[-1]), history)
        places = [at for at, key in enumerate(surprises.keys) if family_of(key[1]) == PLACE]
        return [float(surprises.scores[at]) for at in places]

    assert scores(1024.0) == pytest.approx(scores(1.0), rel=1e-4)


@pytest.mark.parametrize(("last", "alarms"), [("2024-03-10", False), ("2024-02-18", True)])
def test_a_change_of_clocks_is_no_fault(last: str, alarms: bool) -> None:
    days = [date.fromisoformat(last) - timedelta(days=number) for number in range(30, -1, -1)]

    def part(day: date, hour: int) -> Partition:
        opened = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
        rng = np.random.default_rng(day.toordinal())
        at = [opened + timedelta(minutes=float(m)) for m in np.sort(rng.uniform(0, 600, 200)).round(1)]
        return Partition(day.isoformat(), pl.DataFrame({"at": at}))

    history = History.of_profiles(profile_partition("t", part(day, 13)) for day in days[:-1])
    assert ("at" in failed(history, part(days[-1], 12))) is alarms
    assert "at" in failed(history, part(days[-1], 9))


def test_a_level_may_follow_the_other_levels_of_its_column() -> None:
    def part(number: int) -> Partition:
        day = date(2024, 1, 1) + timedelta(days=number)
        seasons = [sum(number + later > change for change in (10, 24)) for later in (0, 1)]
        return Partition(day.isoformat(), pl.DataFrame({"season": [float(each) for each in seasons * 40]}))

    history = History.of_profiles(profile_partition("t", part(number)) for number in range(24))
    assert failed(history, part(24)) == {}


def test_what_holds_one_value_a_day_was_never_sorted() -> None:
    def part(number: int, values: list[int]) -> Partition:
        day = date(2024, 1, 1) + timedelta(days=number)
        return Partition(day.isoformat(), pl.DataFrame({"season": values}))

    days = [part(number, [1 + number % 2] * 60) for number in range(40)]
    history = History.of_profiles(profile_partition("t", day) for day in days)
    found = failed(history, part(40, [2] * 30 + [1] * 30))
    assert "below_before" not in (found["season"].evidence["facts"] if "season" in found else {})


def test_judging_leaves_the_history_as_it_was(quiet: History, days: list[Partition]) -> None:
    before = (quiet.partitions, dict(quiet.keys), len(quiet.values))
    quiet.extended(profile_partition("rides", days[-1]))
    failed(quiet, days[-1])
    assert (quiet.partitions, dict(quiet.keys), len(quiet.values)) == before


def test_a_partition_is_not_its_own_history(days: list[Partition]) -> None:
    history = History.of_profiles(profile_partition("rides", day) for day in days[:20])
    again = history.extended(profile_partition("rides", days[3]))
    assert len(again) == 20
    assert again.partitions[-1] == days[3].name


def test_an_empty_partition_surprises_by_its_rows(quiet: History, days: list[Partition]) -> None:
    found = failed(quiet, days[-1], days[-1].rows.head(0))
    assert found[None].severity == "block"


def test_one_row_a_partition_can_be_judged() -> None:
    parts = [Partition(f"2024-03-{n:02}", pl.DataFrame({"x": [float(n)], "c": ["a"]})) for n in range(1, 25)]
    history = History.of_profiles(profile_partition("t", part) for part in parts[:-1])
    assert failed(history, parts[-1]) == {}


def test_ids_that_jump_are_not_explained_by_a_unit() -> None:
    def ids(number: int, start: int) -> Partition:
        rows = 300 + int(np.random.default_rng(number).integers(-20, 20))
        day = (date(2024, 1, 1) + timedelta(days=number)).isoformat()
        return Partition(day, pl.DataFrame({"id": np.arange(start, start + rows)}))

    history = History.of_profiles(profile_partition("t", ids(number, 1_000 + 300 * number)) for number in range(40))
    for factor in (1.609344, 3.28084, 60, 1_000):
        (found,) = failed(history, ids(40, round(13_000 * factor))).values()
        assert "looks like" not in found.message
    tenfold = ids(40, 13_000).rows * 100
    (found,) = failed(history, Partition("2024-02-10", tenfold)).values()
    assert "looks like whole units turned hundredths" in found.message


@pytest.mark.parametrize("before", ["", "12", None])
def test_words_where_there_were_no_letters_are_no_change_of_case(before: str | None) -> None:
    def day(number: int, *texts: str | None) -> Partition:
        name = (date(2024, 1, 1) + timedelta(days=number)).isoformat()
        return Partition(name, pl.DataFrame({"note": pl.Series([*texts] * 50, dtype=pl.String), "n": range(150)}))

    history = History.of_profiles(profile_partition("t", day(number, before, before, before)) for number in range(30))
    (found,) = failed(history, day(30, "late", "lost", "")).values()
    assert "case" not in found.message


def test_columns_that_always_rose_together_are_expected_at_one_value() -> None:
    def day(number: int, *, shuffled: bool = False) -> Partition:
        rng = np.random.default_rng(number)
        metres = rng.normal(1000, 100, 12_000)
        feet = metres / 0.3048 + rng.normal(0, 1, 12_000)
        name = (date(2024, 1, 1) + timedelta(days=number)).isoformat()
        return Partition(name, pl.DataFrame({"m": metres, "feet": rng.permutation(feet) if shuffled else feet}))

    history = History()
    for number in range(20):
        part = day(number)
        history = history.extended(profile_partition("t", part, history.relations_to_measure(part.rows)))
    part = day(20, shuffled=True)
    profile = profile_partition("t", part, history.relations_to_measure(part.rows))
    (found,) = [each for each in judge_learned(profile, history, watch="warn") if not each.passed]
    assert found.expected == "1"
    assert found.message.endswith(", expected 1")


def test_a_storm_that_spreads_no_wider_is_no_other_unit() -> None:
    def day(number: int, *, above: float = 0.0) -> Partition:
        rng = np.random.default_rng(number)
        wind = rng.normal(10 + rng.normal(0, 0.4) + above, 1, 100)
        return Partition((date(2024, 1, 1) + timedelta(days=number)).isoformat(), pl.DataFrame({"wind": wind}))

    history = History.of_profiles(profile_partition("t", day(number)) for number in range(40))
    (found,) = failed(history, day(40, above=6)).values()
    assert "looks like" not in found.message
    (found,) = failed(history, day(40), day(40).rows * 1.609344).values()
    assert "looks like miles turned km" in found.message


def test_a_key_that_goes_on_elsewhere_warns_and_one_that_changes_its_sign_blocks() -> None:
    def judged(ids: pl.Series, keys: tuple[str, ...]) -> list[str]:
        profile = profile_partition("t", Partition("2024-02-10", pl.DataFrame({"id": ids})))
        found = judge_learned(profile, history, watch="block", keys=keys)
        return [each.severity for each in found if not each.passed]

    days = [(date(2024, 1, 1) + timedelta(days=number)).isoformat() for number in range(40)]
    history = History.of_profiles(
        profile_partition("t", Partition(day, pl.DataFrame({"id": range(300 * number, 300 * number + 300)})))
        for number, day in enumerate(days)
    )
    jumped = pl.int_range(90_000, 90_300, eager=True)
    assert judged(jumped, ("id",)) == ["warn"]
    assert judged(jumped, ()) == ["block"]
    assert judged(-jumped, ("id",)) == ["block"]
