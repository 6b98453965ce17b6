"""A model is released because it is shown to be good, not because nobody looked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from trivium.checks.metric import latency, metric
from trivium.errors import ApprovalMissing, GateFailed, Misuse, NotFound, SchemaMismatch
from trivium.models.evaluate import evaluate
from trivium.models.gate import judge_gate
from trivium.models.package import Model, read_manifest
from trivium.models.promotion import approve, find_live, promote, rollback
from trivium.models.register import register
from trivium.store.store import Store
from trivium.tables.read import read_version
from trivium.values.models import Gate, ModelVersion

GATE = [metric("auc", at_least=0.65), metric("auc", at_least=0.6, by="depot")]
Make = Callable[..., ModelVersion]


@pytest.fixture
def make(store: Store, past: pl.DataFrame, exam: pl.DataFrame) -> Make:
    """How a model is evaluated and registered here."""

    def make(model: Model, **options: Any) -> ModelVersion:
        report = evaluate(model, exam, target="late", slices=["depot"], against=past)
        return register("parcels", model, report, **{"gate": GATE, **options})

    return make


def gate_of(store: Store, version: ModelVersion) -> Gate:
    gate = store.catalog.models.find_gate("parcels", version.version)
    assert gate is not None
    return gate


def failed(gate: Gate) -> list[str]:
    return [result.check for result in gate.results if not result.passed]


def test_a_good_model_passes_every_declared_and_every_built_in_check(store: Store, make: Make, model: Model) -> None:
    version = make(model)
    gate = gate_of(store, version)
    assert gate.passed
    assert [result.check for result in gate.results] == [
        "auc >= 0.65",
        "auc >= 0.6 by depot [depot=north]",
        "auc >= 0.6 by depot [depot=south]",
        "auc >= 0.6 by depot [depot=west]",
        "auc beats baseline",
        "replay gives the same answers",
        "signature is complete",
    ]
    assert version.version == 1
    assert version.author == "ada"


def test_a_model_of_shuffled_labels_is_refused_even_without_a_declared_gate(
    store: Store, make: Make, mistaken: Model
) -> None:
    gate = gate_of(store, make(mistaken, gate=()))
    assert not gate.passed
    assert failed(gate) == ["auc beats baseline"]


def test_a_candidate_that_is_surely_worse_than_the_champion_on_the_same_rows_is_refused(
    store: Store, make: Make, model: Model, trained: Callable[..., Model], past: pl.DataFrame
) -> None:
    release(store, make(model))
    worse = trained(past.head(120), iterations=3)
    gate = gate_of(store, make(worse, gate=()))
    assert gate.against == 1
    assert "not worse than the champion (version 1)" in failed(gate)
    same = gate_of(store, make(trained(past, iterations=19), gate=()))
    assert same.passed


def test_beating_the_champion_can_be_demanded(store: Store, make: Make, model: Model, mistaken: Model) -> None:
    demand = [metric("auc", beats="champion", margin=0.01)]
    first = make(mistaken, gate=demand)
    approve(store, "parcels", first.version, because="something has to be live", actor="grace", override=True)
    promote(store, "parcels", first.version, because="forced")
    assert gate_of(store, make(model, gate=demand)).passed


def test_a_damaged_artefact_fails_its_replay(store: Store, make: Make, model: Model) -> None:
    version = make(model)
    weights = store.blobs.path(read_manifest(store.blobs, version.artifact).files[0].digest)
    weights.write_bytes(b"damaged")
    gate = judge_gate(store, "parcels", version.version)
    assert failed(gate) == ["replay gives the same answers"]
    assert gate_of(store, version) == gate
    weights.unlink()  # so that the next test stores it anew


def test_a_pickle_is_refused_until_somebody_overrides(
    store: Store, make: Make, trained: Callable[..., Model], past: pl.DataFrame
) -> None:
    version = make(trained(past, unsafe=True))
    assert failed(gate_of(store, version)) == ["replay gives the same answers"]


def test_registering_again_is_the_same_version_and_the_same_rows(store: Store, make: Make, model: Model) -> None:
    first, again = make(model), make(model)
    assert (first.version, again.version) == (1, 1)
    rows = read_version(store, "parcels_evaluations").collect()
    auc = rows.filter(metric="auc", slice="", answers="model")
    assert auc["value"].to_list() == [first.metrics["auc"]]
    assert store.catalog.tables.find_version("parcels_evaluations", 2) is None


def test_another_gate_is_another_version(store: Store, make: Make, model: Model) -> None:
    assert make(model).version == 1
    assert make(model, gate=()).version == 2


def test_a_gate_that_cannot_be_judged_is_refused_at_registration(
    store: Store, make: Make, model: Model, mistaken: Model, exam: pl.DataFrame
) -> None:
    with pytest.raises(Misuse, match="latency"):
        make(model, gate=[latency(p99="50ms")])
    with pytest.raises(SchemaMismatch, match="'planet'"):
        make(model, gate=[metric("auc", at_least=0.5, by="planet")])
    with pytest.raises(Misuse, match="evaluate the model that you register"):
        register("parcels", mistaken, evaluate(model, exam, target="late"))
    with pytest.raises(NotFound):
        store.catalog.models.get_model("parcels")


def release(store: Store, version: ModelVersion) -> ModelVersion:
    approve(store, "parcels", version.version, because="looks right", actor="grace")
    return promote(store, "parcels", version.version, because="better")


def test_a_version_is_not_compared_with_a_newer_champion_that_may_have_seen_its_exam(
    store: Store, make: Make, model: Model, trained: Callable[..., Model], past: pl.DataFrame
) -> None:
    make(trained(past.head(120), iterations=3), gate=())
    release(store, make(model))
    assert judge_gate(store, "parcels", 1).against is None


def test_what_every_model_has_to_show_is_judged_once(store: Store, make: Make, model: Model) -> None:
    gate = gate_of(store, make(model, gate=[metric("auc", beats="baseline")]))
    assert [result.check for result in gate.results].count("auc beats baseline") == 1


def test_nobody_promotes_alone(store: Store, make: Make, model: Model) -> None:
    version = make(model)
    with pytest.raises(ApprovalMissing):
        promote(store, "parcels", version.version, because="mine")
    with pytest.raises(ApprovalMissing, match="four eyes"):
        approve(store, "parcels", version.version, because="mine")
    assert release(store, version).aliases == ("champion",)


def test_a_failed_gate_is_only_passed_by_a_recorded_override(store: Store, make: Make, mistaken: Model) -> None:
    version = make(mistaken)
    approve(store, "parcels", version.version, because="fine", actor="grace")
    with pytest.raises(GateFailed, match="auc"):
        promote(store, "parcels", version.version, because="now")
    approve(store, "parcels", version.version, because="emergency", actor="grace", override=True)
    assert promote(store, "parcels", version.version, because="now").aliases == ("champion",)
    kinds = [event.kind for event in store.catalog.events.list_events(subject="parcels")]
    assert "model.overridden" in kinds


def test_rolling_back_goes_to_the_champion_before_and_tells_who_was_live_when(
    store: Store, make: Make, model: Model, trained: Callable[..., Model], past: pl.DataFrame
) -> None:
    first = release(store, make(model))
    moment = store.clock()
    release(store, make(trained(past, iterations=19)))
    back = rollback(store, "parcels", "it was slow", actor="grace")
    assert back.version == first.version
    then, now = find_live(store, "parcels", moment), find_live(store, "parcels", store.clock())
    assert then is not None
    assert then.version == 1
    assert now is not None
    assert (now.version, now.actor, now.because) == (1, "grace", "rollback from version 2: it was slow")
    with pytest.raises(NotFound, match="no champion before it"):
        rollback(store, "parcels", "again")
    assert find_live(store, "parcels", first.registered_at) is None


def test_any_other_alias_is_free(store: Store, make: Make, mistaken: Model) -> None:
    version = make(mistaken)
    assert promote(store, "parcels", version.version, "challenger", because="to watch").aliases == ("challenger",)
    with pytest.raises(Misuse, match="reason"):
        promote(store, "parcels", version.version, "challenger", because=" ")
