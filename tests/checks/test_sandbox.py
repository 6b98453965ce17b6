from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl
import pytest

from trivium.checks.sandbox import open_sandbox, query_rows
from trivium.errors import Misuse


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_text('{file}')",
        "ATTACH '{file}' AS other",
        "COPY (SELECT 1) TO '{file}'",
        "SET enable_external_access = true",
        "INSTALL httpfs",
        "LOAD httpfs",
    ],
)
def test_the_sandbox_reaches_nothing_outside_of_it(statement: str, tmp_path: Path) -> None:
    file = tmp_path / "secret.csv"
    file.write_text("a\n1\n")
    with open_sandbox() as connection, pytest.raises(duckdb.Error):
        connection.execute(statement.format(file=file))


def test_python_variables_are_not_tables() -> None:
    secret = pl.DataFrame({"a": [1]})
    with open_sandbox() as connection, pytest.raises(duckdb.CatalogException):
        connection.execute("SELECT * FROM secret")
    assert secret.height == 1


def test_a_query_that_never_ends_is_stopped() -> None:
    endless = "SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b, rows"
    with pytest.raises(Misuse, match="was stopped"):
        query_rows(endless, pl.DataFrame({"x": [1]}), limit=0.2)


def test_one_expression_that_takes_for_ever_is_given_up() -> None:
    folded = "SELECT list_sum(list_transform(range(20000), lambda y: list_sum(range(y)))) > 1 FROM rows"
    with pytest.raises(Misuse, match="was stopped"):
        query_rows(folded, pl.DataFrame({"x": [1]}), limit=0.05)
    assert query_rows("SELECT max(x) FROM rows", pl.DataFrame({"x": [1]})) == (1,)


def test_rows_of_one_query_are_not_seen_by_the_next() -> None:
    assert query_rows("SELECT max(x) FROM rows", pl.DataFrame({"x": [1]})) == (1,)
    assert query_rows("SELECT max(x) FROM rows", pl.DataFrame({"x": [2]})) == (2,)
