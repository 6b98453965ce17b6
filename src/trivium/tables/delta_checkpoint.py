"""Checkpoints of a Delta Lake log: the whole state of a version in one Parquet file, so that readers start there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from trivium.frames import ArrowStream
from trivium.tables.delta_log import FOLDER, Action

EVERY = 100

# Polars writes no maps to Parquet, DuckDB does. Every row is one action; the others' columns are null.
ACTIONS = """
SELECT
    CASE WHEN kind = 'protocol' THEN {
        'minReaderVersion': reader::INTEGER, 'minWriterVersion': writer::INTEGER,
        'readerFeatures': features, 'writerFeatures': features} END AS protocol,
    CASE WHEN kind = 'metaData' THEN {
        'id': id, 'name': name, 'description': NULL::VARCHAR,
        'format': {'provider': 'parquet', 'options': MAP([]::VARCHAR[], []::VARCHAR[])},
        'schemaString': schema_text, 'partitionColumns': []::VARCHAR[], 'createdTime': moment::BIGINT,
        'configuration': MAP(['delta.appendOnly'], ['false'])} END AS "metaData",
    CASE WHEN kind = 'add' THEN {
        'path': path, 'partitionValues': MAP([]::VARCHAR[], []::VARCHAR[]), 'size': size::BIGINT,
        'modificationTime': moment::BIGINT, 'dataChange': FALSE, 'stats': stats} END AS add,
    NULL::STRUCT(path VARCHAR, "deletionTimestamp" BIGINT, "dataChange" BOOLEAN) AS remove
FROM actions
"""
SCHEMA: dict[str, Any] = {
    "kind": pl.String, "reader": pl.Int64, "writer": pl.Int64, "features": pl.List(pl.String), "id": pl.String,
    "name": pl.String, "schema_text": pl.String, "path": pl.String, "size": pl.Int64, "moment": pl.Int64,
    "stats": pl.String,
}  # fmt: skip


def checkpoint_name(table: str, version: int) -> str:
    """The checkpoint's file, from the root of the tables."""
    return f"{table}/{FOLDER}/{version:020d}.checkpoint.parquet"


def pointer_name(table: str) -> str:
    """The file that tells readers which checkpoint is the newest."""
    return f"{table}/{FOLDER}/_last_checkpoint"


def pointer(version: int, actions: int) -> bytes:
    """What that file holds."""
    return json.dumps({"version": version, "size": actions}).encode()


def write_checkpoint(path: Path, actions: Sequence[Action]) -> None:
    """The file holds these actions (protocol, metaData, adds)."""
    rows = pl.DataFrame([_row(action) for action in actions], schema=SCHEMA, orient="row")
    with duckdb.connect(":memory:") as connection:
        connection.register("actions", ArrowStream(rows))
        connection.sql(ACTIONS).write_parquet(str(path))


def _row(action: Action) -> dict[str, object]:
    ((kind, body),) = action.items()
    return {
        "kind": kind,
        "reader": body.get("minReaderVersion"),
        "writer": body.get("minWriterVersion"),
        "features": body.get("readerFeatures"),
        "id": body.get("id"),
        "name": body.get("name"),
        "schema_text": body.get("schemaString"),
        "path": body.get("path"),
        "size": body.get("size"),
        "moment": body.get("modificationTime", body.get("createdTime")),
        "stats": body.get("stats"),
    }
