"""Chapter 3: the better model is gated, scored, approved and deployed; the serving path gives the same answers."""

from __future__ import annotations

from typing import Any

from rich.markup import escape

from trivium.demo.stage import APPROVER, AUTHOR, Stage
from trivium.demo.training import registered
from trivium.errors import ApprovalMissing
from trivium.models.promotion import approve, promote
from trivium.models.report import get_report
from trivium.models.score import score_model
from trivium.serving.replay import replay_report
from trivium.values.models import ModelVersion


def tell_release(stage: Stage) -> None:
    """From two candidates to one champion behind an endpoint."""
    stage.narrator.chapter(3, "A gate, a second pair of eyes, an endpoint")
    best = choose_better(stage)
    show_gate(stage, best)
    show_four_eyes(stage, best)
    if not stage.store.catalog.models.list_alias_changes(best.name, "champion"):
        promote(stage.store, best.name, best.version, because="better of two candidates on the newest 30 days")
    stage.cast.live.deploy("champion", store=stage.store)
    stage.cast.live.start(store=stage.store)
    score = score_model(stage.store, best.name, best.version)
    stage.narrator.say(
        f"Score so far: {score.total:g} of 7 (Google's 28 tests, from evidence; the least section counts)."
    )
    endpoint = stage.store.catalog.endpoints.get_endpoint(stage.cast.live.name)
    replayed = replay_once(stage, best)
    stage.narrator.say(
        f"Endpoint [b]{endpoint.name}[/] is {endpoint.state} at {endpoint.url} with version {endpoint.champion}; "
        f"{replayed['rows']:,} evaluated rows of version {best.version} sent through it gave "
        f"{'the same' if replayed['equal'] else 'OTHER'} answers (largest difference {replayed['max_difference']:.1g})."
    )


def replay_once(stage: Stage, model: ModelVersion) -> dict[str, Any]:
    """What came of sending the model's exam through the endpoint, which is done when it was not done before."""
    name, events = stage.cast.live.name, stage.store.catalog.events
    if not events.list_events(kind="endpoint.replayed", subject=name):
        replay_report(stage.store, name, get_report(stage.store, model), model.version)
    return events.list_events(kind="endpoint.replayed", subject=name)[0].detail


def choose_better(stage: Stage) -> ModelVersion:
    """The candidate with the higher AUC on the same exam."""
    runs = [stage.store.catalog.runs.find_by_key(key) for key in ("demo/first", "demo/shallower")]
    candidates = [registered(stage, run) for run in runs if run is not None]
    best = max(candidates, key=lambda model: model.metrics["auc"])
    shown = ", ".join(f"version {model.version}: {model.metrics['auc']:.4f}" for model in candidates)
    stage.narrator.say(f"AUC on the same exam: {shown}. Version {best.version} goes on.")
    return best


def show_gate(stage: Stage, model: ModelVersion) -> None:
    """Every check of the release gate."""
    gate = stage.store.catalog.models.find_gate(model.name, model.version)
    if gate is None:
        return
    rows = [
        (escape(result.check), "pass" if result.passed else "[red]FAIL[/]", escape(result.message))
        for result in gate.results
    ]
    stage.narrator.say(f"Gate of version {model.version}: [b]{'passed' if gate.passed else 'failed'}[/].")
    stage.narrator.show(("", "", ""), rows, texts=(0, 1, 2))


def show_four_eyes(stage: Stage, model: ModelVersion) -> None:
    """The author cannot approve; somebody else can."""
    if not stage.store.catalog.models.list_approvals(model.name, model.version):
        try:
            approve(stage.store, model.name, model.version, because="I made it", actor=AUTHOR)
        except ApprovalMissing as refusal:
            stage.narrator.say(f"[yellow]refused:[/] {escape(str(refusal))}")
        approve(stage.store, model.name, model.version, because="gate passed, slices even", actor=APPROVER)
    for approval in stage.store.catalog.models.list_approvals(model.name, model.version):
        stage.narrator.say(f"{approval.decision} by [b]{approval.actor}[/]: “{approval.because}”")
