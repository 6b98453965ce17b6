"""Registration: the model has a version, its evaluation is in a table, and its gate is judged."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import polars as pl

from trivium.checks.metric import refuse_off_table
from trivium.checks.predictions import judge_exam
from trivium.errors import Misuse
from trivium.ids import checked_name
from trivium.models.gate import judge_gate
from trivium.models.package import Model
from trivium.models.report import overall, read_exam, store_report
from trivium.pipelines.context import current_task
from trivium.pipelines.task import task
from trivium.store.store import Store, current_store
from trivium.tables.commit import commit_rows
from trivium.values.models import Metric, ModelVersion, Report
from trivium.values.splits import Examined
from trivium.values.tables import CheckSpec, TableSpec

SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "version": pl.Int64,
    "run": pl.String,
    "answers": pl.String,
    "metric": pl.String,
    "slice": pl.String,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "rows": pl.Int64,
    "registered_at": pl.Datetime("us", "UTC"),
}


@task
def register(
    name: str, model: Model, report: Report, *, gate: Sequence[CheckSpec] = (), description: str = ""
) -> ModelVersion:
    """The model is the next version of `name`, with its gate declared, judged and on record.

    The same model with the same evaluation and gate is the same version, however often it is registered.
    gate: checks by `metric(...)` that the release has to pass, beyond those of every model.

    Raises Misuse when the report is of another model, or a check of the gate cannot be judged on its rows.
    """
    context = current_task()
    store = context.store if context else current_store()
    artifact = model.save(store.blobs).digest
    _check_request(store, artifact, report, gate)
    declared = msgspec.structs.replace(report, facts={**report.facts, "gate": msgspec.to_builtins(tuple(gate))})
    version = store.catalog.models.register(
        ModelVersion(
            name=checked_name(name, "model"),
            version=0,
            artifact=artifact,
            report=store_report(store.blobs, declared),
            run=context.run if context else None,
            author=store.actor,
            registered_at=store.clock(),
            signature=model.signature,
            metrics=overall(report.metrics),
            description=description,
        )
    )
    append_evaluation(store, version, report)
    record_examined(store, version, report)
    if store.catalog.models.find_gate(name, version.version) is None:
        judge_gate(store, name, version.version)
    # Aliases and score change later; a step that runs again has to return what it returned.
    return msgspec.structs.replace(version, aliases=(), score=None)


def evaluations_of(name: str) -> TableSpec:
    """The table of every version's metrics."""
    return TableSpec(
        name=f"{name}_evaluations",
        key=("version", "answers", "metric", "slice"),
        time="registered_at",
        watch="off",
        description=f"Metrics of every registered version of {name}, by slice, beside the simple baseline.",
    )


def append_evaluation(store: Store, version: ModelVersion, report: Report) -> None:
    """The version's metrics are rows of the evaluation table, once."""
    rows = [_row(version, "model", metric) for metric in report.metrics]
    rows += [_row(version, "baseline", metric) for metric in report.baseline]
    spec = evaluations_of(version.name)
    key = f"{version.name}/{version.version}"
    commit_rows(store, spec, pl.DataFrame(rows, schema=SCHEMA), idempotency_key=key, run=version.run)


def record_examined(store: Store, version: ModelVersion, report: Report) -> None:
    """The version is listed with the validation set whose rows it was evaluated on; see `trivium splits`."""
    exam = report.facts.get("exam")
    if isinstance(exam, str):
        store.catalog.splits.record_examined(Examined(exam, version.name, version.version, version.registered_at))


def _row(version: ModelVersion, answers: str, metric: Metric) -> dict[str, object]:
    return {
        "version": version.version, "run": version.run, "answers": answers, "metric": metric.name,
        "slice": metric.slice, "value": metric.value, "low": metric.low, "high": metric.high, "rows": metric.rows,
        "registered_at": version.registered_at,
    }  # fmt: skip


def _check_request(store: Store, artifact: str, report: Report, gate: Sequence[CheckSpec]) -> None:
    if report.model != artifact:
        raise Misuse(
            f"The report is of model {report.model[:12]}, not of {artifact[:12]}: evaluate the model that you register."
        )
    exam = read_exam(store.blobs, report).head(1)
    for spec in gate:
        refuse_off_table(spec, kinds=("metric",))
        judge_exam(spec, exam, partition="trial")
