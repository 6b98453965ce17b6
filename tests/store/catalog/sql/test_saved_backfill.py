"""A catalog of before runs knew what they saved knows it afterwards."""

from __future__ import annotations

from collections.abc import Callable

from trivium.store.catalog.sql.database import Database
from trivium.store.catalog.sql.migration import migrations
from trivium.store.catalog.sql.runs import SqlRuns

RUN = (
    "INSERT INTO runs (id, pipeline, status, parameters, inputs, code, environment, actor, started_at, executed, "
    "cached, metrics, tags) VALUES (?, 'p', 'succeeded', '{}', '[]', '{\"digest\":\"c\"}', 'e', 'ada', "
    "'2024-01-01T00:00:00.000000Z', 1, ?, '{}', '{}')"
)
TASK = (
    "INSERT INTO task_runs (run, node, task, key, status, started_at, ended_at, outputs, upstream, reason, log, parts) "
    "VALUES (?, 'x', 'x', 'k', ?, '2024-02-28T23:59:59.500000Z', ?, '[]', '[]', '', '', '')"
)


def test_what_runs_saved_before_the_upgrade_is_known_afterwards(opened: Callable[..., Database]) -> None:
    before = opened(steps=migrations()[:11])
    with before.write() as tx:
        for number, (cached, status) in enumerate([(0, "executed"), (1, "cached")]):
            tx.execute(RUN, f"run-{number}", cached)
            tx.execute(TASK, f"run-{number}", status, "2024-02-29T00:00:01.500000Z")
    before.close()
    runs = SqlRuns(opened())
    assert [round(runs.get_run(name).saved, 3) for name in ("run-0", "run-1")] == [0.0, 2.0]
