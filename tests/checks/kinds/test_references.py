"""Keys that refer to another table."""

from __future__ import annotations

import polars as pl
import pytest
from tests.checks.kinds.conftest import Around

from trivium.checks.kinds.references import judge_references, references
from trivium.checks.partition import Partition
from trivium.errors import Misuse
from trivium.store.store import Store
from trivium.tables.table import Table


def orders(*customers: object) -> Partition:
    return Partition("all", pl.DataFrame({"order": range(len(customers)), "customer": customers}))


def test_a_key_that_is_not_there_fails_and_null_refers_to_nothing(around: Around) -> None:
    found = judge_references(references("customer", "customers"), orders(1, 9, None, 4, 9), around())
    assert (found.passed, found.failing_rows) == (False, 2)
    assert [row["order"] for row in found.examples] == [1, 4]
    assert found.evidence["versions"] == {"customers": 1}


def test_the_other_tables_declared_key_is_meant_unless_one_is_named(around: Around) -> None:
    rows = Partition("all", pl.DataFrame({"address": ["a@x.org", "z@x.org"]}))
    found = judge_references(references("address", "customers", "email"), rows, around())
    assert found.failing_rows == 1


def test_without_a_declared_key_columns_of_the_same_names_are_meant(around: Around, store: Store) -> None:
    Table("visits", watch="off").append([{"customer": 1, "day": 2}, {"customer": 2, "day": 3}], store=store)
    rows = Partition("all", pl.DataFrame({"customer": [1, 1, 2, None], "day": [2, 3, 3, 9]}))
    assert judge_references(references(["customer", "day"], "visits"), rows, around()).failing_rows == 1


def test_the_newest_version_counts(around: Around, customers: Table, store: Store) -> None:
    check, rows = references("customer", "customers"), orders(9)
    assert not judge_references(check, rows, around()).passed
    customers.append([{"id": 9, "email": "i@x.org"}], store=store)
    assert judge_references(check, rows, around()).passed


def test_keys_in_another_width_are_compared_and_in_another_kind_of_type_they_fail(around: Around) -> None:
    narrow = Partition("all", pl.DataFrame({"customer": pl.Series([1, 9], dtype=pl.Int16)}))
    assert judge_references(references("customer", "customers"), narrow, around()).failing_rows == 1
    texts = judge_references(references("customer", "customers"), orders("1", "2"), around())
    assert not texts.passed
    assert "never equal to the Int64 of `id`" in texts.message


def test_a_table_that_was_never_published_has_no_keys(around: Around) -> None:
    found = judge_references(references("customer", "suppliers"), orders(1), around())
    assert not found.passed
    assert "no published version" in found.message


def test_a_column_that_the_other_table_lacks_fails_in_words(around: Around) -> None:
    found = judge_references(references("customer", "customers", "code"), orders(1), around())
    assert "no column `code` in table 'customers'" in found.message


def test_a_key_of_two_columns_cannot_be_meant_by_one(around: Around, store: Store) -> None:
    Table("stock", key=("shop", "item"), watch="off").append([{"shop": 1, "item": 2}], store=store)
    with pytest.raises(Misuse, match="whose key is shop, item"):
        judge_references(references("customer", "stock"), orders(1), around())


def test_a_table_may_refer_to_its_own_rows_new_and_old(around: Around) -> None:
    old = pl.DataFrame({"order": [1], "follows": [None]}, schema={"order": pl.Int64, "follows": pl.Int64})
    new = Partition("all", pl.DataFrame({"order": [2, 3], "follows": [1, 2]}))
    check = references("follows", "orders", "order")
    assert judge_references(check, new, around(old)).passed
    lost = Partition("all", pl.DataFrame({"order": [2, 3], "follows": [1, 7]}))
    assert judge_references(check, lost, around()).failing_rows == 1


def test_a_first_commit_may_refer_to_itself(around: Around) -> None:
    new = Partition("all", pl.DataFrame({"order": [1, 2], "follows": [2, 1]}))
    assert judge_references(references("follows", "orders", "order"), new, around()).passed


@pytest.mark.parametrize("values", [[], [None, None], [1, 1, 1]])
def test_empty_null_and_equal_columns_pass(around: Around, values: list[int | None]) -> None:
    rows = Partition("all", pl.DataFrame({"customer": pl.Series(values, dtype=pl.Int64)}))
    assert judge_references(references("customer", "customers"), rows, around()).passed


def test_nan_is_no_key(around: Around) -> None:
    assert judge_references(references("customer", "customers"), orders(1.0, float("nan")), around()).failing_rows == 1


def test_a_million_keys_are_compared(around: Around) -> None:
    rows = Partition("all", pl.DataFrame({"customer": pl.int_range(1_000_000, eager=True)}))
    assert judge_references(references("customer", "customers"), rows, around()).failing_rows == 999_996


@pytest.mark.parametrize("given", [([], None), (["a", "b"], "id"), ("a", ["x", "y"])])
def test_as_many_columns_as_the_key_has_are_needed(given: tuple[str, str | None]) -> None:
    with pytest.raises(Misuse, match="as many columns"):
        references(given[0], "customers", given[1])
