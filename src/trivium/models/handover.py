"""The handover of a model: what its next owner must know, written from facts in the catalog and nothing else."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

import msgspec

from trivium.models.card import describe_approvals, describe_evaluation, describe_gate, describe_inputs, describe_model
from trivium.models.dossier import Dossier, EndpointFacts, TableFacts, read_dossier
from trivium.models.markdown import Lines, bullets, heading, line, moment, table
from trivium.store.store import Store
from trivium.values.alerts import Alert
from trivium.values.endpoints import Route
from trivium.values.tables import Commit

NEWEST = 20


def write_handover(store: Store, name: str) -> str:
    """The handover of a model as Markdown, of its champion (or its newest version). Raises NotFound."""
    facts = read_dossier(store, name)
    sections = {
        "Purpose": [*describe_model(facts), "", *describe_owners(facts)],
        "Data": describe_tables(facts),
        "Pipeline": describe_pipeline(facts),
        "How it was trained": describe_training(facts),
        "What goes in": describe_inputs(facts),
        "How good it is": describe_evaluation(facts),
        "Gate and approvals": [*describe_gate(facts.gate), *describe_approvals(facts)],
        "What was live when": describe_history(facts),
        "Endpoints": describe_endpoints(facts),
        "Incidents": describe_incidents(facts),
        "Open alerts": describe_open_alerts(facts),
        "What breaks if it stops": describe_dependents(facts),
        "The five usual jobs": describe_jobs(facts),
    }
    lines = [f"# Handover: {name}", "", (f"Written from the catalog on {moment(store.clock())} UTC, about version "
             f"{facts.model.version} of {len(facts.versions)}.")]  # fmt: skip
    for title, body in sections.items():
        lines += [*heading(title), *body]
    return "\n".join(lines) + "\n"


def describe_owners(facts: Dossier) -> Lines:
    """Who answers for which part."""
    rows = [("model", facts.model.name, facts.model.author)]
    rows += [("table", each.spec.name, each.spec.owner or "nobody") for each in facts.tables]
    rows += [("endpoint", each.endpoint.name, each.endpoint.spec.owner or "nobody") for each in facts.endpoints]
    return table(("", "name", "owner"), rows)


def describe_tables(facts: Dossier) -> Lines:
    """Every table that training read: version, checks, and how its alerts turned out."""
    lines: Lines = []
    read = {each.table: each.version for each in facts.run.inputs} if facts.run else {}
    for each in facts.tables:
        lines += [*heading(each.spec.name, 3), *describe_table(each, read.get(each.spec.name))]
    if not lines:
        return ["No run is on record for this version, so what it read is not known."]
    return [*lines, "", *heading("Where it comes from", 3), *describe_origins(facts)]


def describe_origins(facts: Dossier) -> Lines:
    """Every table version behind the model, nearest first, and the newest run of those that wrote it."""
    wrote = [edge for edge in facts.origins.edges if edge.how in ("wrote", "logs")]
    items = []
    for node in facts.origins.nodes:
        if node.kind == "table":
            writers = [f"{edge.source.kind} {edge.source.name}" for edge in wrote if edge.target == node]
            more = f" and {len(writers) - 1} before it" if len(writers) > 1 else ""
            version = f" version {node.version}" if node.version is not None else ""
            items.append(f"{node.name}{version}, written by {writers[0] if writers else 'hand'}{more}")
    lines = bullets(items, empty="Nothing is on record.")
    return lines if not facts.origins.cut else [*lines, "", "There is more: `trivium lineage show` tells all of it."]


def describe_table(facts: TableFacts, version: int | None) -> Lines:
    """One table: declaration, newest version, checks and alert history."""
    spec, newest = facts.spec, facts.newest
    state = f"now at version {newest.version} ({newest.state}, {newest.rows:,} rows)" if newest else "nothing published"
    by_time = f"partitions of {spec.every} by `{spec.time}`" if spec.time else "one partition"
    checks = [(check.name, check.kind, check.severity, check.owner or spec.owner) for check in spec.checks]
    verdicts = [alert.verdict for alert in facts.alerts]
    history = (
        f"Alerts so far: {len(facts.alerts)}, of which {verdicts.count('true_alarm')} confirmed, "
        f"{verdicts.count('false_alarm')} dismissed as false, "
        f"{sum(each.state == 'open' for each in facts.alerts)} open."
    )
    return [
        *([spec.description, ""] if spec.description else []),
        (
            f"Key {', '.join(spec.key) or 'none'}; {by_time}; read at version {version}, {state}. "
            f"Learned expectations: {spec.watch}."
        ),
        "",
        *table(("check", "kind", "severity", "owner"), checks, empty="No check is declared on it."),
        "",
        history,
    ]


def describe_pipeline(facts: Dossier) -> Lines:
    """The graph of the run that made the version, and what starts the pipeline."""
    if facts.run is None:
        return ["No run made this version."]
    triggers = [
        f"`{spec.name}`: on {spec.event} of {spec.subject}{f', every {spec.every} of event time' if spec.every else ''}"
        f"{' (paused)' if spec.paused else ''}"
        for spec in facts.triggers
    ]
    started = bullets(triggers, empty="No trigger starts it: it runs when somebody runs it.")
    return ["```mermaid", *draw_graph(facts), "```", "", *started]


def draw_graph(facts: Dossier) -> Iterator[str]:
    """The tasks of the run as a Mermaid graph, tables as cylinders."""
    yield "graph LR"
    numbers = {task.node: f"n{number}" for number, task in enumerate(facts.tasks)}
    tables = {
        name: f"t{number}" for number, name in enumerate(sorted({n for each in facts.reads.values() for n in each}))
    }
    for name, place in tables.items():
        yield f'    {place}[("{name}")]'
    for task in facts.tasks:
        yield f'    {numbers[task.node]}["{line(task.node).replace(chr(34), "")}"]'
        yield from (f"    {tables[name]} --> {numbers[task.node]}" for name in dict.fromkeys(facts.reads[task.node]))
        yield from (f"    {numbers[node]} --> {numbers[task.node]}" for node in task.upstream if node in numbers)


def describe_training(facts: Dossier) -> Lines:
    """Run, parameters, code and environment."""
    run = facts.run
    if run is None:
        return ["No run made this version."]
    commit = f"commit {run.code.git_commit[:12]}" if run.code.git_commit else "in no commit"
    packages = facts.environment.packages if facts.environment else {}
    shown = ", ".join(f"{name} {version}" for name, version in sorted(facts.manifest.packages.items()))
    return bullets(
        [
            f"Run {run.id} of `{run.pipeline}`, {run.status}, started {moment(run.started_at)} UTC by {run.actor}"
            + (f" through trigger {run.trigger}" if run.trigger else ""),
            "Parameters: " + (", ".join(f"{name} = {value!r}" for name, value in run.parameters.items()) or "none"),
            "Data: " + (", ".join(f"{each.table} version {each.version}" for each in run.inputs) or "no table"),
            f"Code: {run.code.digest[:12]} from {run.code.file or 'an unknown file'}, {commit}"
            + (", changed since" if run.code.dirty else ""),
            f"Environment: {run.environment[:12]}, Python {facts.manifest.python}, {len(packages)} packages; {shown}",
            (
                f"The pipeline has run {len(facts.runs)} times; "
                f"{sum(each.status == 'succeeded' for each in facts.runs)} succeeded."
            ),
        ]
    )


def describe_history(facts: Dossier) -> Lines:
    """Every change of the champion and the other aliases."""
    rows = [(moment(c.changed_at), c.alias, c.version, c.actor, c.because) for c in facts.changes]
    return table(("when (UTC)", "alias", "version", "by", "because"), rows, empty="No version was ever live.")


def describe_endpoints(facts: Dossier) -> Lines:
    """Every endpoint: state, routes, lookups, checks, traffic and verdicts."""
    lines: Lines = []
    for each in facts.endpoints:
        lines += [*heading(each.endpoint.name, 3), *describe_endpoint(each)]
    return lines or ["No endpoint serves this model."]


def describe_endpoint(facts: EndpointFacts) -> Lines:
    """One endpoint."""
    endpoint, spec = facts.endpoint, facts.endpoint.spec
    truth = f"`{spec.labels.expression}` of {spec.labels.table}" if spec.labels else "not declared"
    log = facts.log.newest if facts.log else None
    traffic = f"{log.rows:,} predictions in {spec.log} version {log.version}" if log else "no predictions yet"
    verdicts = [
        (moment(each.decided_at), each.candidate, each.champion, each.decision, each.because) for each in facts.verdicts
    ]
    changes = [
        (moment(event.at), event.actor, event.detail.get("because", ""))
        for event in reversed(facts.events)
        if event.kind == "endpoint.routed"
    ]
    return [
        *bullets(
            [
                (f"{endpoint.state}{f' at {endpoint.url}' if endpoint.url else ''}, "
                f"deployed {moment(endpoint.deployed_at)} UTC"),
                f"Routes: {', '.join(map(describe_route, endpoint.routes))}",
                f"Key `{spec.key}`, time `{spec.time}`",
                f"What a request lacks is looked up in {', '.join(spec.lookups) or 'no table'}",
                f"Traffic: {traffic}; truth: {truth}",
                "Checks: " + (", ".join(check.name for check in spec.checks) or "none"),
            ]
        ),
        "",
        *table(("decided (UTC)", "candidate", "champion", "verdict", "because"), verdicts, empty="No canary yet."),
        "",
        *table(("traffic changed (UTC)", "by", "because"), changes, empty="Its traffic was never changed."),
    ]  # fmt: skip


def describe_route(route: Route) -> str:
    """A version and its part of the traffic."""
    return f"version {route.version} as {route.role}" + (f" ({route.share:.0%})" if route.role == "canary" else "")


def describe_incidents(facts: Dossier) -> Lines:
    """Quarantined commits and alerts of the past, newest first, with what ended them."""
    logs = [each.log for each in facts.endpoints if each.log is not None]
    found = [
        (commit.committed_at, _commit_story(commit, each))
        for each in (*facts.tables, *logs)
        for commit in each.commits
        if commit.state in ("quarantined", "discarded")
    ]
    found += [(alert.opened_at, _alert_story(alert)) for each in (*facts.tables, *logs) for alert in each.alerts]
    rows = [(moment(at), *story) for at, story in sorted(found, key=lambda each: each[0], reverse=True)]
    more = ["", f"… and {len(rows) - NEWEST} more: `trivium alerts list`."] if len(rows) > NEWEST else []
    return [
        *table(("when (UTC)", "where", "what", "ended by"), rows[:NEWEST], empty="No incident is on record."),
        *more,
    ]


def _commit_story(commit: Commit, facts: TableFacts) -> tuple[str, str, str]:
    what = f"commit {commit.id} of {commit.rows:,} rows was kept aside"
    ended = "discarded" if commit.state == "discarded" else "still waiting"
    for later in facts.commits:
        if later.version is not None and later.id > commit.id and set(later.partitions) >= set(commit.partitions):
            ended = f"committed again as version {later.version} ({later.state}) on {moment(later.committed_at)}"
    return f"{commit.table} {', '.join(commit.partitions)}", what, ended


def _alert_story(alert: Alert) -> tuple[str, str, str]:
    ended = alert.resolved_because or ("still open" if alert.state == "open" else "")
    verdict = f" ({alert.verdict.replace('_', ' ')} says {alert.verdict_by})" if alert.verdict else ""
    return f"{alert.table} {alert.partition}", alert.message, ended + verdict


def describe_open_alerts(facts: Dossier) -> Lines:
    """What needs an answer now."""
    logs = [each.log for each in facts.endpoints if each.log is not None]
    waiting = [alert for each in (*facts.tables, *logs) for alert in each.alerts if alert.state == "open"]
    rows = [(a.id, a.table, a.column, a.partition, a.severity, a.message) for a in waiting]
    return table(("alert", "table", "column", "partition", "severity", "message"), rows, empty="None is open.")


def describe_dependents(facts: Dossier) -> Lines:
    """Who would notice: endpoints with their newest traffic, and the tables that would no longer grow."""
    items = []
    for each in facts.endpoints:
        newest = each.log.newest if each.log else None
        busy = f"; its newest commit has {sum(file.rows for file in newest.added):,} predictions" if newest else ""
        items.append(f"Endpoint {each.endpoint.name} ({each.endpoint.state}) answers with this model{busy}.")
        items.append(f"Table {each.endpoint.spec.log} would no longer grow.") if newest else None
    items += [f"Trigger {spec.name} would no longer retrain it." for spec in facts.triggers]
    items += describe_uses(facts)
    return bullets(items, empty="Nothing in the catalog uses it.")


def describe_uses(facts: Dossier) -> list[str]:
    """What came of the model's answers beyond its endpoints: runs that opened it, tables and models made of them."""
    known = {each.endpoint.spec.log for each in facts.endpoints}
    told = {
        "run": "Run {0} opened it, or read what it answered.",
        "table": "Table {0} has rows that came of it.",
        "model": "Model {0} learnt from rows that came of it.",
    }
    nodes = [each for each in facts.uses.nodes if each.kind in told and each.name not in (*known, facts.model.name)]
    return list(dict.fromkeys(told[node.kind].format(node.name) for node in nodes))[:NEWEST]


def describe_jobs(facts: Dossier) -> Lines:
    """The exact commands of what its owner does most."""
    name, newest = facts.model.name, facts.versions[-1].version
    door = facts.endpoints[0].endpoint.name if facts.endpoints else None
    jobs = {
        "Retrain it": list(_retrain_commands(facts)),
        "Answer an alert": [
            "trivium alerts list",
            "trivium alerts show ALERT",
            "trivium alerts confirm ALERT --because '...'",
            "trivium alerts dismiss ALERT --because '...'",
        ],
        "Settle data that was kept aside": [
            *(f"trivium tables log {each.spec.name}" for each in facts.tables),
            "trivium tables release COMMIT --because '...'",
            "trivium tables discard COMMIT --because '...'",
        ],
        "Release a new version": [
            f"trivium models gate {name} {newest}",
            f"trivium models diff {name} {facts.model.version} {newest}",
            f"trivium models approve {name} {newest} --because '...'",
            f"trivium models promote {name} {newest} --because '...'",
        ],
        "Go back to the version before": [
            f"trivium models rollback {name} --because '...'",
            *([f"trivium endpoints rollback {door} --because '...'"] if door else []),
        ],
    }
    lines: Lines = []
    for number, (title, commands) in enumerate(jobs.items(), 1):
        lines += [f"{number}. {title}:", "", "   ```", *(f"   {command}" for command in commands), "   ```", ""]
    return lines[:-1]


def _retrain_commands(facts: Dossier) -> Iterator[str]:
    if facts.run is None:
        yield f"trivium models show {facts.model.name}"
        return
    parameters = "".join(
        f" --set {shlex.quote(f'{key}={_text_of(value)}')}" for key, value in facts.run.parameters.items()
    )
    yield f"trivium run {facts.run.pipeline} --plan{parameters}"
    yield f"trivium run {facts.run.pipeline}{parameters}"


def _text_of(value: Any) -> str:
    """A parameter as `--set` reads it."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
