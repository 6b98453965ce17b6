"""One worker's share of rows, of whatever kind they are."""

from __future__ import annotations

from typing import Any

from trivium.errors import Misuse
from trivium.frames.deferred import pl
from trivium.tables.loading.shard import Shard, share_of


def shard_rows(rows: Any, rank: int, world: int, *, even: bool = False) -> Any:
    """The share `rank` of `world`, as neighbouring rows; see `Worker.shard`. Raises Misuse for what has no rows."""
    if hasattr(rows, "collect"):  # a lazy frame of polars
        total = rows.select(pl.len()).collect().item()
    elif hasattr(rows, "__len__"):
        total = len(rows)
    else:
        raise Misuse(f"A {type(rows).__name__} has no rows to shard: give a frame, an array or a list.")
    first, last = share_of(total, Shard(rank, world), even=even, drop_last=True)
    if hasattr(rows, "slice"):  # polars, pyarrow
        return rows.slice(first, last - first)
    if hasattr(rows, "limit"):  # DuckDB
        return rows.limit(last - first, first)
    return rows.iloc[first:last] if hasattr(rows, "iloc") else rows[first:last]
