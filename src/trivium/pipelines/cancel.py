"""Ending a run that is going on, from anywhere that the catalog can be reached."""

from __future__ import annotations

import time
from collections.abc import Callable

from trivium.store.store import Store
from trivium.values.runs import Run

PATIENCE = 15.0
LOOK = 0.1


def cancel_run(store: Store, run_id: str, *, sleep: Callable[[float], None] = time.sleep) -> Run:
    """The run has ended: cancelled, or as it ended before it could be.

    Its process looks twice a second whether it is wanted. When it does not answer for 15 seconds it is gone, or busy
    inside a task of its own process, and the run is recorded as cancelled all the same: it stops when it looks again.
    """
    runs = store.catalog.runs
    run = runs.cancel(run_id, actor=store.actor)
    for _ in range(round(PATIENCE / LOOK)):
        if run.status != "cancelling":
            return run
        sleep(LOOK)
        run = runs.get_run(run.id)
    return runs.finish(run.id, status="cancelled", at=store.clock(), error="its process did not answer")
