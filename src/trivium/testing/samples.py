"""A part of a table's rows that is the same today, tomorrow and on every machine."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from trivium.errors import Misuse
from trivium.store.store import Store, current_store
from trivium.tables.partitioning import partition_names
from trivium.tables.read import get_version, read_version
from trivium.tables.share import share_of
from trivium.tables.table import Table
from trivium.values.tables import TableSpec

PARTITION = "partition"
ROW, PLACE, PART = "trivium row", "trivium place", "trivium partition"


def sample(
    table: Table | str,
    share: float = 0.01,
    *,
    seed: int = 0,
    by: str | Sequence[str] | None = None,
    version: int | None = None,
    store: Store | None = None,
) -> pl.DataFrame:
    """About this share of the rows of a table's version (None: the newest), in their order; all columns.

    share: above 0, at most 1. by: the columns whose values stay whole, all rows of one or none; without it the table's
    key, else each row by its place. A value is chosen by its content and `seed` alone, so tables sampled by the same
    column keep the same values, and a larger share keeps what a smaller one kept. Of a table with event time every
    partition keeps something. by="partition" takes whole partitions of event time instead.

    Raises NotFound when there is no such version, Misuse for another share or a table without rows, SchemaMismatch for
    a column that is absent or null somewhere.
    """
    if not 0 < share <= 1:
        raise Misuse(f"The share of a sample is above 0 and at most 1, not {share!r}.")
    memory = store or current_store()
    name = table if isinstance(table, str) else table.name
    published = get_version(memory, name, version)
    spec = memory.catalog.tables.get_spec(name)
    columns = [column.name for column in published.columns]
    groups = _groups(spec, by, columns)
    rows = read_version(memory, name, published.version)
    needed = [each for each in dict.fromkeys((*groups, spec.time)) if each not in (None, PART)]
    placed = rows.select(needed or columns[:1]).with_row_index(ROW).collect()
    if not placed.height:
        raise Misuse(f"Table {name!r} version {published.version} has no rows to take a sample of.")
    chosen = _choose(_with_partitions(placed, spec), groups or (ROW,), share, seed)
    return rows.with_row_index(ROW).filter(pl.col(ROW).is_in(chosen.implode())).drop(ROW).collect()


def _groups(spec: TableSpec, by: str | Sequence[str] | None, columns: Sequence[str]) -> tuple[str, ...]:
    """The columns whose values stay whole."""
    if by is None:
        return spec.key
    groups = (by,) if isinstance(by, str) else tuple(by)
    if groups != (PARTITION,) or PARTITION in columns:
        return groups
    if spec.time is None:
        raise Misuse(f"Table {spec.name!r} has no event time, so it has no partitions to take whole.")
    return (PART,)


def _with_partitions(rows: pl.DataFrame, spec: TableSpec) -> pl.DataFrame:
    names = pl.lit("") if spec.time is None else partition_names(spec, spec.time, rows)
    return rows.with_columns(names.alias(PART))


def _choose(rows: pl.DataFrame, groups: Sequence[str], share: float, seed: int) -> pl.Series:
    """Numbers of the rows whose group is chosen; where a partition would keep nothing, also of its first group."""
    distinct = rows.select(groups).unique()
    places = distinct.with_columns(share_of(distinct, groups, seed).alias(PLACE))
    placed = rows.join(places, on=list(groups), how="left", maintain_order="left")
    alone = pl.lit(1) if PART in groups else pl.col(PART)  # whole partitions: one is enough
    return placed.filter((pl.col(PLACE) < share) | (pl.col(PLACE) == pl.col(PLACE).min().over(alone)))[ROW]
