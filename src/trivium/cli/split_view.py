"""Splits as the terminal shows them."""

from __future__ import annotations

from typing import Any

from trivium.errors import Misuse
from trivium.store.store import Store
from trivium.tables.split_age import too_old
from trivium.values.models import ModelVersion
from trivium.values.splits import Split

SHOWN_SCORES = 5


def split_row(store: Store, split: Split) -> dict[str, Any]:
    """One version of a split, with the newest models that were examined on it."""
    newest = store.catalog.splits.get_split(split.name)
    first, last = split.exam_window or (None, None)
    return {
        "id": str(split),
        "name": split.name,
        "version": split.version,
        "rule": str(split.rule),
        "past_rows": split.past_rows,
        "exam_rows": split.exam_rows,
        "first": first,
        "last": last,
        "inputs": [f"{read.table}@{read.version}" for read in split.inputs],
        "digest": split.exam_digest,
        "run": split.run,
        "actor": split.actor,
        "created_at": split.created_at,
        "fresh": split.fresh,
        "state": "replaced" if newest.version != split.version else state_of(store, split),
        "scores": [
            score_row(each) for each in store.catalog.splits.list_examined(split.exam_digest, limit=SHOWN_SCORES)
        ],
    }


def told_row(row: dict[str, Any]) -> dict[str, Any]:
    """The row as people read it in a list: days for moments, a few words for a score."""
    days = {name: row[name][:10] if row[name] else None for name in ("first", "last")}
    return {**row, **days, "scores": [score["told"] for score in row["scores"]]}


def state_of(store: Store, split: Split) -> str:
    """Whether the newest version of a split is "fresh", or "old" by its policy."""
    return "old" if too_old(split, store.clock() - split.created_at) else "fresh"


def score_row(model: ModelVersion) -> dict[str, Any]:
    """How a model version did; `told` is its headline in a few words."""
    headline = next(iter(model.metrics.items()), None)
    told = f"{model.name}@{model.version}" + (f" {headline[0]}={headline[1]:.4g}" if headline else "")
    return {
        "model": model.name,
        "version": model.version,
        "metrics": model.metrics,
        "registered_at": model.registered_at,
        "told": told,
    }


def parse_place(text: str) -> tuple[str, int | None]:
    """("exam", 3) of "exam@3", ("exam", None) of "exam". Raises Misuse for anything else."""
    name, at, number = text.partition("@")
    if at and not number.isdigit():
        raise Misuse(f"{text!r} names no version; write it as NAME@3.")
    return name, int(number) if at else None
