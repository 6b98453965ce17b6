"""What failed in Spark, in one line: the cause, and not how it travelled through two machines."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import PurePath
from types import TracebackType
from typing import Any

from trivium.errors import SparkFailed

PACKAGES = ("pyspark.", "py4j.")
INSIDE = re.compile(r"(-packages|lib|python)[/\\](pyspark|py4j)[/\\.-]")
PLACE = re.compile(r'File "(.+?)", line (\d+), in (.+)')
IN_WORKER = "Traceback (most recent call last):"
LONGEST = 600


@contextmanager
def told_in_a_line(explain: Callable[[BaseException], str | None] = lambda error: None) -> Iterator[None]:
    """Inside the block, an error of Spark is a SparkFailed that says its cause; its traceback ends where Spark was
    called. explain: what to say of an error instead, if anything."""
    try:
        yield
    except Exception as error:
        if not is_of_spark(error):
            raise
        raise SparkFailed(explain(error) or cause_of(error)).with_traceback(_of_caller(error.__traceback__)) from None


def is_of_spark(error: BaseException) -> bool:
    """Whether Spark, or the connection to it, raised this."""
    return type(error).__module__.startswith(PACKAGES)


def is_broken(error: BaseException) -> bool:
    """Whether the connection to Spark's process may be in no state to go on."""
    return not isinstance(error, Exception) or (
        type(error).__name__ in ("Py4JError", "Py4JNetworkError") and is_of_spark(error)
    )


def condition_of(error: BaseException) -> str:
    """The name that Spark gives to what is wrong, such as "DIVIDE_BY_ZERO"; "" when it gives none."""
    find = getattr(error, "getCondition", None)
    return (find() if find is not None else None) or ""


def cause_of(error: BaseException) -> str:
    """The root of an error of Spark, in one line."""
    text = str(error)
    if IN_WORKER in text:
        return _of_worker(text)
    thrown = getattr(error, "java_exception", None)
    if thrown is not None:
        return _of_java(thrown)
    return _line(text, type(error).__name__)


def _of_java(thrown: Any) -> str:
    """What was thrown, and what was thrown first, where the one does not tell the other."""
    first = thrown
    while first.getCause() is not None:
        first = first.getCause()
    last, root = (_line(str(each.toString()), "an error without a message") for each in (thrown, first))
    said = root.partition(": ")[2] or root
    return last if said in last else f"{last} ({root})"


def _line(text: str, otherwise: str) -> str:
    line = next((each.strip() for each in text.splitlines() if each.strip()), otherwise)
    return line.partition(" SQLSTATE:")[0][:LONGEST]


def _of_worker(text: str) -> str:
    """What a Python function raised that Spark called in another process, with the last place that is not Spark's."""
    lines = text.rpartition(IN_WORKER)[2].strip("\n").splitlines()
    raised = next((line for line in lines if line and not line[0].isspace()), "an error without a name")
    found = [PLACE.search(line) for line in lines]
    places = [each.groups() for each in found if each and not INSIDE.search(each[1])]
    where = "".join(f" ({PurePath(file).name}:{line} in {name})" for file, line, name in places[-1:])
    return f"{raised[:LONGEST]}{where}"


def _of_caller(found: TracebackType | None) -> TracebackType | None:
    last, each = None, found
    while each is not None:
        if not INSIDE.search(each.tb_frame.f_code.co_filename):
            last = each
        each = each.tb_next
    if last is not None:
        last.tb_next = None
    return found
