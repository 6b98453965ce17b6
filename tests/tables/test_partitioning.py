from __future__ import annotations

import polars as pl

from trivium.tables.partitioning import split_partitions
from trivium.values.tables import TableSpec

SPEC = TableSpec("t", time="at")


def make_rows(moments: list[str], zone: str | None = None) -> pl.DataFrame:
    return pl.DataFrame({"at": pl.Series(moments).str.to_datetime(time_unit="us", time_zone="UTC")}).with_columns(
        pl.col("at").dt.convert_time_zone(zone) if zone else pl.col("at").dt.replace_time_zone(None)
    )


def test_rows_of_one_partition_are_not_copied() -> None:
    rows = make_rows(["2024-01-01T00:00:00Z", "2024-01-01T23:59:59.999999Z"])
    [part] = split_partitions(SPEC, rows)
    assert part.name == "2024-01-01"
    assert part.rows is rows


def test_a_clock_that_goes_back_over_midnight_makes_two_partitions() -> None:
    # On 2010-11-07 at 00:01 the clocks of Newfoundland went back to 23:01.
    rows = make_rows(["2010-11-07T02:00:00Z", "2010-11-07T02:30:30Z", "2010-11-07T03:00:00Z"], "America/St_Johns")
    parts = split_partitions(SPEC, rows)
    assert [(part.name, part.rows.height) for part in parts] == [("2010-11-06", 2), ("2010-11-07", 1)]
