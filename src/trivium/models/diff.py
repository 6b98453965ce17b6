"""What differs between two versions of a model."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from trivium.errors import NotFound
from trivium.models.report import get_report, read_exam
from trivium.store.store import Store
from trivium.values.models import Metric, ModelVersion, Report
from trivium.values.runs import Run
from trivium.values.tables import Column


class MetricChange(Struct, frozen=True):
    """A metric on a slice ("" is all rows) of both versions, each measured on its own exam; None where one has none."""

    name: str
    slice: str
    before: float | None
    after: float | None
    delta: float | None


class ModelDiff(Struct, frozen=True):
    """From version `old` to version `new`. `same_exam`: both were measured on the same rows, as
    far as they are still kept.

    parameters and inputs (table versions) are of the runs that made them, only those that differ.
    """

    name: str
    old: int
    new: int
    same_exam: bool
    metrics: tuple[MetricChange, ...]
    parameters: dict[str, tuple[Any, Any]]
    inputs: dict[str, tuple[int | None, int | None]]
    columns_added: tuple[Column, ...]
    columns_removed: tuple[Column, ...]


def diff_models(store: Store, name: str, old: int | str, new: int | str | None = None) -> ModelDiff:
    """How version `new` (number or alias; None: the newest) differs from version `old`. Raises NotFound."""
    before, after = store.catalog.models.get_model(name, old), store.catalog.models.get_model(name, new)
    had, has = get_report(store, before), get_report(store, after)
    ran, runs = _run(store, before), _run(store, after)
    return ModelDiff(
        name=name,
        old=before.version,
        new=after.version,
        same_exam=_same_exam(store, had, has),
        metrics=_metrics(had.metrics, has.metrics),
        parameters=_changed(ran.parameters if ran else {}, runs.parameters if runs else {}),
        inputs=_changed(_versions(ran), _versions(runs)),
        columns_added=tuple(column for column in after.signature if column not in before.signature),
        columns_removed=tuple(column for column in before.signature if column not in after.signature),
    )


def _metrics(before: tuple[Metric, ...], after: tuple[Metric, ...]) -> tuple[MetricChange, ...]:
    was, now = ({(each.name, each.slice): each.value for each in metrics} for metrics in (before, after))
    return tuple(_change(*key, was.get(key), now.get(key)) for key in dict.fromkeys([*was, *now]))


def _change(name: str, part: str, before: float | None, after: float | None) -> MetricChange:
    delta = None if before is None or after is None else after - before
    return MetricChange(name, part, before, after, delta)


def _changed(before: dict[str, Any], after: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    names = dict.fromkeys([*before, *after])
    return {name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)}


def _same_exam(store: Store, had: Report, has: Report) -> bool:
    """Whether both were asked the same rows; of rows that were erased since, their digest tells."""
    if had.rows_digest == has.rows_digest:
        return True
    try:
        before, after = (read_exam(store.blobs, each).drop("score", "baseline", strict=False) for each in (had, has))
    except NotFound:
        return False
    return before.equals(after)


def _run(store: Store, model: ModelVersion) -> Run | None:
    return None if model.run is None else store.catalog.runs.get_run(model.run)


def _versions(run: Run | None) -> dict[str, int]:
    return {read.table: read.version for read in run.inputs} if run else {}
