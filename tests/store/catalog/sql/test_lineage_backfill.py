"""A catalog of before lineage knows afterwards what its runs had read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trivium.store.catalog.sql.database import Database
from trivium.store.catalog.sql.lineage import SqlLineage
from trivium.store.catalog.sql.migration import migrations
from trivium.values.lineage import Read

INSERT = (
    "INSERT INTO runs VALUES (?, 'p', 'succeeded', '{}', ?, '{}', 'e', 'ada', '2024-01-01T00:00:00.000000Z', NULL, "
    "NULL, NULL, 0, 0, '{}', '{}', NULL)"
)


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_what_runs_read_before_the_upgrade_is_lineage_afterwards(place: Path, opened: Callable[..., Database]) -> None:
    before = opened(steps=migrations()[:2])
    inputs = '[{"table":"flights","version":3,"digest":"d"},{"table":"weather","version":7,"digest":"e"}]'
    with before.write() as tx:
        tx.execute(INSERT, "run-1", inputs)
        tx.execute(INSERT, "run-2", "[]")
    before.close()
    lineage = SqlLineage(opened())
    assert lineage.reads_of("run-1") == [
        Read("run-1", "", "table", "flights", 3), Read("run-1", "", "table", "weather", 7),
    ]  # fmt: skip
    assert lineage.reads_of("run-2") == []
    assert lineage.runs_reading("weather", [7]) == ["run-1"]
