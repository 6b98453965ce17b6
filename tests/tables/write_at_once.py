"""Run by the tests as a process of its own: appends to one table and upserts into another, turn by turn.

Arguments: folder, the writer's number, turns.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

import trivium as tv


def main(folder: Path, number: int, turns: int) -> None:
    """Each turn is a row of visits, and the writer's row of people anew."""
    people, visits = tv.Table("people", key="id", watch="off"), tv.Table("visits", watch="off")
    with tv.connect(folder, actor=f"writer {number}"):
        for turn in range(turns):
            visits.append(pl.DataFrame({"who": [number], "turn": [turn]}), idempotency_key=f"{number}-{turn}")
            people.upsert(pl.DataFrame({"id": [number], "name": [f"turn {turn} of {number}"]}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
