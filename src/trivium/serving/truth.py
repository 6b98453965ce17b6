"""Predictions beside the truth that arrived for them."""

from __future__ import annotations

import polars as pl

from trivium.errors import Misuse
from trivium.store.store import Store
from trivium.tables.read import read_version
from trivium.values.endpoints import EndpointSpec


def read_labelled(store: Store, spec: EndpointSpec, *, since: str = "", until: str = "") -> pl.DataFrame:
    """Logged predictions with a `label` (0, 1 or a value; null while the truth has not come).

    since, until: first and last day ("2013-09-14") of the predictions' own time, both included.
    Raises Misuse when the endpoint has no labels or its label expression cannot be read.
    """
    if store.catalog.tables.find_version(spec.log) is None:
        return pl.DataFrame()
    predictions = read_version(store, spec.log)
    day = pl.col(spec.time).dt.strftime("%Y-%m-%d")
    if since:
        predictions = predictions.filter(day >= since)
    if until:
        predictions = predictions.filter(day <= until)
    if spec.labels is None or store.catalog.tables.find_version(spec.labels.table) is None:
        return predictions.with_columns(label=pl.lit(None, dtype=pl.Float64)).collect()
    truth = read_version(store, spec.labels.table)
    label = label_expression(spec)
    known = truth.select(pl.col(spec.key).cast(pl.String), label=label.cast(pl.Float64))
    wanted = predictions.select(spec.key).unique()
    # A label that came twice would make two predictions of one; the newest holds.
    newest = known.join(wanted, on=spec.key, how="semi", maintain_order="left").unique(
        spec.key, keep="last", maintain_order=True
    )
    return predictions.join(newest, on=spec.key, how="left").collect()


def label_expression(spec: EndpointSpec) -> pl.Expr:
    """The label as an expression over the label table's columns."""
    if spec.labels is None:
        raise Misuse(f"Endpoint {spec.name!r} declares no labels=, so no truth can be joined.")
    try:
        return pl.sql_expr(spec.labels.expression)
    except pl.exceptions.PolarsError as error:
        raise Misuse(f"The label {spec.labels.expression!r} is not an SQL expression: {error}") from None
