"""The kinds of declared checks: a function that declares each, and in its module how it is evaluated."""

from trivium.checks.kinds.between import between
from trivium.checks.kinds.coverage import coverage
from trivium.checks.kinds.fresh import fresh
from trivium.checks.kinds.matches import matches
from trivium.checks.kinds.one_of import one_of
from trivium.checks.kinds.row_count import row_count
from trivium.checks.kinds.rule import rule
from trivium.checks.kinds.unique import unique

__all__ = ["between", "coverage", "fresh", "matches", "one_of", "row_count", "rule", "unique"]
