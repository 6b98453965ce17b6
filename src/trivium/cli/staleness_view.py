"""Staleness as the terminal shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trivium.cli.listing import Row, print_heading, print_table
from trivium.values.lineage import Node
from trivium.values.staleness import NewerInput, Staleness


def name_inputs(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The rows with the names of the newer inputs in `stale`, those that lie further behind in brackets."""
    return [{**row, "stale": ", ".join(dict.fromkeys(map(_named, row["stale"])))} for row in rows]


def stale_facts(stale: Mapping[Node, Staleness]) -> dict[str, tuple[NewerInput, ...]]:
    """The newer inputs of each thing that is stale, by its name."""
    return {str(node): staleness.inputs for node, staleness in stale.items()}


def print_staleness(inputs: Sequence[NewerInput], *, of: str = "") -> None:
    """Each newer input with what is new in it; nothing when there is none."""
    if inputs:
        print_heading(f"stale: inputs {f'of {of} ' if of else ''}have newer versions")
        rows = [
            {"input": " ← ".join((*each.through, each.table)), "read": each.read, "newest": each.newest,
             "since": each.since, "detail": each.told or "rows changed"}
            for each in inputs
        ]  # fmt: skip
        print_table(rows, ("input", "read", "newest", "since", "detail"))


def _named(newer: NewerInput) -> str:
    return f"({newer.table})" if newer.through else newer.table
