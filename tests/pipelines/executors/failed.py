"""The task that fails, as tests of executors look at it."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import NamedTuple

import pytest

from trivium.errors import TaskFailed
from trivium.store.store import Store

Module = Callable[..., ModuleType]


class Failed(NamedTuple):
    """A task that failed for good. earlier: why each attempt failed after which it was tried again."""

    message: str
    log: str
    earlier: list[str]


def run_that_fails(store: Store, user: ModuleType, **parameters: object) -> Failed:
    """Runs the module's pipeline `whole`, in which one task fails."""
    with pytest.raises(TaskFailed) as failed:
        user.whole.run(store=store, **parameters)
    (task,) = [each for each in store.catalog.runs.list_tasks(store.catalog.runs.list_runs()[0].id) if each.error]
    return Failed(str(failed.value), task.log, [each.error for each in task.attempts])
