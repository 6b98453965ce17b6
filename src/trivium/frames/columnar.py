"""Files that know their types: Parquet and Arrow IPC."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from trivium.frames.stream import Wish, piece_rows


def stream_parquet(path: Path, wish: Wish) -> tuple[int | None, Iterator[pl.DataFrame]]:
    """How many rows a Parquet file has, and the rows in pieces."""
    return _pieces(pl.scan_parquet(path, glob=False, hive_partitioning=False))


def stream_arrow(path: Path, wish: Wish) -> tuple[int | None, Iterator[pl.DataFrame]]:
    """How many rows an Arrow IPC (Feather) file has, and the rows in pieces."""
    return _pieces(pl.scan_ipc(path, glob=False, hive_partitioning=False))


def _pieces(rows: pl.LazyFrame) -> tuple[int, Iterator[pl.DataFrame]]:
    width = len(rows.collect_schema())
    count = rows.select(pl.len()).collect().item()
    return count, _filled(rows, piece_rows(width)) if count else iter([rows.collect()])


def _filled(rows: pl.LazyFrame, size: int) -> Iterator[pl.DataFrame]:
    # The engine's own pieces may be small; the last ones are not waited for with the next.
    for piece in rows.collect_batches(chunk_size=size, maintain_order=True):
        if piece.height:
            yield piece
