"""Chapter 6: the retrained model as shadow, canary, champion; then a mistake is refused, forced, and rolled back."""

from __future__ import annotations

from datetime import date

from rich.markup import escape

from trivium.demo.release import show_gate
from trivium.demo.stage import APPROVER, Stage
from trivium.demo.training import registered
from trivium.errors import ApprovalMissing, GateFailed
from trivium.models.promotion import approve, promote
from trivium.values.endpoints import Verdict
from trivium.values.models import ModelVersion

CANARY_SHARE = 0.3


def follow_candidates(stage: Stage, day: date) -> None:
    """The retrained model moves on by its verdict; after it is champion, the mistake is made."""
    retrained = retrained_model(stage)
    if retrained is None:
        return
    if final_verdict(stage, retrained.version) is None:
        move_on(stage, retrained, day)
        return
    mistaken = mistaken_model(stage)
    if mistaken is None:
        make_mistake(stage)
    elif final_verdict(stage, mistaken.version) is None:
        tell_verdict(stage, stage.cast.live.decide(store=stage.store))


def move_on(stage: Stage, model: ModelVersion, day: date) -> None:
    """One step on the way: shadow, then canary, then the verdict."""
    routes = {route.version: route for route in stage.store.catalog.endpoints.get_endpoint(stage.cast.live.name).routes}
    if model.version not in routes:
        stage.narrator.chapter(6, "The new model: shadow, canary, champion")
        if not stage.store.catalog.models.list_approvals(model.name, model.version):
            approve(stage.store, model.name, model.version, because="retrained on repaired data", actor=APPROVER)
        stage.cast.live.shadow(model.version, store=stage.store)
        stage.narrator.say(f"Version {model.version} watches as a shadow: it predicts, and answers nobody.")
    elif routes[model.version].role == "shadow" and day >= stage.calendar.canary:
        stage.cast.live.canary(model.version, CANARY_SHARE, store=stage.store)
        stage.narrator.say(f"Version {model.version} answers {CANARY_SHARE:.0%} of the requests as a canary.")
    elif routes[model.version].role == "canary":
        tell_verdict(stage, stage.cast.live.decide(store=stage.store))


def make_mistake(stage: Stage) -> None:
    """A model trained on shuffled labels is refused by the gate, and forced through by an approver."""
    stage.narrator.say("Now a deliberately bad model: its labels were shuffled, as a wrong join would do.")
    model = registered(stage, stage.cast.mistake.run(key="demo/mistake", store=stage.store))
    show_gate(stage, model)
    try:
        promote(stage.store, model.name, model.version, because="looks fine to me")
    except (GateFailed, ApprovalMissing) as refusal:
        stage.narrator.say(f"[yellow]refused:[/] {escape(str(refusal))}")
    approve(
        stage.store, model.name, model.version, because="we need something new today", actor=APPROVER, override=True
    )
    stage.cast.live.canary(model.version, CANARY_SHARE, store=stage.store)
    stage.narrator.say(
        f"{APPROVER} overrides the gate, on record; version {model.version} answers {CANARY_SHARE:.0%} as a canary."
    )


def tell_verdict(stage: Stage, verdict: Verdict) -> None:
    """What the canary's test says, and on how much evidence."""
    colour = {"promote": "green", "roll_back": "red", "wait": "dim"}[verdict.decision]
    stage.narrator.say(
        f"Canary verdict on version {verdict.candidate}: [{colour}]{verdict.decision}[/]. {escape(verdict.because)}"
    )


def retrained_model(stage: Stage) -> ModelVersion | None:
    """The version that the trigger's run registered, or None."""
    done = stage.store.catalog.triggers.list_firings(state="done")
    runs = [stage.store.catalog.runs.get_run(firing.run) for firing in reversed(done) if firing.run]
    return registered(stage, runs[0]) if runs else None


def mistaken_model(stage: Stage) -> ModelVersion | None:
    """The version trained on shuffled labels, once it is on its canary, or None."""
    run = stage.store.catalog.runs.find_by_key("demo/mistake")
    if run is None or run.status != "succeeded":
        return None
    model = registered(stage, run)
    routed = {route.version for route in stage.store.catalog.endpoints.get_endpoint(stage.cast.live.name).routes}
    return model if model.version in routed or final_verdict(stage, model.version) else None


def final_verdict(stage: Stage, version: int) -> Verdict | None:
    """The verdict that ended the version's canary, or None."""
    verdicts = stage.store.catalog.endpoints.list_verdicts(stage.cast.live.name)
    return next((each for each in verdicts if each.candidate == version and each.decision != "wait"), None)
