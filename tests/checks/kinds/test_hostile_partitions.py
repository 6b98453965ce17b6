"""Whatever a partition holds, every kind of check comes to a result that survives JSON."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import polars as pl
import pytest
from tests.checks.kinds.conftest import Around

from trivium.checks.judge import judge
from trivium.checks.kinds import (
    between,
    check,
    coverage,
    distribution,
    fresh,
    matches,
    one_of,
    query,
    references,
    row_count,
    rule,
    schema,
    unique,
)
from trivium.checks.partition import Partition
from trivium.values.alerts import Judgement
from trivium.values.tables import TableSpec

NOW = datetime(2024, 5, 1, tzinfo=UTC)
AT = [datetime(2024, 4, 30, tzinfo=UTC)]


def nothing_negative(rows: pl.DataFrame) -> pl.Series:
    return rows["x"].cast(pl.Float64) < 0


CHECKS = (
    between("x", 0, 10),
    check(nothing_negative),
    coverage("x", 0.5),
    distribution("x", "psi", 0.2),
    distribution("x", "js", 0.2),
    distribution("x", "ks", 0.2),
    fresh(within="26h"),
    matches("text", "[a-z]*"),
    one_of("text", ["a", "b"]),
    query("SELECT x FROM rows GROUP BY x HAVING count(*) > 1"),
    references("x", "customers"),
    row_count(at_least=1),
    rule("x > 0 AND 1 / x < 5"),
    schema({"x": float, "text": str}),
    unique("x"),
)
KINDS = {each.kind for each in CHECKS}
FLOATS = [float("nan"), float("inf"), float("-inf"), 0.0, -0.0, 5e-324, 1e308, None]
PARTITIONS = {
    "empty": pl.DataFrame({"x": [], "text": []}, schema={"x": pl.Float64, "text": pl.String}),
    "all null": pl.DataFrame({"x": [None] * 9, "text": [None] * 9}),
    "null of its type": pl.DataFrame(
        {"x": [None] * 9, "text": [None] * 9}, schema={"x": pl.Float64, "text": pl.String}
    ),
    "all equal": pl.DataFrame({"x": [1.0] * 9, "text": ["a"] * 9}),
    "nan and infinities": pl.DataFrame({"x": FLOATS, "text": ["", " ", "É", "\0", "\ud7ff", "'", '"', None]}),
    "texts of 10 MB": pl.DataFrame({"x": [1.0, 2.0], "text": ["a" * 10_000_000, "é" * 5_000_000]}),
    "a million distinct values": pl.select(x=pl.int_range(1_000_000).cast(pl.Float64)).with_columns(
        text=pl.col("x").cast(pl.String)
    ),
    "numbers as texts": pl.DataFrame({"x": ["1", "two", None], "text": ["a", "b", "c"]}),
    "texts as numbers": pl.DataFrame({"x": [1.0, 2.0], "text": [1, 2]}),
    "booleans": pl.DataFrame({"x": [True, False], "text": ["a", "b"]}),
    "lists": pl.DataFrame({"x": [[1.0], []], "text": [["a"], None]}),
    "times": pl.DataFrame({"x": [datetime(9999, 1, 1), None], "text": ["a", "b"]}),  # noqa: DTZ001
    "whole numbers that no float has": pl.DataFrame({"x": [2**63 - 1, -(2**63)], "text": ["a", "b"]}),
}


@pytest.mark.parametrize("name", PARTITIONS)
@pytest.mark.parametrize("before", ["nothing", "numbers"])
def test_every_kind_of_check_comes_to_a_result(around: Around, name: str, before: str) -> None:
    rows = PARTITIONS[name].with_columns(at=pl.Series("at", AT).first())
    published = pl.DataFrame({"x": [1.0, 2.0, 2.0], "text": ["a", "b", "b"], "at": AT * 3}).with_columns(
        pl.col("at").dt.offset_by("-1d")
    )
    past = around(published, time="at") if before == "numbers" else around(time="at")
    spec = TableSpec("orders", time="at", checks=CHECKS, watch="off")
    (judgement,) = judge(spec, [Partition("2024-04-30", rows)], [], now=NOW, around=past)
    assert {result.kind for result in judgement.results} == KINDS
    assert msgspec.json.decode(msgspec.json.encode(judgement), type=Judgement).state == judgement.state
    assert all(len(result.message) < 2000 for result in judgement.results)
