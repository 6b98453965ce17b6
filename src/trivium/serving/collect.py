"""From the journal to the prediction table: every acknowledged prediction exactly once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from trivium.errors import EndpointUnavailable
from trivium.failpoints import failpoint
from trivium.frames import dtype_of
from trivium.models.manifest import Manifest
from trivium.models.package import read_manifest
from trivium.models.signature import convert
from trivium.serving.client import Client
from trivium.serving.gateway_process import find_gateway
from trivium.serving.journal import Prediction, claim_segments, list_segments, read_segment
from trivium.store.store import Store
from trivium.tables.commit import commit_rows
from trivium.tables.read import read_version
from trivium.values.endpoints import EndpointSpec
from trivium.values.tables import Commit, TableSpec

OWN: dict[str, Any] = {
    "request_id": pl.String, "version": pl.Int64, "role": pl.String, "answered": pl.Boolean, "score": pl.Float64,
    "asked_at": pl.Datetime("us", "UTC"), "latency_ms": pl.Float64, "features": pl.String, "alerts": pl.String,
    "error": pl.String,
}  # fmt: skip


def log_table(spec: EndpointSpec) -> TableSpec:
    """The prediction table of an endpoint. It records what happened, so no check may keep a row out of it."""
    return TableSpec(
        name=spec.log, key=("request_id", "version"), time=spec.time, watch="off", owner=spec.owner,
        description=f"Every prediction of endpoint {spec.name}, with its inputs; shadows too (answered = false).",
    )  # fmt: skip


def collect_predictions(store: Store, spec: EndpointSpec) -> list[Commit]:
    """Everything that was answered before this call is in the prediction table.

    A segment is one commit under its own name, and is removed afterwards; a kill in between repeats harmlessly. A
    request id that was asked twice (a retry) keeps its first answer of each version.
    """
    folder = store.settings.state / "journal" / spec.name
    commits = []
    release_segment(store, spec.name, folder)
    with claim_segments(folder) as segments:
        for segment in segments:
            rows = fresh_rows(store, spec, list(read_segment(segment)))
            if rows.height:
                commits.append(commit_rows(store, log_table(spec), rows, idempotency_key=segment.name))
            failpoint("collect:committed")
            segment.unlink()
    return commits


def release_segment(store: Store, name: str, folder: Path) -> None:
    """The gateway, if one runs, has closed the segment that it was writing; what comes after is in another."""
    running = find_gateway(store) if list_segments(folder) else None
    if running is None:
        return
    client = Client(running.url)
    try:
        client.post(f"/endpoints/{name}/rotate", {})
    except EndpointUnavailable:
        if find_gateway(store) is not None:
            raise
    finally:
        client.close()


def fresh_rows(store: Store, spec: EndpointSpec, predictions: Sequence[Prediction]) -> pl.DataFrame:
    """The predictions as rows of the table, without those that it already has."""
    manifest = read_manifest(store.blobs, store.catalog.models.get_model(spec.model).artifact)
    rows = as_rows(spec, manifest, predictions).unique(["request_id", "version"], keep="first", maintain_order=True)
    if not rows.height or store.catalog.tables.find_version(spec.log) is None:
        return rows
    first, last = rows[spec.time].min(), rows[spec.time].max()
    known = (
        read_version(store, spec.log)
        .filter(pl.col(spec.time).is_between(pl.lit(first), pl.lit(last)))
        .select("request_id", "version")
        .collect()
    )
    return rows.join(known, on=["request_id", "version"], how="anti", maintain_order="left")


def as_rows(spec: EndpointSpec, manifest: Manifest, predictions: Sequence[Prediction]) -> pl.DataFrame:
    """Predictions with the endpoint's key and time, the model's inputs in their types, and what was answered."""
    own = pl.DataFrame({name: [getattr(each, name) for each in predictions] for name in OWN}, schema=OWN, strict=False)
    inputs = [field for field in manifest.fields if field.name not in (spec.key, spec.time)]
    columns = [
        pl.Series(spec.key, [str(each.record.get(spec.key, each.request_id)) for each in predictions], dtype=pl.String),
        pl.Series(spec.time, [_moment(each.record[spec.time]) for each in predictions], dtype=pl.Datetime("us")),
    ]
    for field in inputs:
        values = pl.Series(field.name, [each.record.get(field.name) for each in predictions], strict=False)
        columns.append(convert(values, field, dtype_of(field.type)))
    return pl.DataFrame([own["request_id"], *columns, *own.drop("request_id").get_columns()])


def _moment(value: Any) -> datetime:
    """The time without its zone, in UTC, as a time without a zone is taken for everywhere."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
