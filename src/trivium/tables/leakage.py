"""Leakage: what makes an exam too easy because the other side knows its answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from trivium.errors import Leakage, SchemaMismatch


def refuse_leakage(
    past: pl.DataFrame,
    exam: pl.DataFrame,
    *,
    key: Sequence[str] = (),
    by: Sequence[str] = (),
    time: str | None = None,
) -> None:
    """Raises Leakage when a key or a group is on both sides, or the past is not wholly before the exam.

    key: the columns that tell rows apart. by: the columns of groups that belong together. time: the column of times, of
    sides that are meant to follow each other. A null is no value, so it is shared with nobody.
    """
    _refuse_shared(past, exam, tuple(key), "The key")
    _refuse_shared(past, exam, tuple(by), "The group")
    if time is not None:
        _refuse_overlap(past, exam, time)


def _refuse_shared(past: pl.DataFrame, exam: pl.DataFrame, columns: tuple[str, ...], what: str) -> None:
    if not columns:
        return
    absent = [name for name in columns if name not in past.columns or name not in exam.columns]
    if absent:
        raise SchemaMismatch(f"The rows have no column {absent[0]!r}; they have {past.columns}.")
    shared = past.select(columns).unique().join(exam.select(columns).unique(), on=columns, how="inner")
    if not shared.height:
        return
    rows = exam.join(shared, on=columns, how="semi").height
    example = ", ".join(f"{name}={value!r}" for name, value in shared.sort(columns).row(0, named=True).items())
    raise Leakage(
        f"{what} {', '.join(columns)} is on both sides: {shared.height} values, such as {example}, so {rows} of "
        f"{exam.height} rows of the exam could be known by heart. Split by them (by=, share=) or drop repeated rows."
    )


def _refuse_overlap(past: pl.DataFrame, exam: pl.DataFrame, time: str) -> None:
    newest: Any = past[time].max()
    oldest: Any = exam[time].min()
    if newest is not None and oldest is not None and newest >= oldest:
        late = past.filter(pl.col(time) >= oldest).height
        raise Leakage(
            f"The sides overlap in {time!r}: {late} of {past.height} rows to learn from are not before {oldest}, where "
            "the exam begins. What happened later must not be learnt from."
        )
