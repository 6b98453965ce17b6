"""The unit that checks judge: the rows of one partition of event time."""

from __future__ import annotations

import polars as pl
from msgspec import Struct


class Partition(Struct, frozen=True):
    """Rows under the name of their partition: "2013-09-14" a day, "2013-09-14T07" an hour, "all" without event time.

    in_order: whether the rows follow each other as they were delivered, which replaced rows do not.
    """

    name: str
    rows: pl.DataFrame
    in_order: bool = True
