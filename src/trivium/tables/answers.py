"""The answers of a table of labels: who said what of which row, how far it got, and what the majority says."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from msgspec import Struct

from trivium.frames import dtype_of
from trivium.store.store import Store
from trivium.tables.read import get_version, read_version
from trivium.values.labels import LabelSpec
from trivium.values.tables import TableSpec

OWN_COLUMNS = ("id", "annotator", "value", "at", "seconds", "source_version")


class Progress(Struct, frozen=True):
    """How far the labelling is: rows of the source, rows that need nobody any more, answers, and one's own answers."""

    rows: int
    done: int
    answers: int
    mine: int


def label_table(spec: LabelSpec) -> TableSpec:
    """The table of the answers: one row for each row of the source and annotator, by the time of the answer."""
    return TableSpec(
        name=spec.name, key=(*spec.key, "annotator"), time="at", watch="off", owner=spec.owner,
        description=spec.description or f"Answers to: {spec.question}",
    )  # fmt: skip


def read_answers(store: Store, spec: LabelSpec) -> pl.DataFrame:
    """Everybody's answers, oldest first; of several by one person to one row the newest.

    Columns: id, those of the key, annotator, value, at, seconds (how long it took), source_version (what was shown).
    """
    if store.catalog.tables.find_version(spec.name) is None:
        return _no_answers(store, spec)
    rows = read_version(store, spec.name).collect().sort("at", "id")
    return rows.unique(subset=[*spec.key, "annotator"], keep="last", maintain_order=True)


def find_consensus(answers: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """What the majority says of each answered row, by key.

    Columns: those of the key, value (null in a tie), votes for it, answers in all, tied (the values with equal votes).
    """
    votes = answers.group_by(*key, "value").len("votes").sort(*key, "value")
    most = votes.filter(pl.col("votes") == pl.col("votes").max().over(key))
    led = most.group_by(key, maintain_order=True).agg("value", pl.col("votes").first())
    counted = votes.group_by(key).agg(pl.col("votes").sum().alias("answers"))
    alone = pl.col("value").list.len() == 1
    return led.join(counted, on=list(key), how="left", maintain_order="left").select(
        *key,
        pl.when(alone).then(pl.col("value").list.first()).alias("value"),
        pl.col("votes").cast(pl.Int64),
        pl.col("answers").cast(pl.Int64),
        pl.when(alone).then(pl.lit([], dtype=pl.List(pl.String))).otherwise("value").alias("tied"),
    )


def count_progress(store: Store, spec: LabelSpec, answers: pl.DataFrame, annotator: str) -> Progress:
    """How far the labelling of the source's newest version is."""
    keys = read_version(store, spec.of).select(spec.key).unique().collect()
    per_row = answers.group_by(spec.key).len("given").join(keys, on=spec.key, how="semi")
    return Progress(
        rows=keys.height,
        done=per_row.filter(pl.col("given") >= spec.per_row).height,
        answers=answers.height,
        mine=answers.filter(pl.col("annotator") == annotator).height,
    )


def _no_answers(store: Store, spec: LabelSpec) -> pl.DataFrame:
    types = {column.name: dtype_of(column.type) for column in get_version(store, spec.of).columns}
    schema = {
        "id": pl.String(), **{name: types[name] for name in spec.key}, "annotator": pl.String(), "value": pl.String(),
        "at": pl.Datetime("us", "UTC"), "seconds": pl.Float64(), "source_version": pl.Int64(),
    }  # fmt: skip
    return pl.DataFrame(schema=schema)
