"""What was answered is in the prediction table exactly once, whatever dies when."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from trivium.serving.endpoint import Endpoint
from trivium.serving.gateway_process import find_gateway
from trivium.serving.journal import Journal, Prediction, read_segment
from trivium.store.store import Store
from trivium.tables.read import read_version

Parcels = Callable[..., list[dict[str, Any]]]
COLLECT = """
import sys
from trivium.serving.collect import collect_predictions
from trivium.store.store import connect
with connect(sys.argv[1], actor="ada", durability="fast") as store:
    collect_predictions(store, store.catalog.endpoints.get_endpoint("parcels").spec)
"""


def kill_gateway(store: Store) -> None:
    """The gateway is dead, without a word."""
    gateway = find_gateway(store)
    assert gateway is not None
    os.kill(gateway.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while find_gateway(store) is not None and time.monotonic() < deadline:
        time.sleep(0.02)


def logged(store: Store, test: str) -> list[str]:
    """Request ids of one test in the prediction table, sorted, with repetitions."""
    ids = read_version(store, "parcels_predictions").collect()["request_id"]
    return sorted(each for each in ids if each.startswith(test))


def segments(store: Store) -> list[Path]:
    """The journal's files."""
    return sorted((store.settings.state / "journal" / "parcels").glob("*.jsonl"))


def test_a_gateway_killed_under_load_loses_and_doubles_no_answer(
    project: Store, live: Endpoint, parcels: Parcels
) -> None:
    ids = [f"load{n}" for n in range(20)]
    for place, id_ in enumerate(ids):
        live.predict(parcels(1, first=place), request_ids=[id_])
    kill_gateway(project)
    live.collect()
    live.close()
    live.start()
    live.predict(parcels(3), request_ids=["load18", "load19", "load20"])  # a client that tries again
    live.collect()
    assert logged(project, "load") == sorted([*ids, "load20"])
    assert segments(project) == []


def test_a_collector_killed_after_its_commit_doubles_nothing(project: Store, live: Endpoint, parcels: Parcels) -> None:
    live.predict(parcels(5), request_ids=[f"once{n}" for n in range(5)])
    environ = {**os.environ, "TRIVIUM_FAILPOINT": "collect:committed"}
    root = str(project.settings.root)
    died = subprocess.run([sys.executable, "-c", COLLECT, root], env=environ, check=False)
    assert died.returncode == -signal.SIGKILL
    assert len(segments(project)) == 1
    live.collect()
    assert logged(project, "once") == [f"once{n}" for n in range(5)]
    assert segments(project) == []


def test_a_torn_last_line_was_never_answered_and_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    whole = b'{"request_id":"r","version":1,"role":"champion","answered":true,"score":0.5,"record":{},'
    path.write_bytes(whole + b'"asked_at":"2024-03-01T00:00:00Z","latency_ms":1.0}\n' + whole)
    assert [each.request_id for each in read_segment(path)] == ["r"]


def test_a_segment_that_is_still_written_to_is_not_collected(project: Store, live: Endpoint, parcels: Parcels) -> None:
    """A gateway that does not answer the health question in time (a busy machine) still writes."""
    live.predict(parcels(3), request_ids=["busy1", "busy2", "busy3"])
    gateway = find_gateway(project)
    assert gateway is not None
    (project.settings.state / "gateway.json").rename(project.settings.state / "away.json")
    live.collect()
    (project.settings.state / "away.json").rename(project.settings.state / "gateway.json")
    live.predict(parcels(1, first=9), request_ids=["busy4"])
    live.collect()
    assert logged(project, "busy") == ["busy1", "busy2", "busy3", "busy4"]


@pytest.mark.parametrize("cut", [0, 40])
def test_a_row_after_a_write_that_failed_is_kept(tmp_path: Path, cut: int) -> None:
    """A disk that was full for a moment leaves half a line; the next line is not glued to it."""
    journal = Journal(tmp_path, ids=iter("abc").__next__)
    row = Prediction("r1", 1, "champion", True, 0.5, {}, datetime(2024, 3, 1, tzinfo=UTC), 1.0)
    journal.append([row])
    size = next(tmp_path.glob("*.jsonl")).stat().st_size
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + cut, before[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            journal.append([row])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    journal.append([msgspec.structs.replace(row, request_id="r3")])
    journal.rotate()
    kept = [each.request_id for path in sorted(tmp_path.glob("*.jsonl")) for each in read_segment(path)]
    assert kept == ["r1", "r3"]
