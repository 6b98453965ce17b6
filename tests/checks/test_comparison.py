"""Rules that only compare mean in polars what they mean in DuckDB."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, date, datetime
from itertools import product

import polars as pl
import pytest

from trivium.checks.comparison import as_comparison
from trivium.checks.expression import parse_expression
from trivium.checks.kinds.rule import judge_rules, rule
from trivium.checks.sandbox import query_rows

NUMBERS = [0.0, -0.0, 0.1, 1.0, -1.0, 1.5, 2.0**24, 2.0**24 + 2, math.nan, math.inf, -math.inf, None]
WHOLE = [0, 1, -1, 100, -100, 127, 2, None, 0, 1, 5, 10]
UNSIGNED = [0, 1, 255, 100, 2, None, 0, 1, 5, 10, 7, 200]
TEXTS = ["", "a", "A", "aa", "b", "é", "\u4e2d", "\U0001f600", "1", "a\0", None, "z"]
TIMES = [datetime(2024, 1, 1), datetime(2024, 1, 1, 0, 0, 0, 1), datetime(1900, 1, 1), None] * 3  # noqa: DTZ001 # wall times
ROWS = pl.DataFrame(
    {
        **{f"i{bits}": pl.Series(WHOLE, dtype=dtype) for bits, dtype in ((8, pl.Int8), (32, pl.Int32))},
        "i64": pl.Series([2**63 - 1, -(2**63), 2**53 + 1, *WHOLE[3:]], dtype=pl.Int64),
        "j64": pl.Series([2**63 - 2, -(2**63), 2**53, *WHOLE[3:][::-1]], dtype=pl.Int64),
        "u8": pl.Series(UNSIGNED, dtype=pl.UInt8),
        "u32": pl.Series([2**32 - 1, *UNSIGNED[1:]], dtype=pl.UInt32),
        "u64": pl.Series([2**64 - 1, *UNSIGNED[1:]], dtype=pl.UInt64),
        "v64": pl.Series([2**64 - 2, *UNSIGNED[1:][::-1]], dtype=pl.UInt64),
        "f32": pl.Series(NUMBERS, dtype=pl.Float32),
        "f64": pl.Series(NUMBERS, dtype=pl.Float64),
        "g64": pl.Series(NUMBERS[::-1], dtype=pl.Float64),
        "text": TEXTS,
        "other": TEXTS[::-1],
        "flag": [True, False, None] * 4,
        "mark": [True, True, None, False] * 3,
        "day": [date(2024, 1, 1), date(1, 1, 1), None] * 4,
        "made": TIMES,
        "due": TIMES[1:] + TIMES[:1],
        "zoned": pl.Series([None if time is None else time.replace(tzinfo=UTC) for time in TIMES]),
    }
)
SIGNS = ("=", "<>", "<", "<=", ">", ">=")
CONSTANTS = (
    *("0", "1", "-1", "1000", "16777216", "-16777216", "16777217", "3000000000"),
    *("0.1", "-1.5", "1.50", "'a'", "''"),
)


def test_comparisons_are_those_of_duckdb() -> None:
    columns = ROWS.columns
    compared = [f"{one} {sign} {other}" for one, sign, other in product(columns, SIGNS, (*columns, *CONSTANTS))]
    turned = [f"{constant} {sign} {one}" for constant, sign, one in product(CONSTANTS, SIGNS, columns)]
    between = [f"{one} BETWEEN {low} AND 100" for one, low in product(columns, CONSTANTS)]
    assert compare_engines([*compared, *turned, *between]) > 1_000


def test_logic_of_nulls_is_that_of_duckdb() -> None:
    atoms = ("f64 > 0", "i64 <= 1", "text IS NULL", "NOT made IS NOT NULL", "flag = mark", "i8 BETWEEN 0 AND 5")
    pairs = [f"{first} {word} {second}" for first, word, second in product(atoms, ("AND", "OR"), atoms)]
    deeper = [f"NOT ({pair}) OR ({other})" for pair, other in product(pairs, atoms)]
    nulls = [f"{column} IS {word} NULL" for column, word in product(ROWS.columns, ("", "NOT"))]
    asked = [*pairs, *deeper, *nulls]
    assert compare_engines(asked) == len(asked)


@pytest.mark.parametrize(
    "text",
    ["1 < 2", "flag", "f64 + 1 > 0", "rowid > 1", "f64 > NULL", "i64 > 0.5", "f64 > '1'", "text > 1", "i8 > f64",
     "text COLLATE NOCASE = 'A'", "abs(f64) > 1", "ROWS.f64 > 1", " AND ".join(["f64 > 0"] * 100)],
)  # fmt: skip
def test_what_is_more_than_comparing_is_left_to_duckdb(text: str) -> None:
    assert as_comparison(parse_expression(text).tree, ROWS.schema) is None


def test_columns_whose_names_differ_in_capitals_are_left_to_duckdb() -> None:
    tree = parse_expression("x > 0").tree
    assert as_comparison(tree, {"X": pl.Int64()}) is not None
    assert as_comparison(tree, {"X": pl.Int64(), "x": pl.Int64()}) is None


def test_rules_that_hold_and_rules_that_fail_keep_their_places() -> None:
    texts = ["i8 IS NULL OR i8 < 1000", "f64 > 0", "abs(f64) >= 0 OR f64 IS NULL", "u8 >= 0 OR u8 IS NULL"]
    found = judge_rules([rule(text) for text in texts], ROWS)
    assert [outcome.expected for outcome in found] == [f"{text} for every row" for text in texts]
    assert [outcome.passed for outcome in found] == [True, False, True, True]
    assert [outcome.message for outcome in found][::3] == [f"{text}: all 12 rows pass" for text in texts[::3]]


def compare_engines(texts: Iterable[str]) -> int:
    """How many of the expressions are compared by polars; each of them gives what DuckDB gives."""
    read = {text: as_comparison(parse_expression(text).tree, ROWS.schema) for text in texts}
    ours = ROWS.select(**{text: expression for text, expression in read.items() if expression is not None})
    theirs = query_rows(f"SELECT {', '.join(f'list({text})' for text in ours.columns)} FROM rows", ROWS)  # ours
    assert dict(zip(ours.columns, theirs, strict=True)) == ours.to_dict(as_series=False)
    return ours.width
