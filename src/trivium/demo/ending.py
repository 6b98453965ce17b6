"""Chapter 7: what the next owner gets, and the audit chain."""

from __future__ import annotations

from pathlib import Path

from rich.markup import escape

from trivium.demo.stage import Stage
from trivium.models.handover import write_handover
from trivium.models.score import score_model
from trivium.store.durable import write_durably


def tell_ending(stage: Stage) -> None:
    """The handover document, the score, the audit chain, and what to look at next."""
    store, say = stage.store, stage.narrator.say
    stage.narrator.chapter(7, "Handover, audit, and what to look at next")
    document = write_handover(store, stage.cast.live.spec.model)
    place = store.settings.root / "lateness-handover.md"
    write_durably(place, lambda aside: _write(aside, document))
    champion = store.catalog.models.get_model(stage.cast.live.spec.model, "champion")
    score = score_model(store, champion.name, champion.version)
    for verdict in store.catalog.endpoints.list_verdicts(stage.cast.live.name):
        if verdict.decision != "wait":
            say(f"Canary verdict on version {verdict.candidate}: [b]{verdict.decision}[/]. {escape(verdict.because)}")
    say(f"Handover written: {place.name}, {len(document.splitlines())} lines. Champion: version {champion.version}.")
    say(f"Score: {score.total:g} of 7. {escape(score.story)}")
    chain = store.catalog.events.verify()
    holds = "[green]holds[/]" if not chain.problems else f"[red]is broken[/]: {chain.problems[0]}"
    say(f"The audit chain of {chain.events:,} events {holds}; its head is {chain.head[:12]}.")
    runs = store.catalog.runs.list_runs(limit=1000)
    alerts = store.catalog.alerts.list_alerts(limit=1000)
    say(
        f"In the catalog: {len(store.catalog.tables.list_latest())} tables, {len(runs)} runs, "
        f"{len(store.catalog.models.list_versions(champion.name))} model versions, {len(alerts)} alerts "
        f"({sum(alert.state == 'open' for alert in alerts)} open)."
    )
    say("[b]Look at next:[/]")
    for command in (
        "trivium tables list", "trivium alerts list", "trivium runs list", f"trivium models score {champion.name}",
        f"trivium endpoints show {stage.cast.live.name}", "trivium audit log", f"trivium handover {champion.name}",
    ):  # fmt: skip
        say(f"  {command}")


def _write(path: Path, document: str) -> None:
    path.write_text(document, encoding="utf-8")
