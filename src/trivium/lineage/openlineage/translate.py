"""The catalog's events as OpenLineage messages. What an event leaves open is looked up: facts do not change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import quote

from trivium.errors import NotFound
from trivium.lineage.openlineage.datasets import (
    model_input,
    model_output,
    namespace_of,
    table_input,
    table_name_only,
    table_output,
)
from trivium.lineage.openlineage.message import (
    EventType,
    Facets,
    InputPart,
    JobMessage,
    JobPart,
    Message,
    OutputPart,
    RunMessage,
    RunPart,
    facet,
    moment,
    own_version,
    uuid_of,
)
from trivium.store.store import Store
from trivium.values.endpoints import Endpoint
from trivium.values.events import Event
from trivium.values.lineage import Read, Write
from trivium.values.runs import Run, TaskRun

MOST = 200  # datasets of one run
ENDED: dict[str, EventType] = {"run.succeeded": "COMPLETE", "run.failed": "FAIL", "run.refused": "ABORT"}
STARTED: dict[str, EventType] = {"run.started": "START", "run.resumed": "RUNNING"}


def translate(store: Store, event: Event) -> Iterator[Message]:
    """The messages of one event; none for an event that moves no data.

    A run's start names what it pinned, its end everything that it read and wrote, after its tasks, each a run with the
    pipeline's as its parent. A commit or a registration by hand is a run of its own; an endpoint is a job.
    """
    translator = Translator(store, namespace_of(store.settings), event)
    if event.kind in STARTED or event.kind in ENDED:
        yield from translator.run_messages()
    elif event.kind in ("table.committed", "table.released"):
        yield from translator.commit_messages()
    elif event.kind == "model.registered" and event.detail.get("run") is None:
        yield from translator.model_messages()
    elif event.kind in ("endpoint.deployed", "endpoint.routed", "endpoint.changed"):
        yield from translator.endpoint_messages()


@dataclass(frozen=True)
class Translator:
    """One event being translated."""

    store: Store
    namespace: str
    event: Event

    def run_messages(self) -> Iterator[Message]:
        """Of a pipeline's run: its start, or its tasks and its end."""
        run = self.store.catalog.runs.get_run(self.event.subject)
        reads = self.store.catalog.lineage.reads_of(run.id)
        if self.event.kind in STARTED:
            pinned = [read for read in reads if not read.node]
            yield self._of_run(run, STARTED[self.event.kind], inputs=self._inputs(pinned))
            return
        yield from self._tasks(run, reads)
        yield self._of_run(
            run, ENDED[self.event.kind], inputs=self._inputs(reads), outputs=self._outputs(run, reads),
            facets=self._failure(self.event.detail.get("error")),
        )  # fmt: skip

    def commit_messages(self) -> Iterator[Message]:
        """Of a version that no run wrote, or that a person released later."""
        detail = self.event.detail
        if detail.get("run") is not None and self.event.kind == "table.committed":
            return
        commit = self.store.catalog.tables.find_version(self.event.subject, detail["version"])
        if commit is None or commit.version is None:
            return
        verb = "release" if self.event.kind == "table.released" else commit.operation
        write = Write(commit.table, commit.version, commit.operation, None, commit.actor, commit.committed_at)
        output = table_output(self.store.catalog, self.namespace, write)
        yield from self._by_hand(f"{commit.table}.{verb}", commit.id, output)

    def model_messages(self) -> Iterator[Message]:
        """Of a model that was registered outside of a run."""
        model = self.store.catalog.models.get_model(self.event.subject, self.event.detail["version"])
        name = f"{model.name}.register"
        yield from self._by_hand(name, str(self.event.seq), model_output(self.store.catalog, self.namespace, model))

    def endpoint_messages(self) -> Iterator[Message]:
        """Of an endpoint: what it answers with, what it looks up, and where it logs."""
        endpoint = self.store.catalog.endpoints.find_endpoint(self.event.subject)
        if endpoint is not None:
            job = JobPart(self.namespace, f"endpoints/{endpoint.name}", _job_type("SERVICE", "ENDPOINT"))
            outputs = (table_name_only(self.namespace, endpoint.spec.log),)
            yield JobMessage(moment(self.event.at), job, tuple(self._served(endpoint)), outputs)

    def _tasks(self, run: Run, reads: list[Read]) -> Iterator[Message]:
        """Tasks that were executed in this run: a cached one did nothing here."""
        for task in self.store.catalog.runs.list_tasks(run.id):
            if task.status not in ("executed", "failed") or task.ended_at is None:
                continue
            mine = self._inputs([read for read in reads if read.node == task.node])
            yield self._of_task(run, task, "START", moment(task.started_at), ())
            yield self._of_task(
                run, task, "COMPLETE" if task.status == "executed" else "FAIL", moment(task.ended_at), mine
            )

    def _of_run(
        self,
        run: Run,
        kind: EventType,
        *,
        inputs: tuple[InputPart, ...] = (),
        outputs: tuple[OutputPart, ...] = (),
        facets: Facets | None = None,
    ) -> RunMessage:
        job = JobPart(self.namespace, run.pipeline, {**_job_type("BATCH", "PIPELINE"), **_source(run)})
        part = RunPart(uuid_of(self.namespace, run.id), {**_engine(), **(facets or {})})
        return RunMessage(kind, moment(self.event.at), part, job, inputs, outputs)

    def _of_task(self, run: Run, task: TaskRun, kind: EventType, at: str, inputs: tuple[InputPart, ...]) -> RunMessage:
        parent = facet(
            "parent",
            run={"runId": uuid_of(self.namespace, run.id)},
            job={"namespace": self.namespace, "name": run.pipeline},
        )
        failure = self._failure(task.error) if kind == "FAIL" else {}
        part = RunPart(uuid_of(self.namespace, run.id, task.node), {**_engine(), **parent, **failure})
        job = JobPart(self.namespace, f"{run.pipeline}.{task.node}", {**_job_type("BATCH", "TASK"), **_source(run)})
        return RunMessage(kind, at, part, job, inputs)

    def _by_hand(self, job: str, id_: str, output: OutputPart) -> Iterator[RunMessage]:
        part = RunPart(uuid_of(self.namespace, job, id_), _engine())
        named = JobPart(self.namespace, job, _job_type("BATCH", "COMMAND"))
        yield RunMessage("START", moment(self.event.at), part, named)
        yield RunMessage("COMPLETE", moment(self.event.at), part, named, (), (output,))

    def _inputs(self, reads: list[Read]) -> tuple[InputPart, ...]:
        """What was read, each version once. A blob that is no model is a matter of the run alone."""
        found: dict[tuple[str, int], InputPart] = {}
        for (kind, name, version), _ in groupby(
            reads[: 4 * MOST], key=lambda read: (read.kind, read.name, read.version)
        ):
            if kind == "table":
                found[name, version] = table_input(self.store.catalog, self.namespace, name, version)
                continue
            for model in self.store.catalog.lineage.models_of_blob(name):
                found[f"model {model.name}", model.version] = model_input(self.namespace, model)
        return tuple(found.values())[:MOST]

    def _outputs(self, run: Run, reads: list[Read]) -> tuple[OutputPart, ...]:
        catalog = self.store.catalog
        tables = [
            table_output(catalog, self.namespace, each) for each in catalog.lineage.writes_of((run.id,), limit=MOST)
        ]
        models = [each for each in catalog.lineage.models_of((run.id,)) if each.run == run.id]
        return (*tables, *(model_output(catalog, self.namespace, model, reads) for model in models[:MOST]))

    def _served(self, endpoint: Endpoint) -> Iterator[InputPart]:
        for route in endpoint.routes:
            try:
                yield model_input(
                    self.namespace, self.store.catalog.models.get_model(endpoint.spec.model, route.version)
                )
            except NotFound:
                continue
        labels = [endpoint.spec.labels.table] if endpoint.spec.labels is not None else []
        for table in dict.fromkeys((*endpoint.spec.lookups, *labels)):
            yield table_input(self.store.catalog, self.namespace, table)

    def _failure(self, error: object) -> Facets:
        return facet("errorMessage", message=str(error), programmingLanguage="PYTHON") if error else {}


def _engine() -> Facets:
    return facet("processing_engine", version=own_version(), name="trivium")


def _job_type(processing: str, kind: str) -> Facets:
    return facet("jobType", processingType=processing, integration="TRIVIUM", jobType=kind)


def _source(run: Run) -> Facets:
    """Where the code is, when it is in a git repository; the address of the repository is not known here."""
    code = run.code
    if not code.file or code.git_commit is None:
        return {}
    return facet(
        "sourceCodeLocation", type="git", url=f"file:{quote(code.file)}", path=code.file, version=code.git_commit
    )
