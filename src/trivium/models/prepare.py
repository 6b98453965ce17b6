"""What a model derives from its raw inputs: SQL expressions, the same path in training and in serving."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from trivium.errors import Misuse, SchemaMismatch
from trivium.frames import to_frame

DATE_PARTS = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|\b(?:EXTRACT|DATE_PART)\s*\(|[()]", re.IGNORECASE)
Stage = list[pl.Expr]


def prepare(rows: Any, expressions: Mapping[str, str]) -> pl.DataFrame:
    """The rows with the derived columns behind them; an expression may use those before it.

    rows: a frame of any kind. expressions: {new column: SQL expression over the columns}.

    Raises Misuse for an expression that is not SQL, SchemaMismatch when the rows lack a column that it needs.
    """
    return derive(to_frame(rows), compile_stages(list(expressions.items())))


def compile_stages(expressions: Sequence[tuple[str, str]]) -> list[Stage]:
    """The expressions, grouped so that each stage needs only columns of the stages before it."""
    stages: list[Stage] = []
    made: set[str] = set()
    for name, text in expressions:
        expression = compile_expression(name, text)
        if not stages or made & {*expression.meta.root_names(), name}:
            stages.append([])
            made = set()
        stages[-1].append(expression)
        made.add(name)
    return stages


def compile_expression(name: str, text: str) -> pl.Expr:
    """The column of this name, computed by an SQL expression. Raises Misuse when it is not one."""
    try:
        return pl.sql_expr(widen_date_parts(text)).alias(name)
    except pl.exceptions.PolarsError as error:
        raise Misuse(f"The expression {text!r} of column {name!r} is not SQL that we understand: {error}.") from None


def derive(frame: pl.DataFrame, stages: Sequence[Stage]) -> pl.DataFrame:
    """The frame with the columns of every stage. Raises SchemaMismatch when an expression cannot be computed."""
    for stage in stages:
        try:
            frame = frame.with_columns(stage)
        except pl.exceptions.PolarsError as error:
            names = ", ".join(expression.meta.output_name() for expression in stage)
            raise SchemaMismatch(
                f"The prepared columns {names} cannot be computed: {str(error).splitlines()[0]}. "
                f"The rows have {frame.columns}."
            ) from None
    return frame


def widen_date_parts(text: str) -> str:
    """The expression with each EXTRACT(...) and DATE_PART(...) as a 64-bit number.

    Polars gives hours, minutes and weekdays as 8-bit integers, so that `EXTRACT(hour FROM t) * 60` would overflow
    without a word.
    """
    pieces, end, open_calls, depth = list[str](), 0, list[int](), 0
    for token in _tokens(text):
        word = token.group()
        if word.endswith("(") and len(word) > 1:
            pieces += [text[end : token.start()], "CAST(", word]
            open_calls.append(depth)
        else:
            pieces.append(text[end : token.end()])
        end = token.end()
        depth += word.endswith("(") - (word == ")")
        if word == ")" and open_calls and open_calls[-1] == depth:
            open_calls.pop()
            pieces.append(" AS BIGINT)")
    return "".join([*pieces, text[end:]])


def _tokens(text: str) -> Iterator[re.Match[str]]:
    return DATE_PARTS.finditer(text)
