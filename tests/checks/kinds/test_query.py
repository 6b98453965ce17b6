"""Queries that return the rows that offend."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from tests.checks.kinds.conftest import Around

from trivium.checks.kinds.query import judge_query, parse_query, query
from trivium.checks.partition import Partition
from trivium.errors import Misuse
from trivium.store.store import Store
from trivium.tables.table import Table

ORDERS = Partition("all", pl.DataFrame({"order": [10, 11, 12], "customer": [1, 2, 9], "open": [True, True, True]}))
LOST = "SELECT * FROM rows WHERE open AND customer NOT IN (SELECT id FROM customers)"


def test_every_open_order_has_a_customer(around: Around) -> None:
    found = judge_query(query(LOST), ORDERS, around())
    assert (found.passed, found.failing_rows, found.message) == (False, 1, f"{LOST}: 1 row found, expected none")
    assert [row["order"] for row in found.examples] == [12]
    assert found.evidence["versions"] == {"customers": 1}
    assert judge_query(query(LOST), Partition("all", ORDERS.rows.head(2)), around()).passed


def test_the_own_name_is_the_table_as_it_will_be(around: Around) -> None:
    twice = query("SELECT customer FROM orders GROUP BY customer HAVING count(*) > 1")
    assert judge_query(twice, ORDERS, around()).passed
    assert judge_query(twice, ORDERS, around(ORDERS.rows)).failing_rows == 3


def test_earlier_partitions_of_the_same_commit_are_in_the_table(around: Around) -> None:
    later = around().extended(Partition("a", ORDERS.rows))
    found = judge_query(query("SELECT 1 FROM orders HAVING count(*) <> 6"), Partition("b", ORDERS.rows), later)
    assert found.passed


def test_five_rows_are_examples_and_all_are_counted(around: Around) -> None:
    found = judge_query(query("SELECT * FROM rows, range(1000)"), ORDERS, around())
    assert (found.failing_rows, len(found.examples)) == (3000, 5)


def test_columns_of_the_same_name_are_told_apart(around: Around) -> None:
    found = judge_query(query('SELECT * FROM rows a JOIN rows b ON a."order" = b."order"'), ORDERS, around())
    assert list(found.examples[0]) == ["order", "customer", "open", "order_1", "customer_1", "open_1"]


def test_common_table_expressions_are_no_tables() -> None:
    sql = "WITH lost AS (SELECT * FROM rows), more AS (FROM lost) SELECT * FROM more JOIN Customers USING (id)"
    assert parse_query(sql).tables == ("customers",)


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "-- nothing",
        "orders are fine",
        "SELEC 1",
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP TABLE customers",
        "DELETE FROM rows",
        "INSERT INTO rows VALUES (1)",
        "UPDATE rows SET customer = 1",
        "CREATE TABLE x AS FROM rows",
        "DROP TABLE rows",
        "TRUNCATE rows",
        "COPY rows TO 'stolen.csv'",
        "COPY (SELECT * FROM rows) TO 'stolen.parquet'",
        "EXPORT DATABASE 'stolen'",
        "ATTACH 'other.db'",
        "DETACH memory",
        "USE memory",
        "INSTALL httpfs",
        "LOAD httpfs",
        "PRAGMA database_list",
        "PRAGMA table_info('rows')",
        "CALL pragma_version()",
        "SET enable_external_access = true",
        "RESET lock_configuration",
        "BEGIN",
        "CHECKPOINT",
        "VACUUM",
        "EXPLAIN SELECT 1",
        "EXPLAIN ANALYZE SELECT 1",
        "PREPARE p AS SELECT 1",
        "EXECUTE p",
        "DESCRIBE rows",
        "SHOW TABLES",
        "SUMMARIZE rows",
        "SELECT * FROM (SHOW TABLES)",
        "SELECT * FROM (DESCRIBE rows)",
        "PIVOT rows ON customer",
        "WITH x AS (INSERT INTO rows VALUES (1) RETURNING *) SELECT * FROM x",
        "WITH x AS (DELETE FROM rows RETURNING *) FROM x",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_blob('/etc/passwd')",
        "SELECT * FROM READ_PARQUET('*.parquet')",
        "SELECT * FROM glob('*')",
        "SELECT * FROM query('SELECT 1')",
        "SELECT * FROM query_table('rows')",
        "SELECT * FROM duckdb_settings()",
        "SELECT * FROM pragma_table_info('rows')",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM memory.main.rows",
        "SELECT * FROM rows WHERE EXISTS (SELECT 1 FROM read_csv('/etc/passwd'))",
        "SELECT (SELECT max(content) FROM read_text('/etc/passwd')) FROM rows",
        "WITH a AS (FROM read_json('x.json')) FROM a",
        "SELECT * FROM rows, LATERAL (FROM sniff_csv('x'))",
        "SELECT getenv('HOME') FROM rows",
        "SELECT * FROM rows WHERE write_log('x') IS NULL",
        "SELECT nextval('s') FROM rows",
        "SELECT current_setting('home_directory') FROM rows",
        "SELECT * FROM rows WHERE customer = $1",
        "SELECT * FROM rows WHERE customer = ?",
        "SELECT * INTO x FROM rows",
        "FROM (" * 2000 + "rows" + ")" * 2000,
    ],
)
def test_what_is_not_one_select_over_tables_is_refused_when_it_is_declared(sql: str) -> None:
    with pytest.raises(Misuse, match="is not a query for a check"):
        query(sql)


@pytest.mark.parametrize("name", ["secret.csv", "/etc/passwd", "https://example.org/x.parquet"])
def test_a_file_is_no_table(around: Around, tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n")
    found = judge_query(query(f"SELECT * FROM '{tmp_path / name if name.startswith('s') else name}'"), ORDERS, around())
    assert not found.passed
    assert "no published version of table" in found.message


def test_a_file_behind_the_name_of_a_common_table_expression_is_not_read(around: Around, tmp_path: Path) -> None:
    file = tmp_path / "secret.csv"
    file.write_text("a\n1\n")
    sql = f'SELECT * FROM \'{file}\', (WITH "{file}" AS (SELECT 1) FROM "{file}"), customers'
    found = judge_query(query(sql), ORDERS, around())
    assert not found.passed
    assert not found.examples


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM range(10000000) a, range(10000000) b WHERE a.range + b.range < 0",
        "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n % 7 FROM t) SELECT n FROM t WHERE n > 9",
        "SELECT sum(a.range * b.range) AS x FROM range(10000000) a, range(10000000) b, customers HAVING x < 0",
        "SELECT * FROM rows WHERE list_sum(list_transform(range(20000), lambda y: list_sum(range(y)))) < customer",
    ],
)
def test_a_query_that_never_ends_is_stopped_and_fails(around: Around, sql: str) -> None:
    found = judge_query(query(sql), ORDERS, around(), limit=0.3)
    assert not found.passed
    assert "took over 0.3 s and was stopped" in found.message


def test_a_query_after_one_that_was_stopped_runs(around: Around) -> None:
    endless = query("SELECT sum(a.range * b.range) FROM range(9999999) a, range(9999999) b")
    judge_query(endless, ORDERS, around(), limit=0.1)
    assert judge_query(query("FROM rows WHERE customer > 99"), ORDERS, around(), limit=30).passed


def test_a_missing_column_is_misuse_that_names_it(around: Around) -> None:
    with pytest.raises(Misuse, match="price"):
        judge_query(query("SELECT * FROM rows WHERE price > 0"), ORDERS, around())


def test_an_error_of_computing_fails_in_words(around: Around) -> None:
    rows = Partition("all", pl.DataFrame({"code": ["1", "two"]}))
    found = judge_query(query("SELECT * FROM rows WHERE CAST(code AS INTEGER) > 1"), rows, around())
    assert not found.passed
    assert "cannot be evaluated" in found.message


def test_a_column_of_another_type_fails_in_words(around: Around) -> None:
    rows = Partition("all", pl.DataFrame({"code": [[1]]}))
    assert "cannot be evaluated" in judge_query(query("FROM rows WHERE code > 5"), rows, around()).message


def test_dividing_by_zero_offends_nobody(around: Around) -> None:
    assert judge_query(query("SELECT * FROM rows WHERE 1 // (customer - customer) > 0"), ORDERS, around()).passed


def test_a_table_whose_rows_are_all_deleted_is_empty(around: Around, customers: Table, store: Store) -> None:
    customers.delete("id > 0", store=store)
    assert judge_query(query(LOST), ORDERS, around()).failing_rows == 3


def test_hyphens_in_the_names_of_tables_are_quoted(around: Around, store: Store) -> None:
    Table("price-list", watch="off").append([{"item": 1}], store=store)
    assert judge_query(query('SELECT * FROM "price-list"'), ORDERS, around()).failing_rows == 1


def test_times_with_a_zone_and_long_texts_are_shown_in_examples(around: Around) -> None:
    rows = pl.DataFrame({"at": [0], "text": ["x" * 10_000_000]}).with_columns(
        pl.col("at").cast(pl.Datetime("us", "UTC"))
    )
    (example,) = judge_query(query("FROM rows"), Partition("all", rows), around()).examples
    assert example["at"].year == 1970
    assert len(example["text"]) == 201


def test_values_of_a_type_that_no_frame_has_are_counted(around: Around) -> None:
    found = judge_query(query("SELECT INTERVAL 1 MONTH AS i, union_value(k := 1) AS u FROM rows"), ORDERS, around())
    assert found.failing_rows == 3


@pytest.mark.parametrize("sql", ["FROM rows", "SELECT r.* FROM rows r JOIN customers c ON r.customer = c.id"])
def test_an_empty_partition_offends_nobody(around: Around, sql: str) -> None:
    assert judge_query(query(sql), Partition("all", ORDERS.rows.head(0)), around()).passed


def test_columns_about_persons_are_masked_under_every_name(around: Around) -> None:
    sql = "SELECT r.customer, c.email, c.email AS contact FROM rows r JOIN customers c ON r.customer = c.id"
    found = judge_query(query(sql), ORDERS, around())
    assert found.examples[0] == {"customer": 1, "email": "***", "contact": "***"}


def test_a_query_is_its_own_name_unless_it_is_long() -> None:
    assert query("FROM  rows\n WHERE x").name == "FROM rows WHERE x"
    assert len(query(f"FROM rows WHERE x IN ({', '.join(['1'] * 200)})").name) == 100
    assert query("FROM rows;", name="none").name == "none"
