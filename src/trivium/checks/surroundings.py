"""What a check may see beyond the rows of its partition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, Self

import polars as pl

from trivium.checks.partition import Partition
from trivium.values.tables import TableSpec


class Surroundings(Protocol):
    """The other tables, and the past of the own one, as they are when a commit is judged.

    Checks know no store: the floor of tables implements this. The own table's rows are those that stay when the commit
    is published; `parts` are the partitions of the same commit that were judged before and not kept aside.
    """

    own: str
    parts: tuple[Partition, ...]

    def find_spec(self, table: str) -> TableSpec | None:
        """The declaration of a table, or None."""

    def find_version(self, table: str, version: int | None = None) -> int | None:
        """The number of that published version (None: the newest), or None when its rows cannot be read."""

    def scan(self, table: str, version: int | None = None) -> pl.LazyFrame:
        """The rows of that published version; of the own table without a version, the rows that stay."""

    def paths(self, table: str) -> list[str]:
        """Local Parquet files of the same rows (the newest version); none when there are none."""

    def past(self, partition: str, last: int, *, with_own: bool = False) -> tuple[Sequence[str], pl.LazyFrame]:
        """The newest `last` partitions before this one: their names and their rows.

        with_own: also what stays of this partition's own rows that were published before.
        In a table without event time: what is there already, whatever `last` is.
        """

    def extended(self, part: Partition) -> Self:
        """The same with one more partition of this commit."""


def own_rows(around: Surroundings, part: Partition) -> list[pl.DataFrame]:
    """The rows of the own table that no file has yet: of this commit, up to this partition."""
    return [*(each.rows for each in around.parts), part.rows]
