"""Everything that the catalog knows of a model, read once: what score, card and handover are written from."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import polars as pl
from msgspec import Struct

from trivium.errors import NotFound
from trivium.lineage.staleness import model_staleness
from trivium.lineage.walk import downstream, upstream
from trivium.models.manifest import Manifest
from trivium.models.package import read_manifest
from trivium.models.report import get_report
from trivium.store.store import Store
from trivium.tables.read import read_version
from trivium.values.alerts import Alert, Judgement
from trivium.values.endpoints import Endpoint, Verdict
from trivium.values.events import Event, Firing, TriggerSpec
from trivium.values.lineage import Node, Walk
from trivium.values.models import AliasChange, Approval, Evidence, Gate, ModelVersion, Report
from trivium.values.runs import Environment, Run, TaskRun
from trivium.values.staleness import FRESH, Staleness
from trivium.values.tables import Commit, TableSpec

MOST = 1000


class TableFacts(Struct, frozen=True):
    """One table: its declaration, its newest commits (newest first), what the checks said last, and its alerts."""

    spec: TableSpec
    commits: tuple[Commit, ...]
    judgements: tuple[Judgement, ...]
    alerts: tuple[Alert, ...]

    @property
    def newest(self) -> Commit | None:
        """The newest published commit, or None."""
        return next((commit for commit in self.commits if commit.version is not None), None)


class EndpointFacts(Struct, frozen=True):
    """One endpoint of the model: its state, verdicts, events (newest first), and prediction log, when it has one.

    watched: {metric: days on which the endpoint's checks measured it}.
    """

    endpoint: Endpoint
    verdicts: tuple[Verdict, ...]
    events: tuple[Event, ...]
    log: TableFacts | None
    watched: dict[str, int]


class Dossier(Struct, frozen=True):
    """All facts of one model version and its surroundings. Lists of times past are oldest first.

    gates: the newest gate of each version. producers: executions that made this very artefact. reads: names of the
    tables that each node of the run read. origins: what this version comes from. uses: what any version went into.
    staleness: which inputs of this version have newer versions.
    """

    model: ModelVersion
    manifest: Manifest
    report: Report
    versions: tuple[ModelVersion, ...]
    gates: dict[int, Gate]
    approvals: dict[int, tuple[Approval, ...]]
    changes: tuple[AliasChange, ...]
    evidence: tuple[Evidence, ...]
    run: Run | None
    tasks: tuple[TaskRun, ...]
    reads: dict[str, tuple[str, ...]]
    environment: Environment | None
    runs: tuple[Run, ...]
    producers: tuple[TaskRun, ...]
    tables: tuple[TableFacts, ...]
    triggers: tuple[TriggerSpec, ...]
    firings: tuple[Firing, ...]
    endpoints: tuple[EndpointFacts, ...]
    origins: Walk
    uses: Walk
    staleness: Staleness = FRESH

    @property
    def gate(self) -> Gate | None:
        """The newest gate of this version, or None."""
        return self.gates.get(self.model.version)


def read_dossier(store: Store, name: str, version: int | str | None = None) -> Dossier:
    """The facts of a version (number or alias; None: the champion, or the newest one). Raises NotFound."""
    models = store.catalog.models
    model = models.get_model(name, version if version is not None else _live(store, name))
    versions = tuple(reversed(models.list_versions(name)))
    gates = {each.version: models.find_gate(name, each.version) for each in versions}
    run = store.catalog.runs.get_run(model.run) if model.run else None
    tasks = tuple(store.catalog.runs.list_tasks(run.id, items=False)) if run else ()
    triggers = _triggers(store, run)
    return Dossier(
        model=model,
        manifest=read_manifest(store.blobs, model.artifact),
        report=get_report(store, model),
        versions=versions,
        gates={number: gate for number, gate in gates.items() if gate is not None},
        approvals={each.version: tuple(models.list_approvals(name, each.version)) for each in versions},
        changes=tuple(models.list_alias_changes(name)),
        evidence=tuple(models.list_evidence(name)),
        run=run,
        tasks=tasks,
        reads={task.node: _tables_read(store, task) for task in tasks},
        environment=_environment(store, run),
        runs=tuple(reversed(store.catalog.runs.list_runs(pipeline=run.pipeline, limit=MOST))) if run else (),
        producers=tuple(store.catalog.runs.find_producers(model.artifact)),
        tables=tuple(read_table(store, each.table) for each in run.inputs) if run else (),
        triggers=triggers,
        firings=tuple(_firings(store, triggers)),
        endpoints=tuple(_endpoints(store, name)),
        origins=upstream(store.catalog, Node("model", name, model.version), limit=MOST),
        uses=downstream(store.catalog, Node("model", name), limit=MOST),
        staleness=model_staleness(store.catalog, model),
    )


def read_table(store: Store, name: str) -> TableFacts:
    """The facts of one table."""
    commits = tuple(store.catalog.tables.list_commits(name, limit=MOST))
    return TableFacts(
        spec=store.catalog.tables.get_spec(name),
        commits=commits,
        judgements=tuple(store.catalog.tables.judgements(commits[0].id)) if commits else (),
        alerts=tuple(reversed(store.catalog.alerts.list_alerts(table=name, limit=MOST))),
    )


def _tables_read(store: Store, task: TaskRun) -> tuple[str, ...]:
    """Names of the tables among the inputs that the task's cache key was made of."""
    if not task.parts or not store.blobs.has(task.parts):
        return ()
    inputs = msgspec.json.decode(store.blobs.get(task.parts)).get("inputs", {})
    return tuple(str(each["shown"]).split()[0] for each in inputs.values() if each.get("kind") == "table")


def _live(store: Store, name: str) -> str | None:
    try:
        store.catalog.models.get_model(name, "champion")
    except NotFound:
        return None
    return "champion"


def _environment(store: Store, run: Run | None) -> Environment | None:
    if run is None:
        return None
    try:
        return store.catalog.runs.get_environment(run.environment)
    except NotFound:
        return None


def _triggers(store: Store, run: Run | None) -> tuple[TriggerSpec, ...]:
    if run is None:
        return ()
    return tuple(spec for spec in store.catalog.triggers.list_triggers() if spec.target == run.pipeline)


def _firings(store: Store, triggers: Sequence[TriggerSpec]) -> list[Firing]:
    firings = [each for spec in triggers for each in store.catalog.triggers.list_firings(trigger=spec.name, limit=MOST)]
    return sorted(firings, key=lambda firing: firing.id)


def _endpoints(store: Store, name: str) -> list[EndpointFacts]:
    found = []
    for endpoint in store.catalog.endpoints.list_endpoints():
        if endpoint.spec.model == name:
            has_log = store.catalog.tables.find_spec(endpoint.spec.log) is not None
            found.append(
                EndpointFacts(
                    endpoint=endpoint,
                    verdicts=tuple(store.catalog.endpoints.list_verdicts(endpoint.name)),
                    events=tuple(store.catalog.events.list_newest(subject=endpoint.name, limit=MOST)),
                    log=read_table(store, endpoint.spec.log) if has_log else None,
                    watched=_watched(store, endpoint.name),
                )
            )
    return found


def _watched(store: Store, endpoint: str) -> dict[str, int]:
    """What watching the endpoint has put into its table of online metrics."""
    name = f"{endpoint}_metrics"
    if store.catalog.tables.find_version(name) is None:
        return {}
    rows = read_version(store, name).group_by("metric").agg(pl.col("partition").n_unique()).sort("metric").collect()
    return dict(rows.iter_rows())
