"""What the catalog answers to the tests of the ML test score (Breck et al. 2017): points, and the fact behind them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from msgspec import Struct

from trivium.checks.predictions import QUANTILES
from trivium.models.dossier import Dossier, EndpointFacts, TableFacts


class Answer(Struct, frozen=True):
    """Points, the fact that earns them (or what is missing), and the command that shows it."""

    points: float
    why: str
    link: str


def data_expectations(facts: Dossier) -> Answer:
    """Every input table has declared checks that were judged at its newest commit."""
    judged = [table for table in facts.tables if table.spec.checks and _was_judged(table)]
    checks = sum(len(table.spec.checks) for table in judged)
    story = f"{checks} declared checks judged the newest commits of {len(judged)} of {len(facts.tables)} input tables"
    return Answer(_share(len(judged), len(facts.tables)), story, _tables_link(facts))


def specs_reviewed(facts: Dossier) -> Answer:
    """The code of the run is a commit, and somebody else approved the version."""
    run, approvals = facts.run, facts.approvals.get(facts.model.version, ())
    if run is None:
        return Answer(0, "no run made this version", "")
    link = f"trivium runs show {run.id}"
    if run.code.git_commit is None or run.code.dirty:
        state = "changed since its commit" if run.code.git_commit else "in no commit"
        return Answer(0, f"the run's code {run.code.digest[:8]} is {state}", link)
    if not approvals:
        return Answer(0.5, f"the run's code is commit {run.code.git_commit[:8]}, which nobody approved", link)
    who = ", ".join(sorted({approval.actor for approval in approvals}))
    return Answer(1, f"the run's code is commit {run.code.git_commit[:8]}, and {who} approved the version", link)


def hyperparameters_tried(facts: Dossier) -> Answer:
    """Runs of the pipeline on the same data with different parameters have the headline metric."""
    if facts.run is None:
        return Answer(0, "no run made this version", "")
    headline = str(facts.report.facts.get("headline", ""))
    tried = {
        str(sorted(run.parameters.items()))
        for run in facts.runs
        if run.status == "succeeded" and headline in run.metrics and run.inputs == facts.run.inputs
    }
    story = f"{len(tried)} parameter settings were compared by {headline} on the same data"
    return Answer(0.5 if len(tried) > 1 else 0, story, f"trivium runs list --pipeline {facts.run.pipeline}")


def staleness_known(facts: Dossier) -> Answer:
    """Older champions were asked newer exams, in the gates of later versions."""
    aged = [gate for gate in facts.gates.values() if gate.against is not None]
    story = f"an older champion was measured on the rows of {len(aged)} newer exams"
    return Answer(1 if len(aged) >= 3 else 0.5 if aged else 0, story, _gate_link(facts))


def simpler_is_not_better(facts: Dossier) -> Answer:
    """The gate compared the version with the simple baseline on the same rows."""
    results = [
        result for result in (facts.gate.results if facts.gate else ()) if result.check.endswith("beats baseline")
    ]
    if not results:
        return Answer(0, "no gate compared the version with a baseline", _gate_link(facts))
    return Answer(float(all(result.passed for result in results)), results[-1].message, _gate_link(facts))


def slices_sufficient(facts: Dossier) -> Answer:
    """The gate has checks by slice, and they passed; measured slices alone count half."""
    judged = [result for result in (facts.gate.results if facts.gate else ()) if result.evidence.get("slice")]
    measured = {metric.slice for metric in facts.report.metrics if metric.slice}
    if judged and all(result.passed for result in judged):
        return Answer(1, f"the gate judged {len(judged)} slices, and all passed", _gate_link(facts))
    if judged:
        missed = ", ".join(str(result.evidence["slice"]) for result in judged if not result.passed)
        return Answer(0, f"the gate failed on {missed}", _gate_link(facts))
    return Answer(0.5 if measured else 0, f"{len(measured)} slices are measured, none is bound", _gate_link(facts))


def training_reproducible(facts: Dossier) -> Answer:
    """Two executions, in runs of their own, made the very same artefact."""
    made = {task.run for task in facts.producers if task.status == "executed"}
    by_hand = {run.id for run in facts.runs if run.tags.get("reproduces") and run.id in made}
    link = f"trivium runs show {facts.model.run}" if facts.model.run else ""
    if len(made) < 2:
        return Answer(0, "the artefact was made once", link)
    story = f"{len(made)} executions gave the same artefact {facts.model.artifact[:8]}"
    return Answer(0.5 if len(by_hand) < 2 else 1, story, link)


def pipeline_integrated(facts: Dossier) -> Answer:
    """The whole pipeline went from tables to a gated version by itself; half when only people started it."""
    done = [run for run in facts.runs if run.status == "succeeded"]
    fired = [run for run in done if run.trigger and run.trigger != "reproduce"]
    if not done:
        return Answer(0, "no run of the pipeline went through", "")
    link = f"trivium runs list --pipeline {done[0].pipeline}"
    return Answer(
        1 if fired else 0.5, f"{len(done)} runs went through, {len(fired)} of them started by a trigger", link
    )


def validated_before_serving(facts: Dossier) -> Answer:
    """Every version that became champion had a gate judged before; a forced one leaves half."""
    live = {change.version for change in facts.changes if change.alias == "champion" and change.version is not None}
    if not live:
        return Answer(0, "no version was ever champion", _gate_link(facts))
    if live - facts.gates.keys():
        return Answer(0, "a champion had no gate", _gate_link(facts))
    forced = sorted(version for version in live if not facts.gates[version].passed)
    story = f"{len(live)} champions were gated before"
    story += f", of which {', '.join(map(str, forced))} failed and was forced" if forced else " and passed"
    return Answer(0.5 if forced else 1, story, _gate_link(facts))


def canary_before_serving(facts: Dossier) -> Answer:
    """Versions went live by the verdict of a canary."""
    decided = [verdict for each in facts.endpoints for verdict in each.verdicts if verdict.decision != "wait"]
    promoted = [verdict for verdict in decided if verdict.decision == "promote"]
    if not decided:
        return Answer(0, "no canary was ever decided", _endpoint_link(facts))
    story = f"{len(decided)} canaries were decided on paired evidence, {len(promoted)} promoted"
    return Answer(1 if promoted else 0.5, story, _endpoint_link(facts))


def rollback_works(facts: Dossier) -> Answer:
    """A version was rolled back: by a canary's verdict, or by hand."""
    verdicts = [verdict for each in facts.endpoints for verdict in each.verdicts if verdict.decision == "roll_back"]
    by_hand = [change for change in facts.changes if change.because.startswith("rollback from")]
    if verdicts:
        return Answer(1, f"version {verdicts[-1].candidate} was rolled back by its canary", _endpoint_link(facts))
    story = f"{len(by_hand)} rollbacks by hand are on record"
    return Answer(0.5 if by_hand else 0, story, _endpoint_link(facts))


def dependencies_notify(facts: Dossier) -> Answer:
    """Changes of input tables raise alerts, and each table has an owner whom they reach."""
    watched = [table for table in facts.tables if table.spec.watch != "off" and _was_judged(table)]
    alerted = [alert for table in facts.tables for alert in table.alerts]
    ownerless = [table.spec.name for table in facts.tables if not table.spec.owner]
    if not facts.tables or len(watched) < len(facts.tables):
        return Answer(0, f"{len(watched)} of {len(facts.tables)} input tables are watched", _tables_link(facts))
    if not alerted:
        return Answer(0, "every input table is watched, but no alert shows yet that it works", _tables_link(facts))
    story = f"{len(alerted)} alerts told of changes in input tables"
    story += f"; {', '.join(ownerless)} has no owner" if ownerless else ", and each has an owner"
    return Answer(0.5 if ownerless else 1, story, "trivium alerts list")


def invariants_hold(facts: Dossier) -> Answer:
    """Checks judge the inputs of training and what the endpoints were asked."""
    training = bool(facts.tables) and all(_was_judged(table) for table in facts.tables)
    serving = any(each.log is not None and _was_judged(each.log) for each in facts.endpoints)
    names = [name for name, holds in (("training inputs", training), ("served predictions", serving)) if holds]
    story = f"checks judge {' and '.join(names) or 'neither training inputs nor served predictions'}"
    return Answer((training + serving) / 2, story, _tables_link(facts))


def no_skew(facts: Dossier) -> Answer:
    """Evaluated rows sent through the serving path gave the same answers; half for the gate's replay alone."""
    replays = [event for each in facts.endpoints for event in each.events if event.kind == "endpoint.replayed"]
    if replays:
        detail = ", ".join(f"{name} {value}" for name, value in replays[0].detail.items())
        return Answer(
            1 if replays[0].detail.get("equal") else 0,
            f"exam rows were replayed through the endpoint on {replays[0].at:%Y-%m-%d}: {detail}",
            _endpoint_link(facts),
        )
    results = [result for result in (facts.gate.results if facts.gate else ()) if result.check.startswith("replay")]
    passed = bool(results) and results[0].passed
    story = f"the gate replayed the exam: {results[0].message}" if results else "the exam was never replayed"
    return Answer(0.5 if passed else 0, story, _gate_link(facts))


def not_stale(facts: Dossier) -> Answer:
    """A trigger retrained the model on new data; half when people did it more than once."""
    done = [firing for firing in facts.firings if firing.state == "done"]
    made = {version.run for version in facts.versions if version.run}
    now = f"; the inputs of version {facts.model.version} have newer versions" if facts.staleness.stale else ""
    if done:
        return Answer(1, f"{len(done)} retrainings by trigger {done[-1].trigger}{now}", "trivium triggers list")
    story = f"{len(made)} runs made versions, none by a trigger{now}"
    return Answer(0.5 if len(made) > 1 else 0, story, "trivium triggers list")


def numerically_stable(facts: Dossier) -> Answer:
    """Answers are finite numbers: on the whole exam, and watched on what was served."""
    finite = all(np.isfinite(metric.value) for metric in facts.report.metrics) and bool(facts.report.metrics)
    watched = [
        column
        for each in facts.endpoints
        if each.log is not None
        for judgement in each.log.judgements
        for column in judgement.profile.columns
        if column.name == "score"
    ]
    if finite and watched:
        return Answer(
            1, f"{facts.report.rows:,} exam answers are finite, and served scores are profiled", _endpoint_link(facts)
        )
    return Answer(0.5 if finite else 0, f"{facts.report.rows:,} exam answers are finite", _gate_link(facts))


def quick_enough(facts: Dossier) -> Answer:
    """A latency check measured served predictions, day after day."""
    return _monitored(facts, "latency")


def still_good(facts: Dossier) -> Answer:
    """A metric check measured served predictions against the truth that arrived, day after day."""
    return _monitored(facts, "metric")


def _monitored(facts: Dossier, kind: str) -> Answer:
    for each in facts.endpoints:
        wanted = {
            name for check in each.endpoint.spec.checks if check.kind == kind for name in _measured_by(check.arguments)
        }
        days = max((count for name, count in each.watched.items() if name in wanted), default=0)
        if days:
            story = f"{', '.join(sorted(wanted))} of {each.endpoint.name} measured by its checks on {days} days"
            return Answer(1 if days > 1 else 0.5, story, f"trivium endpoints show {each.endpoint.name}")
    return Answer(0, f"no {kind} check of an endpoint has measured served predictions", _endpoint_link(facts))


def _measured_by(arguments: Mapping[str, object]) -> set[str]:
    """Names of the metrics that a check with these arguments measures."""
    return {str(arguments["measure"])} if "measure" in arguments else set(arguments) & set(QUANTILES)


def _was_judged(table: TableFacts) -> bool:
    return any(judgement.results for judgement in table.judgements)


def _share(have: int, of: int) -> float:
    return 0.0 if not have else 1.0 if have == of else 0.5


def _tables_link(facts: Dossier) -> str:
    return f"trivium tables show {facts.tables[0].spec.name}" if facts.tables else "trivium tables list"


def _gate_link(facts: Dossier) -> str:
    return f"trivium models show {facts.model.name} {facts.model.version}"


def _endpoint_link(facts: Dossier) -> str:
    named: list[EndpointFacts] = list(facts.endpoints)
    return f"trivium endpoints show {named[0].endpoint.name}" if named else "trivium endpoints list"
