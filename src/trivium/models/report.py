"""An evaluation as it is stored: its rows, so that anyone can put the same questions again, and the report of it."""

from __future__ import annotations

import io
from collections.abc import Sequence

import msgspec
import numpy as np
import polars as pl

from trivium.checks.measures import as_floats, find_measure
from trivium.digest import canonical_json
from trivium.errors import CorruptObject, NotFound, SchemaMismatch
from trivium.models.package import Model
from trivium.store.blobs import Blobs
from trivium.store.store import Store
from trivium.values.models import Metric, ModelVersion, Report
from trivium.values.tables import CheckSpec

LEAST_SLICE = 30
MOST_SLICES = 30


def store_exam(blobs: Blobs, rows: pl.DataFrame) -> str:
    """The rows are a Parquet blob; returns its digest."""
    buffer = io.BytesIO()
    rows.rechunk().write_parquet(buffer, compression="zstd", compression_level=1)
    return blobs.put(buffer.getvalue())


def read_exam(blobs: Blobs, report: Report) -> pl.DataFrame:
    """The exact rows of an evaluation: every column that was given, the target, and the answers.

    `score` and `baseline` are the answers of the model and of the simple baseline; `label` is the target as a number.
    Raises NotFound when they are gone, as after an erasure of rows that were among them.
    """
    try:
        return pl.read_parquet(io.BytesIO(blobs.get(report.rows_digest)))
    except NotFound:
        raise NotFound(
            "The rows of this evaluation are not kept any more, because rows among them were erased or collected since "
            "(`trivium audit log` says when). Nothing has to be restored: train and evaluate the model anew, and "
            "compare that version."
        ) from None


def store_report(blobs: Blobs, report: Report) -> str:
    """The report is a JSON blob; returns its digest."""
    return blobs.put(canonical_json(report))


def read_report(blobs: Blobs, digest: str) -> Report:
    """The report with this digest. Raises NotFound or CorruptObject."""
    try:
        return msgspec.json.decode(blobs.get(digest), type=Report)
    except msgspec.DecodeError as error:
        raise CorruptObject(f"The object {digest[:12]} is not an evaluation report: {error}.") from None


def get_report(store: Store, model: ModelVersion) -> Report:
    """The evaluation that a model version was registered with."""
    return read_report(store.blobs, model.report)


def declared_gate(report: Report) -> tuple[CheckSpec, ...]:
    """The checks that were declared when the model was registered."""
    return msgspec.convert(report.facts.get("gate", ()), tuple[CheckSpec, ...])


def label_column(model: Model, target: pl.Series) -> pl.Series:
    """The target as (n,) floats: 1 for the positive class of a binary model, the value for a regressor.

    Raises SchemaMismatch when a regressor's target is no number, or no row has the positive class's type.
    """
    if model.target == "regression":
        if not target.dtype.is_numeric():
            raise SchemaMismatch(f"The model predicts values, but the target {target.name!r} is {target.dtype}.")
        return target.cast(pl.Float64).alias("label")
    positive = model.manifest.positive
    if isinstance(positive, str) != (target.dtype in (pl.String, pl.Categorical, pl.Enum)):
        raise SchemaMismatch(
            f"The model gives the probability of {positive!r}, but the target {target.name!r} is {target.dtype}."
        )
    kept = target.cast(pl.String) if isinstance(positive, str) else target.cast(pl.Float64)
    return (kept == (positive if isinstance(positive, str) else float(positive or 0))).cast(pl.Float64).alias("label")


def measure_slices(exam: pl.DataFrame, answers: str, names: Sequence[str], slices: Sequence[str]) -> list[Metric]:
    """Each measure on all rows, then on the most frequent values of each slice column with at least 30 rows.

    exam: columns label, the answers, and the slice columns.
    """
    found = [_measure(exam, answers, name, "") for name in names]
    for column in slices:
        counts = exam[column].drop_nulls().value_counts(sort=True).filter(pl.col("count") >= LEAST_SLICE)
        for value in sorted(counts[column].head(MOST_SLICES).to_list(), key=str):
            part = exam.filter(pl.col(column) == value)
            found += [_measure(part, answers, name, f"{column}={value}") for name in names]
    return [metric for metric in found if metric is not None]


def overall(metrics: Sequence[Metric]) -> dict[str, float]:
    """The metrics on all rows, by name."""
    return {metric.name: metric.value for metric in metrics if not metric.slice}


def find_metric(metrics: Sequence[Metric], name: str, slice_: str = "") -> Metric | None:
    """The metric of this name on this slice ("" is all rows), or None."""
    return next((metric for metric in metrics if (metric.name, metric.slice) == (name, slice_)), None)


def _measure(rows: pl.DataFrame, answers: str, name: str, slice_: str) -> Metric | None:
    scores = as_floats(rows[answers])
    return find_measure(name, rows["label"], scores, slice_) if np.isfinite(scores).any() else None
