"""What every catalog guarantees about models."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from trivium.errors import ApprovalMissing, GateFailed, Misuse, NotFound
from trivium.store.catalog import Catalog
from trivium.values.alerts import CheckResult
from trivium.values.models import AliasChange, Approval, Evidence, Gate, ModelVersion
from trivium.values.tables import Column

AtOnce = Callable[[int, Callable[[Catalog, int], Any]], list[Any]]
NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
DRAFT = ModelVersion(
    "lateness", 0, "a" * 64, "r" * 64, "run-1", "ada", NOON, (Column("x", "float64"),), {"auc": 0.75}, description="d"
)


def register(catalog: Catalog, artifact: str = "a", **more: Any) -> ModelVersion:
    return catalog.models.register(replace(DRAFT, artifact=artifact * 64, **more))


def gate(catalog: Catalog, version: int, *, passed: bool = True) -> Gate:
    results = (CheckResult("auc at least 0.7", "metric", None, "", passed, "block", "auc is low"),)
    judged = Gate("lateness", version, passed, results, None, NOON)
    catalog.models.record_gate(judged, actor="ada")
    return judged


def approve(catalog: Catalog, version: int, actor: str = "bob", decision: str = "approved") -> Approval:
    approval = replace(Approval("lateness", version, "approved", actor, "I looked", NOON), decision=decision)
    catalog.models.approve(approval)
    return approval


def promote(catalog: Catalog, version: int | None, approvals: int = 1, actor: str = "bob") -> ModelVersion:
    return catalog.models.promote(champion(version, actor), approvals=approvals)


def champion(version: int | None, actor: str = "bob") -> AliasChange:
    return AliasChange("lateness", "champion", version, actor, "it is better", NOON)


def releasable(catalog: Catalog, *artifacts: str) -> None:
    for version, artifact in enumerate(artifacts, 1):
        register(catalog, artifact)
        gate(catalog, version)
        approve(catalog, version)


def test_a_registered_version_is_read_as_it_was_made(catalog: Catalog) -> None:
    registered = register(catalog)
    assert registered == replace(DRAFT, version=1)
    assert catalog.models.get_model("lateness", 1) == registered
    assert catalog.models.get_model("lateness") == registered


def test_versions_count_one_two_three_for_each_model(catalog: Catalog) -> None:
    assert [register(catalog, each).version for each in "abc"] == [1, 2, 3]
    assert register(catalog, name="other").version == 1


def test_the_same_artifact_and_report_under_one_name_is_one_version(catalog: Catalog) -> None:
    first = register(catalog)
    assert register(catalog, author="bob", run="run-2") == first
    assert register(catalog, report="s" * 64).version == 2
    assert len(catalog.events.list_events(kind="model.registered")) == 2


def test_models_registered_at_once_get_versions_without_gaps(catalog: Catalog, at_once: AtOnce) -> None:
    made = at_once(5, lambda each, n: register(each, "abcde"[n]).version)
    assert sorted(made) == [1, 2, 3, 4, 5]


def test_versions_are_listed_newest_first_and_models_by_name(catalog: Catalog) -> None:
    for each in "ab":
        register(catalog, each)
    register(catalog, name="arrival")
    assert [model.version for model in catalog.models.list_versions("lateness")] == [2, 1]
    assert [(model.name, model.version) for model in catalog.models.list_models()] == [("arrival", 1), ("lateness", 2)]
    assert catalog.models.list_versions("other") == []
    every = [(model.name, model.version) for model in catalog.models.list_versions()]
    assert every == [("arrival", 1), ("lateness", 2), ("lateness", 1)]


@pytest.mark.parametrize(
    ("name", "version", "message"),
    [("other", None, "There is no model 'other'"), ("lateness", 2, "no version 2 of model 'lateness'"),
     ("lateness", "champion", "no version 'champion' of model 'lateness'")],
)  # fmt: skip
def test_an_unknown_model_version_or_alias_is_not_found(
    catalog: Catalog, name: str, version: int | str | None, message: str
) -> None:
    register(catalog)
    with pytest.raises(NotFound, match=message):
        catalog.models.get_model(name, version)


def test_a_version_is_also_got_by_its_number_as_text(catalog: Catalog) -> None:
    register(catalog)
    assert catalog.models.get_model("lateness", "1").version == 1


def test_the_newest_gate_verdict_counts(catalog: Catalog) -> None:
    register(catalog)
    assert catalog.models.find_gate("lateness", 1) is None
    for number in range(6):
        newest = gate(catalog, 1, passed=number % 2 == 0)
        assert catalog.models.find_gate("lateness", 1) == newest
    events = [event.kind for event in catalog.events.list_events(subject="lateness")][1:]
    assert events == ["model.gate_passed", "model.gate_failed"] * 3


def test_a_gate_of_an_unknown_version_is_not_recorded(catalog: Catalog) -> None:
    with pytest.raises(NotFound):
        gate(catalog, 1)


def test_an_author_does_not_approve_their_own_version(catalog: Catalog) -> None:
    register(catalog, author="ada")
    for decision in ("approved", "overridden"):
        with pytest.raises(ApprovalMissing, match="ada registered lateness version 1 and cannot approve it"):
            approve(catalog, 1, actor="ada", decision=decision)
    assert catalog.models.list_approvals("lateness", 1) == []


def test_approvals_are_listed_oldest_first(catalog: Catalog) -> None:
    register(catalog)
    given = [approve(catalog, 1, actor) for actor in ("zoe", "bob", "kim", "amy", "joe")]
    assert catalog.models.list_approvals("lateness", 1) == given
    assert catalog.models.list_approvals("lateness", 2) == []
    with pytest.raises(NotFound):
        approve(catalog, 2)


def test_a_version_with_passed_gate_and_approval_is_promoted(catalog: Catalog) -> None:
    releasable(catalog, "a")
    promoted = promote(catalog, 1)
    assert promoted.aliases == ("champion",)
    assert catalog.models.get_model("lateness", "champion") == promoted
    assert catalog.events.list_newest(limit=1)[0].kind == "model.promoted"


def test_a_version_without_a_gate_is_not_promoted(catalog: Catalog) -> None:
    register(catalog)
    approve(catalog, 1)
    with pytest.raises(GateFailed, match="gate of lateness version 1 was never judged"):
        promote(catalog, 1)


def test_a_version_with_a_failed_gate_is_not_promoted(catalog: Catalog) -> None:
    register(catalog)
    gate(catalog, 1)
    gate(catalog, 1, passed=False)
    approve(catalog, 1)
    with pytest.raises(GateFailed, match=r"failed on auc at least 0\.7"):
        promote(catalog, 1)
    with pytest.raises(NotFound):
        catalog.models.get_model("lateness", "champion")


def test_a_version_without_enough_approvals_is_not_promoted(catalog: Catalog) -> None:
    register(catalog)
    gate(catalog, 1)
    with pytest.raises(ApprovalMissing, match="lateness version 1 has 0 of 1 approvals"):
        promote(catalog, 1)
    approve(catalog, 1, "bob")
    approve(catalog, 1, "bob")
    with pytest.raises(ApprovalMissing, match="has 1 of 2 approvals by people other than its author ada"):
        promote(catalog, 1, approvals=2)
    approve(catalog, 1, "kim")
    assert promote(catalog, 1, approvals=2).version == 1


def test_approvals_of_another_version_do_not_count(catalog: Catalog) -> None:
    releasable(catalog, "a")
    register(catalog, "b")
    gate(catalog, 2)
    with pytest.raises(ApprovalMissing):
        promote(catalog, 2)


def test_an_override_stands_in_for_a_failed_gate(catalog: Catalog) -> None:
    register(catalog)
    gate(catalog, 1, passed=False)
    approve(catalog, 1, decision="overridden")
    assert promote(catalog, 1).aliases == ("champion",)
    assert catalog.events.list_events(kind="model.overridden")[0].detail == {"version": 1, "because": "I looked"}


def test_promotion_needs_a_version(catalog: Catalog) -> None:
    register(catalog)
    with pytest.raises(Misuse):
        promote(catalog, None)
    with pytest.raises(NotFound):
        promote(catalog, 7)


def test_one_version_is_champion_at_a_time(catalog: Catalog) -> None:
    releasable(catalog, "a", "b")
    promote(catalog, 1)
    promote(catalog, 2)
    assert [model.aliases for model in catalog.models.list_versions("lateness")] == [("champion",), ()]
    assert catalog.events.list_newest(limit=1)[0].detail["before"] == 1


def test_two_promotions_at_once_leave_one_champion(catalog: Catalog, at_once: AtOnce) -> None:
    releasable(catalog, *"abcdef")
    at_once(6, lambda each, n: promote(each, n + 1))
    champions = [model.version for model in catalog.models.list_versions("lateness") if "champion" in model.aliases]
    history = catalog.models.list_alias_changes("lateness", "champion")
    assert champions == [history[-1].version]
    assert sorted(change.version or 0 for change in history) == [1, 2, 3, 4, 5, 6]


def test_the_history_of_an_alias_says_who_made_which_version_live(catalog: Catalog) -> None:
    releasable(catalog, "a", "b")
    for version in (1, 2, 1, 2, 1):
        promote(catalog, version)
    promote(catalog, 1)
    catalog.models.set_alias(AliasChange("lateness", "candidate", 2, "kim", "to try", NOON))
    assert catalog.models.list_alias_changes("lateness", "champion") == [champion(each) for each in (1, 2, 1, 2, 1)]
    assert [change.alias for change in catalog.models.list_alias_changes("lateness")] == ["champion"] * 5 + [
        "candidate"
    ]


def test_any_other_alias_is_free_to_move_and_to_take_away(catalog: Catalog) -> None:
    for each in "ab":
        register(catalog, each)
    change = AliasChange("lateness", "candidate", 1, "ada", "to try", NOON)
    assert catalog.models.set_alias(change).aliases == ("candidate",)
    assert catalog.models.set_alias(replace(change, version=2)).version == 2
    assert catalog.models.get_model("lateness", "candidate").version == 2
    catalog.models.set_alias(replace(change, version=None))
    with pytest.raises(NotFound):
        catalog.models.get_model("lateness", "candidate")
    assert [model.aliases for model in catalog.models.list_versions("lateness")] == [(), ()]


def test_the_champion_moves_by_promotion_only(catalog: Catalog) -> None:
    register(catalog)
    for version in (1, None):
        with pytest.raises(Misuse, match="moves by promotion only"):
            catalog.models.set_alias(champion(version))


def test_one_version_may_have_several_aliases(catalog: Catalog) -> None:
    releasable(catalog, "a")
    catalog.models.set_alias(AliasChange("lateness", "candidate", 1, "ada", "to try", NOON))
    assert promote(catalog, 1).aliases == ("candidate", "champion")


def test_evidence_is_listed_oldest_first(catalog: Catalog) -> None:
    given = [Evidence("lateness", test, True, "done", "ada", NOON, "link") for test in ("d1", "b7", "a2", "z9", "c3")]
    for each in given:
        catalog.models.record_evidence(each)
    assert catalog.models.list_evidence("lateness") == given
    assert catalog.models.list_evidence("other") == []


def test_a_score_is_shown_and_an_event_once(catalog: Catalog) -> None:
    register(catalog)
    for score in (2.5, 2.5, 3.0):
        catalog.models.set_score("lateness", 1, score, actor="ada")
    assert catalog.models.get_model("lateness").score == 3.0
    assert [event.detail["before"] for event in catalog.events.list_events(kind="model.scored")] == [None, 2.5]
    with pytest.raises(NotFound):
        catalog.models.set_score("lateness", 2, 1.0, actor="ada")
