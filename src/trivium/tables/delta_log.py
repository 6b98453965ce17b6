"""Entries of a Delta Lake log: what other engines have to know of a version, as the Delta protocol spells it.

An entry names files, sizes and numbers of rows, and no value of any row: what is erased from the files was never here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from trivium.store.catalog.tables import FileChanges
from trivium.tables.delta_schema import delta_schema, has_plain_moments
from trivium.values.tables import Column, Commit, DataFile

FOLDER = "_delta_log"
FEATURE = "timestampNtz"

Action = dict[str, Any]


def entry_name(table: str, version: int) -> str:
    """The log entry's file, from the root of the tables."""
    return f"{table}/{FOLDER}/{version:020d}.json"


def protocol_action(columns: Sequence[Column]) -> Action:
    """What a reader has to be able to do."""
    if has_plain_moments(delta_schema(columns)):
        features = {"readerFeatures": [FEATURE], "writerFeatures": [FEATURE]}
        return {"protocol": {"minReaderVersion": 3, "minWriterVersion": 7, **features}}
    return {"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}}


def metadata_action(table: str, columns: Sequence[Column], created: datetime) -> Action:
    """The table's columns. Raises UnsupportedValue for a type that Delta does not have."""
    return {
        "metaData": {
            "id": str(uuid5(NAMESPACE_URL, f"trivium/{table}")),
            "name": table,
            "format": {"provider": "parquet", "options": {}},
            "schemaString": json.dumps(delta_schema(columns)),
            "partitionColumns": [],
            "configuration": {"delta.appendOnly": "false"},
            "createdTime": _milliseconds(created),
        }
    }


def commit_action(commit: Commit) -> Action:
    """Who made the version, when, by what."""
    return {
        "commitInfo": {
            "timestamp": _milliseconds(commit.committed_at),
            "operation": commit.operation.upper(),
            "operationParameters": {"trivium.commit": commit.id},
            "engineInfo": "trivium",
            "userName": commit.actor,
        }
    }


def file_actions(table: str, changes: FileChanges, moment: datetime) -> list[Action]:
    """The files that a version removes and adds; what a compaction only moved is no change of data."""
    at = _milliseconds(moment)
    removed = [
        {"remove": {"path": inside(table, file), "deletionTimestamp": at, "dataChange": file.path not in changes.moved}}
        for file in changes.removed
    ]
    return [*removed, *(add_action(table, file, at, moved=file.path in changes.moved) for file in changes.added)]


def add_action(table: str, file: DataFile, at: int, *, moved: bool = False) -> Action:
    """One file that is part of the table."""
    return {
        "add": {
            "path": inside(table, file),
            "partitionValues": {},
            "size": file.bytes,
            "modificationTime": at,
            "dataChange": not moved,
            "stats": json.dumps({"numRecords": file.rows}),
        }
    }


def inside(table: str, file: DataFile) -> str:
    """The file's path from the table's folder."""
    return file.path.removeprefix(f"{table}/")


def spell(actions: Sequence[Action]) -> bytes:
    """An entry's bytes: one action a line."""
    return "".join(f"{json.dumps(action)}\n" for action in actions).encode()


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
