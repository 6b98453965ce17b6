"""Where a column is named: by a model, by a table's declaration, in an expression."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from trivium.errors import TriviumError
from trivium.store.blobs import Blobs
from trivium.values.models import ModelVersion, Report
from trivium.values.tables import TableSpec


def role_of(blobs: Blobs, model: ModelVersion, column: str) -> str:
    """What the column is to a model version: "an input of", "the target of", "a slice of"; "" when it names it not."""
    if any(each.name == column for each in model.signature):
        return "an input of"
    try:
        report = msgspec.json.decode(blobs.get(model.report), type=Report)
    except (TriviumError, msgspec.DecodeError):
        return ""
    if report.target == column:
        return "the target of"
    return "a slice of" if column in report.facts.get("slices", ()) else ""


def list_declared_uses(spec: TableSpec, column: str) -> Iterator[str]:
    """What the table's own declaration takes the column for."""
    if column in spec.key:
        yield "part of its key"
    if column == spec.time:
        yield "its event time"
    for check in spec.checks:
        named = (*check.arguments.get("columns", ()), *check.arguments.get("types", ()))
        if column == check.column or column in named or mentions(str(check.arguments.get("query", "")), column):
            yield f"check {check.name}"


def mentions(expression: str, column: str) -> bool:
    """Whether an SQL expression has the column's name as a word."""
    word = re.compile(rf"(?<!\w){re.escape(column)}(?!\w)", re.IGNORECASE)
    return word.search(expression) is not None
