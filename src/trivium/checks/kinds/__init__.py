"""The kinds of declared checks: a function that declares each, and in its module how it is evaluated."""

from trivium.checks.kinds.between import between
from trivium.checks.kinds.coverage import coverage
from trivium.checks.kinds.distribution import distribution
from trivium.checks.kinds.fresh import fresh
from trivium.checks.kinds.function import check
from trivium.checks.kinds.matches import matches
from trivium.checks.kinds.one_of import one_of
from trivium.checks.kinds.query import query
from trivium.checks.kinds.references import references
from trivium.checks.kinds.row_count import row_count
from trivium.checks.kinds.rule import rule
from trivium.checks.kinds.schema import schema
from trivium.checks.kinds.unique import unique

__all__ = [
    "between",
    "check",
    "coverage",
    "distribution",
    "fresh",
    "matches",
    "one_of",
    "query",
    "references",
    "row_count",
    "rule",
    "schema",
    "unique",
]
