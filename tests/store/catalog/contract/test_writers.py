"""What every catalog guarantees to writers in many processes."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from trivium.errors import StoreBusy
from trivium.store.catalog import Catalog
from trivium.store.catalog.sql.database import Database

PROCESSES, WRITES = 8, 25
START = """
import sys
from datetime import UTC, datetime
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from trivium.clock import system_clock
from trivium.store.catalog import open_catalog
from trivium.store.catalog.tables import Draft
from trivium.values.tables import Column, Commit, DataFile
place, number, writes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
catalog = open_catalog(place if "://" in place else Path(place), clock=system_clock)
print('ready', flush=True)
input()
"""
END = "\ncatalog.close()"
APPEND = (
    START + "for _ in range(writes): catalog.events.append('drill.made', f'writer-{number}', {}, actor='ada')" + END
)
PUBLISH = (
    START
    + """
for turn in range(writes):
    name = f'{number}-{turn}'
    file = DataFile(f'flights/{name}', 'all', 10, 100, 'd' * 64)
    commit = Commit(name, 'flights', None, 'valid', 'append', ('all',), 0, (Column('a', 'Int64'),), (file,), (),
        actor='ada', run=None, committed_at=datetime.now(UTC), idempotency_key=f'batch-{turn}')
    print(catalog.tables.publish(Draft(commit, (), ()), actor='ada').id)
"""
    + END
)


def run_at_once(place: Path | str, script: str, writes: int) -> list[str]:
    """What each of the processes printed; none may fail."""
    command = [sys.executable, "-W", "error", "-c", script, str(place)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    started = [
        subprocess.Popen([*command, str(number), str(writes)], **pipes)  # type: ignore[call-overload]
        for number in range(PROCESSES)
    ]
    assert [process.stdout.readline() for process in started] == ["ready\n"] * PROCESSES
    for process in started:
        process.stdin.write("\n")
        process.stdin.flush()
    ends = [(*process.communicate(), process.returncode) for process in started]
    assert [(errors, status) for _, errors, status in ends] == [("", 0)] * PROCESSES
    return [printed for printed, _, _ in ends]


def test_writers_in_many_processes_lose_nothing_and_number_without_gaps(place: Path | str, catalog: Catalog) -> None:
    run_at_once(place, APPEND, WRITES)
    events = catalog.events.list_events()
    assert [event.seq for event in events] == list(range(1, PROCESSES * WRITES + 1))
    assert Counter(event.subject for event in events) == {f"writer-{each}": WRITES for each in range(PROCESSES)}
    assert catalog.events.verify().problems == ()


def test_processes_that_publish_the_same_commits_at_once_publish_each_once(place: Path | str, catalog: Catalog) -> None:
    answers = {tuple(printed.split()) for printed in run_at_once(place, PUBLISH, 5)}
    assert len(answers) == 1  # every process was told of the same five commits
    assert {commit.id for commit in catalog.tables.list_commits("flights")} == set(answers.pop())
    newest = catalog.tables.find_version("flights")
    assert newest is not None
    assert (newest.version, newest.rows) == (5, 50)
    assert len(catalog.events.list_events(kind="table.committed")) == 5


def test_waiting_for_a_writer_that_does_not_end_is_bounded(
    opened: Callable[..., Database], open_again: Callable[..., Catalog]
) -> None:
    patient, holder = open_again(patience=0.3), opened()
    with holder.write() as tx:
        tx.event("ada", "drill.made", "holder", {})
        began = time.monotonic()
        with pytest.raises(StoreBusy, match=r"by others for 0\.3 seconds, so nothing of this was stored.*Repeat it"):
            patient.events.append("drill.made", "waiter", {}, actor="ada")
        assert 0.2 < time.monotonic() - began < 10
    patient.events.append("drill.made", "waiter", {}, actor="ada")
    assert [event.subject for event in patient.events.list_events()] == ["holder", "waiter"]


def test_a_reader_does_not_wait_for_a_writer(opened: Callable[..., Database], catalog: Catalog) -> None:
    with opened().write() as tx:
        tx.event("ada", "drill.made", "x", {})
        assert catalog.events.list_events() == []
    assert len(catalog.events.list_events()) == 1


def test_a_writer_that_never_pauses_starves_nobody(open_again: Callable[..., Catalog]) -> None:
    greedy, modest = open_again(), open_again()
    modest_is_done = threading.Event()

    def write_on_and_on() -> int:
        for written in range(3000):
            greedy.events.append("drill.made", "greedy", {}, actor="ada")
            if modest_is_done.is_set():
                return written
        return 3000

    with ThreadPoolExecutor(1) as pool:
        greedy_writes = pool.submit(write_on_and_on)
        for _ in range(20):
            modest.events.append("drill.made", "modest", {}, actor="bob")
        modest_is_done.set()
        assert greedy_writes.result() < 3000
