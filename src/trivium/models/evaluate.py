"""Evaluation: what a model is worth on rows that it did not learn from, by slice, beside a simple baseline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from trivium.checks.measures import as_floats, measures_for
from trivium.errors import Misuse, SchemaMismatch
from trivium.frames import to_frame
from trivium.models.baseline import Baseline, answer, halves, learn_baseline
from trivium.models.package import Model
from trivium.models.report import label_column, measure_slices, overall, store_exam
from trivium.pipelines.context import current_task
from trivium.pipelines.task import task
from trivium.store.store import current_store
from trivium.tables.rows_digest import rows_digest
from trivium.values.models import Report

OWN_COLUMNS = ("label", "score", "baseline")


@task
def evaluate(
    model: Model,
    rows: pl.DataFrame,
    *,
    target: str,
    slices: Sequence[str] = (),
    against: pl.DataFrame | None = None,
    time: str | None = None,
) -> Report:
    """The model was asked about the rows, and they are stored with its answers.

    rows: the exam, with the signature's columns, the target and the slice columns. slices: columns whose values are
    measured one by one. against: the rows that the model learnt from; a simple baseline is learnt from them (without
    them: from one half of the exam for the other). time: the column of event time (default: the only one).

    Returns metrics with 95 % intervals of model and baseline, overall first. Raises SchemaMismatch or Misuse for rows
    that cannot be an exam.
    """
    exam = to_frame(rows)
    content = rows_digest(exam)
    _check_exam(model, exam, target, slices)
    baseline, simple = _simple_answers(model, exam, target, None if against is None else to_frame(against))
    exam = exam.with_columns(
        label_column(model, exam[target]),
        pl.Series("score", model.predict(exam)),
        pl.Series("baseline", simple),
    )
    context = current_task()
    store = context.store if context else current_store()
    names = measures_for(model.target)
    metrics = measure_slices(exam, "score", names, slices)
    report = Report(
        model=model.save(store.blobs).digest,
        rows_digest=store_exam(store.blobs, exam),
        rows=exam.height,
        target=target,
        window=_window(exam, time),
        metrics=tuple(metrics),
        baseline=tuple(measure_slices(exam, "baseline", names, slices)),
        facts={
            "slices": list(slices), "headline": names[0], "time": time or _time_column(exam),
            "baseline": {"column": baseline.column, "story": baseline.story}, "exam": content,
        },
    )  # fmt: skip
    if context is not None:
        context.log_metrics(overall(metrics))
    return report


def _check_exam(model: Model, exam: pl.DataFrame, target: str, slices: Sequence[str]) -> None:
    if not exam.height:
        raise Misuse("There are no rows to evaluate on; widen the split, or wait for data.")
    for column in (target, *slices):
        if column not in exam.columns:
            raise SchemaMismatch(f"The rows have no column {column!r}; they have {', '.join(exam.columns)}.")
    taken = {column.name for column in model.signature} & set(OWN_COLUMNS)
    if taken:
        raise Misuse(f"An input column cannot be named {sorted(taken)[0]!r}: evaluations use that name. Rename it.")


def _simple_answers(
    model: Model, exam: pl.DataFrame, target: str, against: pl.DataFrame | None
) -> tuple[Baseline, np.ndarray[Any, np.dtype[np.float64]]]:
    """The simple baseline and its answers on the exam; the exam's own other half stands in for missing `against`."""
    columns = [column.name for column in model.signature] + [each.name for each in model.manifest.derived]
    labels = as_floats(label_column(model, exam[target]))
    asked = model.derive(exam)
    if against is not None:
        past = as_floats(label_column(model, against[target]))
        baseline = learn_baseline(model.derive(against), columns, past)
        return baseline, answer(baseline, asked)
    half = halves(exam.height)
    answers = np.empty(exam.height)
    for side in (half, ~half):
        baseline = learn_baseline(asked.filter(pl.Series(side)), columns, labels[side])
        answers[~side] = answer(baseline, asked.filter(pl.Series(~side)))
    return baseline, answers


def _time_column(rows: pl.DataFrame) -> str | None:
    times = [name for name, dtype in rows.schema.items() if isinstance(dtype, pl.Datetime) or dtype == pl.Date]
    return times[0] if len(times) == 1 else None


def _window(rows: pl.DataFrame, time: str | None) -> tuple[str, str] | None:
    column = time or _time_column(rows)
    if column is None or rows[column].null_count() == rows.height:
        return None
    return str(rows[column].min()), str(rows[column].max())
