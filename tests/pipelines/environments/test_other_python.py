"""Code for another version of Python goes by name, because compiled code means nothing there."""

from __future__ import annotations

import platform
from typing import Any

import pytest
from msgspec.structs import replace

from trivium.errors import UnsupportedValue
from trivium.pipelines.attempt import Attempt
from trivium.pipelines.executors.own_environment import is_other_python
from trivium.pipelines.executors.transport import Job, pack_job, unpack
from trivium.pipelines.task import task
from trivium.values.runs import Environment

OWN = Environment("e" * 64, ".".join(platform.python_version_tuple()[:2]), {})


@task
def double(n: int) -> int:
    return 2 * n


def job(of: Any, **arguments: Any) -> Job:
    return Job(Attempt("run", "double", of, arguments, "key"), "log")


def test_only_another_minor_version_is_another_python() -> None:
    assert not is_other_python(None)
    assert not is_other_python(OWN)
    assert not is_other_python(replace(OWN, python=platform.python_version()))
    assert is_other_python(replace(OWN, python="3.99"))


def test_a_task_of_a_module_goes_by_name() -> None:
    assert unpack(pack_job(job(double, n=1), by_name=True)).attempt.task.function is double.function


def test_what_is_only_here_is_refused() -> None:
    @task
    def inner(n: int) -> int:
        return n

    assert pack_job(job(inner, n=1))
    with pytest.raises(UnsupportedValue, match="another version of Python, which imports its code"):
        pack_job(job(inner, n=1), by_name=True)
    with pytest.raises(UnsupportedValue, match="give plain values"):
        pack_job(job(double, n=lambda: 1), by_name=True)
