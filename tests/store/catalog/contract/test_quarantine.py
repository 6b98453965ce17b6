"""What every catalog guarantees about rows that are kept aside, muted alerts and error budgets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from tests.store.catalog.contract.test_tables import NOON, SPEC, alert, draft, file, kinds, live, publish, states

from trivium.errors import Misuse, SchemaMismatch, VersionConflict
from trivium.store.catalog import Catalog
from trivium.store.catalog.tables import Draft
from trivium.values.alerts import CheckResult
from trivium.values.runs import Code, Environment, Run
from trivium.values.tables import Column, State

AtOnce = Callable[[int, Callable[[Catalog, int], Any]], list[Any]]
LATER = datetime(2034, 1, 1, tzinfo=UTC)


def divided(name: str, *, state: State = "flagged", key: str | None = None, **more: Any) -> Draft:
    """A commit `name` of a day's file, and of a second file that a rule diverted: `name-aside`, with its alert."""
    whole = draft(name, state=state, key=key, **more)
    aside = draft(f"{name}-aside", file(f"{name}-aside", rows=2), state="quarantined", diverted_from=name)
    about = replace(alert(f"{name}-aside", "2024-01-01", "quarantined"), severity="divert")
    return replace(whole, alerts=(about,), diverted=aside.commit)


def test_diverted_rows_are_kept_aside_at_the_moment_at_which_the_others_are_published(catalog: Catalog) -> None:
    commit = catalog.tables.publish(divided("a"), actor="ada")
    (aside,) = catalog.tables.list_quarantined("flights")
    assert (commit.version, commit.rows) == (1, 10)
    assert (aside.id, aside.diverted_from, aside.version, aside.rows) == ("a-aside", "a", None, 2)
    assert aside.committed_at == commit.committed_at
    assert live(catalog, 1) == ["a"]
    assert kinds(catalog) == ["table.committed", "table.diverted", "alert.opened"]


def test_a_commit_that_is_repeated_under_its_key_diverts_nothing_again(catalog: Catalog) -> None:
    first = catalog.tables.publish(divided("a", key="k"), actor="ada")
    assert catalog.tables.publish(divided("b", key="k"), actor="ada") == first
    assert [each.id for each in catalog.tables.list_quarantined()] == ["a-aside"]
    assert len(catalog.tables.list_commits("flights")) == 2


def test_one_of_many_that_divert_at_once_under_one_key_is_made(catalog: Catalog, at_once: AtOnce) -> None:
    at_once(4, lambda each, n: each.tables.publish(divided(f"c{n}", key="k"), actor="ada"))
    (aside,) = catalog.tables.list_quarantined()
    assert aside.diverted_from == catalog.tables.list_latest()[0].id
    assert catalog.events.verify().problems == ()


def test_a_commit_that_is_refused_diverts_nothing(catalog: Catalog) -> None:
    publish(catalog, "a")
    with pytest.raises(SchemaMismatch):
        catalog.tables.publish(divided("b", columns=(Column("id", "string"),)), actor="ada")
    assert catalog.tables.list_quarantined() == []
    assert kinds(catalog) == ["table.committed"]


def test_diverted_rows_are_released_as_a_version_of_their_own(catalog: Catalog) -> None:
    catalog.tables.publish(divided("a"), actor="ada")
    released = catalog.tables.settle("a-aside", release=True, because="they are right", actor="bob")
    assert (released.version, released.state, released.rows) == (2, "flagged", 12)
    assert live(catalog, 2) == ["a", "a-aside"]
    assert states(catalog) == {"a-aside-2024-01-01": "resolved"}
    assert catalog.tables.list_quarantined() == []
    assert len(catalog.tables.profiles("flights")) == 1


@pytest.mark.parametrize("release", [True, False])
@pytest.mark.parametrize("before", [True, False])
def test_diverted_rows_are_settled_once(catalog: Catalog, release: bool, before: bool) -> None:
    catalog.tables.publish(divided("a"), actor="ada")
    catalog.tables.settle("a-aside", release=before, because="so", actor="bob")
    after = catalog.tables.get_commit("a-aside")
    with pytest.raises(Misuse, match="only a quarantined one is settled"):
        catalog.tables.settle("a-aside", release=release, because="again", actor="bob")
    assert catalog.tables.get_commit("a-aside") == after


def test_one_of_many_settlements_at_once_is_made(catalog: Catalog, at_once: AtOnce) -> None:
    catalog.tables.publish(divided("a"), actor="ada")
    made = at_once(4, lambda each, n: each.tables.settle("a-aside", release=n % 2 == 0, because="so", actor=f"p{n}"))
    assert sorted(type(each).__name__ for each in made) == ["Commit", "Misuse", "Misuse", "Misuse"]
    assert len([kind for kind in kinds(catalog) if kind in ("table.released", "table.discarded")]) == 1


def test_an_append_leaves_the_alerts_of_diverted_rows_and_an_overwrite_resolves_them(catalog: Catalog) -> None:
    catalog.tables.publish(divided("a"), actor="ada")
    publish(catalog, "b")
    assert states(catalog) == {"a-aside-2024-01-01": "open"}
    publish(catalog, "c", operation="overwrite", base=2)
    assert states(catalog) == {"a-aside-2024-01-01": "resolved"}
    assert [each.id for each in catalog.tables.list_quarantined()] == ["a-aside"]


@pytest.mark.parametrize("diverts", [True, False])
def test_what_is_kept_aside_is_not_released_once_its_partition_was_given_anew(catalog: Catalog, diverts: bool) -> None:
    made = divided("q") if diverts else draft("q", state="quarantined")
    catalog.tables.publish(made, actor="ada")
    publish(catalog, "b", operation="overwrite", base=catalog.tables.newest_version("flights"))
    aside = catalog.tables.list_quarantined("flights")[0].id
    with pytest.raises(VersionConflict, match="was given anew in version"):
        catalog.tables.settle(aside, release=True, because="late", actor="bob")
    assert catalog.tables.settle(aside, release=False, because="repaired", actor="bob").state == "discarded"


def test_diverted_rows_of_an_overwrite_are_released(catalog: Catalog) -> None:
    publish(catalog, "a")
    catalog.tables.publish(divided("b", operation="overwrite", base=1), actor="ada")
    assert catalog.tables.settle("b-aside", release=True, because="so", actor="bob").version == 3
    assert live(catalog, 3) == ["b", "b-aside"]


def test_what_is_kept_aside_tells_which_version_wrote_there_since(catalog: Catalog) -> None:
    catalog.tables.publish(divided("a"), actor="ada")
    assert catalog.tables.written_since("a-aside") is None
    publish(catalog, "b", file("b", "2024-01-02"))
    assert catalog.tables.written_since("a-aside") is None
    publish(catalog, "c")
    assert catalog.tables.written_since("a-aside") == 3


def test_what_is_kept_aside_is_listed_by_table_oldest_first(catalog: Catalog) -> None:
    catalog.tables.publish(divided("a"), actor="ada")
    publish(catalog, "b", state="quarantined")
    publish(catalog, "c", state="quarantined", table="weather")
    assert [each.id for each in catalog.tables.list_quarantined("flights")] == ["a-aside", "b"]
    assert [each.id for each in catalog.tables.list_quarantined()] == ["a-aside", "b", "c"]


def test_a_version_has_the_alerts_of_every_commit_whose_rows_it_has(catalog: Catalog) -> None:
    publish(catalog, "a", state="flagged")
    publish(catalog, "b", file("b", "2024-01-02"))
    catalog.tables.publish(divided("c"), actor="ada")
    publish(catalog, "q", file("q", "2024-01-03"), state="quarantined")
    assert [each.id for each in catalog.alerts.list_about("flights", 2)] == ["a-2024-01-01"]
    assert [each.id for each in catalog.alerts.list_about("flights", 3)] == ["a-2024-01-01", "c-aside-2024-01-01"]


def test_an_alert_about_age_is_about_the_newest_version_only(catalog: Catalog) -> None:
    publish(catalog, "a")
    publish(catalog, "b")
    old = replace(alert("x", "2024-01-01", "flagged"), commit=None)
    catalog.alerts.record([replace(old, kind="fresh"), replace(old, id="m", check="auc", kind="metric")],
                          resolved=(), because="", actor="w")  # fmt: skip
    assert [each.kind for each in catalog.alerts.list_about("flights", 2)] == ["fresh"]
    assert catalog.alerts.list_about("flights", 1) == []


def test_a_muted_alert_and_its_like_are_told_to_nobody_and_still_block(catalog: Catalog) -> None:
    publish(catalog, "a", state="flagged")
    muted = catalog.alerts.mute("a-2024-01-01", until=LATER, because="known", actor="bob")
    assert muted.muted_until == LATER
    publish(catalog, "b", file("b", "2024-01-02"), state="flagged")
    publish(catalog, "q", file("q", "2024-01-03"), state="quarantined")
    assert catalog.alerts.list_about("flights", 2) == []
    assert [each.muted_until for each in catalog.alerts.list_alerts()] == [LATER] * 3
    assert [each.id for each in catalog.alerts.list_blocking(["flights"])] == ["q-2024-01-03"]


def test_a_mute_is_over_at_its_moment_and_when_it_is_ended(catalog: Catalog) -> None:
    publish(catalog, "a", state="flagged")
    publish(catalog, "b", file("b", "2024-01-02"), state="flagged")
    catalog.alerts.mute("a-2024-01-01", until=NOON - timedelta(days=300), because="over", actor="bob")
    assert len(catalog.alerts.list_about("flights", 2)) == 2
    catalog.alerts.mute("b-2024-01-02", until=LATER, because="known", actor="bob")
    assert catalog.alerts.list_about("flights", 2) == []
    catalog.alerts.mute("a-2024-01-01", until=NOON - timedelta(days=300), because="told", actor="bob")
    assert len(catalog.alerts.list_about("flights", 2)) == 2


@pytest.mark.parametrize("other", [{"column": "y"}, {"column": None}, {"check": "c"}, {"table": "t"}])
def test_an_alert_about_anything_else_is_not_muted(catalog: Catalog, other: dict[str, Any]) -> None:
    publish(catalog, "a", state="flagged")
    catalog.alerts.mute("a-2024-01-01", until=LATER, because="known", actor="bob")
    another = replace(alert("b", "2024-01-02", "flagged"), commit=None, **other)
    catalog.alerts.record([another], resolved=(), because="", actor="ada")
    assert catalog.alerts.get_alert(another.id).muted_until is None


def test_a_mute_is_an_event_with_its_reason_and_its_end(catalog: Catalog) -> None:
    publish(catalog, "a", state="flagged")
    catalog.alerts.mute("a-2024-01-01", until=LATER, because="known since May", actor="bob")
    (event,) = catalog.events.list_events(kind="alert.muted")
    assert (event.actor, event.detail["because"]) == ("bob", "known since May")
    assert event.detail["until"].startswith("2034-01-01")


def test_accepted_alerts_are_a_tag_of_the_run_and_an_event_of_who_accepted_them(catalog: Catalog) -> None:
    run = Run("run-1", "late", "running", {}, (), Code("c" * 64), "e" * 64, "ada", NOON)
    catalog.runs.start(run, Environment("e" * 64, "3.12", {}, "linux"))
    catalog.runs.tag("run-1", {"team": "ops"})
    catalog.runs.accept_alerts("run-1", ["a", "b"], actor="bob")
    assert catalog.runs.get_run("run-1").tags == {"team": "ops", "accepted_alerts": "a,b"}
    (event,) = catalog.events.list_events(kind="run.alerts_accepted")
    assert (event.actor, event.detail["alerts"]) == ("bob", ["a", "b"])


def declare(catalog: Catalog, objective: str = "50 % of days in 4 d") -> None:
    """The table's one check has an objective, which two days of the four use up."""
    check = replace(SPEC.checks[0], objective=objective, owner="bob")
    catalog.tables.declare(replace(SPEC, checks=(check,)), actor="ada")


def test_an_error_budget_is_measured_over_the_days_of_its_window(catalog: Catalog) -> None:
    declare(catalog)
    for day in range(1, 9):
        publish(
            catalog, f"c{day}", file(f"c{day}", f"2024-01-{day:02d}"), state="flagged" if day in (1, 6) else "valid"
        )
    (budget,) = catalog.tables.budgets("flights")
    assert (budget.owner, budget.judged, budget.failed, budget.failures) == ("bob", 4, 1, ("2024-01-06",))
    assert (budget.allowed, budget.remaining, budget.exhausted) == (2.0, 0.5, False)


def test_a_check_without_an_objective_has_no_budget(catalog: Catalog) -> None:
    catalog.tables.declare(SPEC, actor="ada")
    publish(catalog, "a", state="flagged")
    assert catalog.tables.budgets("flights") == catalog.tables.budgets("unknown") == []


def test_a_budget_is_exhausted_once_and_by_an_event_of_that_commit(catalog: Catalog) -> None:
    declare(catalog)
    for day in (1, 2, 3):
        publish(catalog, f"c{day}", file(f"c{day}", f"2024-01-{day:02d}"), state="flagged")
    (event,) = catalog.events.list_events(kind="check.budget_exhausted")
    assert (event.subject, event.detail["check"], event.detail["commit"]) == ("flights", "far", "c2")
    assert event.detail["owner"] == "bob"


def test_a_day_that_failed_twice_counts_once_and_a_repair_does_not_undo_it(catalog: Catalog) -> None:
    declare(catalog)
    publish(catalog, "a", state="quarantined")
    publish(catalog, "b", state="quarantined")
    publish(catalog, "c")
    assert catalog.tables.budgets("flights")[0].failures == ("2024-01-01",)


def test_a_false_alarm_costs_no_budget(catalog: Catalog) -> None:
    declare(catalog)
    publish(catalog, "a", state="flagged")
    catalog.alerts.judge("a-2024-01-01", true_alarm=False, because="a storm", actor="bob")
    assert catalog.tables.budgets("flights")[0].failed == 0


def test_a_false_alarm_about_diverted_rows_costs_no_budget(catalog: Catalog) -> None:
    declare(catalog)
    made = divided("a")
    failed = CheckResult("far", "rule", "x", "2024-01-01", False, "divert", "2 rows", evidence={"diverted": 2})
    judged = replace(made.judgements[0], results=(failed,))
    catalog.tables.publish(replace(made, judgements=(judged,)), actor="ada")
    assert catalog.tables.budgets("flights")[0].failed == 1
    catalog.alerts.judge("a-aside-2024-01-01", true_alarm=False, because="a storm", actor="bob")
    assert catalog.tables.budgets("flights")[0].failed == 0


def test_two_commits_at_once_exhaust_a_budget_once(catalog: Catalog, at_once: AtOnce) -> None:
    declare(catalog)
    at_once(4, lambda each, n: publish(each, f"c{n}", file(f"c{n}", f"2024-01-0{n + 1}"), state="flagged"))
    assert len(catalog.events.list_events(kind="check.budget_exhausted")) == 1
