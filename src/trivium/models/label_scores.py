"""A model's answers about rows that wait for a label, so that those it knows least of are asked about first."""

from __future__ import annotations

import polars as pl

from trivium.errors import Misuse
from trivium.models.package import open_model
from trivium.store.store import Store
from trivium.tables.label_order import SCORE
from trivium.tables.read import read_version
from trivium.values.labels import LabelSpec


def score_rows(store: Store, spec: LabelSpec, model: str, version: int | str | None = None) -> pl.DataFrame:
    """The key of every row of the source, and in the column `score` what the model gives for it.

    version: a number or an alias (None: the newest). Raises NotFound, Misuse for a model that gives no probability,
    SchemaMismatch when the rows lack its inputs.
    """
    found = store.catalog.models.get_model(model, version)
    opened = open_model(store.blobs, found.artifact)
    if opened.target != "binary":
        raise Misuse(f"Model {model} predicts values, not probabilities, so it does not say how sure it is.")
    names = [*spec.key, *(column.name for column in opened.signature if column.name not in spec.key)]
    source = read_version(store, spec.of)
    have = source.collect_schema().names()
    rows = source.select([name for name in names if name in have]).collect()
    return rows.select(spec.key).with_columns(pl.Series(SCORE, opened.predict(rows)))
