from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from trivium.checks.alert import raise_alerts
from trivium.checks.history import History
from trivium.checks.judge import judge
from trivium.checks.kinds import between, coverage, fresh, rule, unique
from trivium.checks.metric import metric
from trivium.checks.partition import Partition
from trivium.checks.profile import profile_partition
from trivium.errors import Misuse
from trivium.ids import new_id
from trivium.values.alerts import Alert, Judgement
from trivium.values.tables import CheckSpec, TableSpec

NOW = datetime(2024, 2, 11, 6, tzinfo=UTC)
RIDES = TableSpec("rides", key=("ride",), time="at")
CHECKED = TableSpec("rides", key=("ride",), time="at", checks=(rule("distance > 0"), coverage("city"), unique("ride")))


def alerts_of(spec: TableSpec, judgements: tuple[Judgement, ...]) -> tuple[Alert, ...]:
    return raise_alerts(spec, judgements, commit="c1", now=NOW, ids=new_id)


def test_a_sound_partition_is_valid_and_raises_no_alert(quiet: History, days: list[Partition]) -> None:
    judgements = judge(CHECKED, days[-1:], quiet, now=NOW)
    assert [judgement.state for judgement in judgements] == ["valid"]
    assert alerts_of(CHECKED, judgements) == ()


def test_a_blocking_check_quarantines_and_a_warning_one_flags(days: list[Partition]) -> None:
    for severity, state in (("block", "quarantined"), ("warn", "flagged")):
        spec = TableSpec("rides", checks=(rule("distance > 5", severity=severity),))  # type: ignore[arg-type]
        assert judge(spec, days[:1], [], now=NOW)[0].state == state


def test_all_causes_of_one_column_are_one_alert(quiet: History, days: list[Partition]) -> None:
    rows = days[-1].rows.with_columns(-pl.col("distance"))
    (alert,) = alerts_of(CHECKED, judge(CHECKED, [Partition(days[-1].name, rows)], quiet, now=NOW))
    assert (alert.column, alert.kind, alert.severity, alert.commit) == ("distance", "learned", "block", "c1")
    assert [cause["check"] for cause in alert.evidence["also"]] == ["distance > 0"]
    assert len(alert.evidence["examples"]) == 5


def test_a_rule_over_several_columns_alerts_about_none_of_them(days: list[Partition]) -> None:
    spec = TableSpec("rides", checks=(rule("distance > 0 AND city = 'Oslo'"),))
    (alert,) = alerts_of(spec, judge(spec, days[:1], [], now=NOW))
    assert (alert.column, alert.evidence["columns"]) == (None, ["distance", "city"])


def test_a_missing_column_blocks_and_checks_on_it_fail(quiet: History, days: list[Partition]) -> None:
    batch = [Partition(days[-1].name, days[-1].rows.rename({"distance": "dist"}))]
    (judgement,) = judge(CHECKED, batch, quiet, now=NOW)
    assert judgement.state == "quarantined"
    (alert,) = alerts_of(CHECKED, (judgement,))
    assert alert.kind == "schema"
    assert alert.message == "`distance` is missing; it was float64 (new: `dist`)"


def test_a_column_of_another_kind_of_type_blocks(quiet: History, days: list[Partition]) -> None:
    batch = [Partition(days[-1].name, days[-1].rows.with_columns(pl.col("distance").cast(pl.String)))]
    (judgement,) = judge(CHECKED, batch, quiet, now=NOW)
    (alert,) = alerts_of(CHECKED, (judgement,))
    assert (judgement.state, alert.message) == ("quarantined", "`distance` is string; it was float64")


def test_a_wider_number_and_an_all_null_column_are_the_same_schema(quiet: History, days: list[Partition]) -> None:
    rows = days[-1].rows.with_columns(pl.col("distance").cast(pl.Float32), paid=pl.lit(None))
    (judgement,) = judge(RIDES, [Partition(days[-1].name, rows)], quiet, now=NOW)
    assert not [result for result in judgement.results if result.kind == "schema"]


def test_a_new_column_is_welcome(quiet: History, days: list[Partition]) -> None:
    rows = days[-1].rows.with_columns(tip=pl.lit(1.5))
    assert judge(RIDES, [Partition(days[-1].name, rows)], quiet, now=NOW)[0].state == "valid"


def test_a_new_column_is_learned_and_its_loss_noticed(quiet: History, days: list[Partition]) -> None:
    grown = quiet.extended(profile_partition("rides", Partition("2024-02-10", days[-1].rows.with_columns(tip=1.5))))
    assert judge(RIDES, [Partition("2024-02-11", days[-1].rows)], grown, now=NOW)[0].state == "quarantined"


def test_a_check_on_a_column_that_never_was_is_misuse(days: list[Partition]) -> None:
    for check in (rule("nope > 0"), coverage("nope"), unique("ride", "nope")):
        with pytest.raises(Misuse, match="'nope'"):
            judge(TableSpec("rides", checks=(check,)), days[:1], [], now=NOW)


def test_a_rule_spells_columns_as_sql_does(days: list[Partition]) -> None:
    assert judge(TableSpec("rides", checks=(rule("DISTANCE >= 0"),)), days[:1], [], now=NOW)[0].state == "valid"


def test_a_check_of_an_unknown_kind_is_misuse(days: list[Partition]) -> None:
    with pytest.raises(Misuse, match="unknown kind 'vibes'"):
        judge(TableSpec("rides", checks=(CheckSpec("x", "vibes"),)), days[:1], [], now=NOW)


def test_a_check_that_cannot_be_evaluated_fails_in_words(days: list[Partition]) -> None:
    spec = TableSpec("rides", checks=(between("city", 0, 1),))
    (judgement,) = judge(spec, days[:1], [], now=NOW)
    assert judgement.state == "quarantined"
    assert "cannot be evaluated: `city` is String" in judgement.results[0].message


def test_checks_of_models_wait_for_their_labels(days: list[Partition]) -> None:
    spec = TableSpec("rides", checks=(metric("auc", at_least=0.7),), watch="off")
    assert judge(spec, days[:1], [], now=NOW)[0].results == ()


def test_a_backfill_is_judged_partition_by_partition(quiet: History, days: list[Partition]) -> None:
    batch = [Partition(f"2024-02-1{n}", day.rows) for n, day in enumerate(days[-1:] * 3)]
    batch[1] = Partition(batch[1].name, batch[1].rows.with_columns(pl.col("distance") * 1000))
    assert [judgement.state for judgement in judge(RIDES, batch, quiet, now=NOW)][:2] == ["valid", "quarantined"]
    assert len(quiet) == 40


def test_a_quarantined_partition_is_no_history_for_the_next(days: list[Partition]) -> None:
    spec = TableSpec("rides", time="at", checks=(rule("distance < 1000"),))
    bad = Partition(days[20].name, days[20].rows.with_columns(pl.col("distance") * 1e6))
    judgements = judge(spec, [*days[:20], bad, days[21]], [], now=NOW)
    assert [judgement.state for judgement in judgements[-2:]] == ["quarantined", "valid"]


def test_profiles_and_a_kept_history_judge_alike(quiet: History, days: list[Partition]) -> None:
    profiles = [profile_partition("rides", day) for day in days[:-1]]
    rows = days[-1].rows.with_columns(pl.col("distance") * 3)
    batch = [Partition(days[-1].name, rows)]
    assert judge(RIDES, batch, profiles, now=NOW) == judge(RIDES, batch, quiet, now=NOW)


def test_freshness_is_judged_on_the_newest_partition_only(days: list[Partition]) -> None:
    spec = TableSpec("rides", time="at", checks=(fresh(within="1h"),), watch="off")
    judgements = judge(spec, days[:3], [], now=NOW)
    assert [len(judgement.results) for judgement in judgements] == [0, 0, 1]
    assert judgements[-1].results[0].column == "at"
    assert judgements[-1].state == "flagged"


def test_a_table_without_event_time_is_one_partition(days: list[Partition]) -> None:
    whole = Partition("all", days[0].rows)
    first = judge(TableSpec("rides", checks=(fresh(within="1h"),)), [whole], [], now=NOW)
    assert first[0].state == "valid"
    assert judge(TableSpec("rides"), [whole], [first[0].profile], now=NOW)[0].state == "valid"


def test_what_is_not_watched_learns_nothing(quiet: History, days: list[Partition]) -> None:
    spec = TableSpec("rides", time="at", watch="off")
    rows = days[-1].rows.drop("distance").with_columns(pl.col("city").str.to_lowercase())
    assert judge(spec, [Partition(days[-1].name, rows)], quiet, now=NOW)[0].results == ()


def test_an_empty_partition_can_be_judged(days: list[Partition]) -> None:
    assert judge(CHECKED, [Partition("2024-01-01", days[0].rows.head(0))], [], now=NOW)[0].state == "valid"
