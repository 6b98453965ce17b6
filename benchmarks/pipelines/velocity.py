"""How long the velocity report of a catalog of 100,000 runs takes, all of them in its weeks or a quarter of them.

`python benchmarks/pipelines/velocity.py [RUNS]`. Four tasks a run, three of them reused, 20 pipelines, ten people, and
almost every run an experiment, which is the most work for the report. The goal: well under a second.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from trivium.digest import digest_bytes
from trivium.settings import load_settings
from trivium.store.catalog.sql.rows import json_text
from trivium.store.sqlite import open_sqlite
from trivium.store.store import open_store
from trivium.tracking.velocity import measure_velocity

RUNS, WEEKS, REPEATS = 100_000, 12, 5
END = datetime(2024, 6, 1, tzinfo=UTC)
RUN = (
    "INSERT INTO runs (id, pipeline, status, parameters, inputs, code, environment, actor, started_at, ended_at, "
    "executed, cached, saved, metrics, tags) VALUES (?, ?, 'succeeded', ?, ?, ?, 'e', ?, ?, ?, 1, 3, 15, ?, '{}')"
)
TASK = (
    "INSERT INTO task_runs (run, node, task, key, status, started_at, ended_at, outputs, upstream, reason, log, parts) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, '[]', '[]', 'code changed', ?, '')"
)
TASKS = ("load", "features", "train", "evaluate")


def digest(text: str) -> str:
    """64 hex digits."""
    return digest_bytes(text.encode())


def moment(number: int, runs: int) -> str:
    """When a run started."""
    return (END - timedelta(weeks=WEEKS) * (1 - number / runs)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def make_runs(runs: int) -> Iterator[tuple[object, ...]]:
    """Runs of pipelines whose code changes every 500 runs."""
    inputs = json_text([{"table": "flights", "version": 3, "digest": digest("flights")}])
    for number in range(runs):
        pipeline, at = f"pipeline-{number % 20}", moment(number, runs)
        code = json_text({"digest": digest(f"{pipeline} {number // 500}"), "file": "pipelines/lateness.py"})
        parameters = json_text({"depth": number * 7919 % 2000, "rate": 0.1, "columns": ["origin", "dest"]})
        person = f"person-{number * 31 % 101 % 10}"
        yield f"{number:026d}", pipeline, parameters, inputs, code, person, at, at, '{"auc":0.71,"brier":0.16}'


def make_tasks(runs: int) -> Iterator[tuple[object, ...]]:
    """Four tasks of each run, the last one executed."""
    for number in range(runs):
        at = moment(number, runs)
        for task in TASKS:
            status = "executed" if task == TASKS[-1] else "cached"
            key = digest(f"{task} {number if status == 'executed' else number // 5000}")
            yield f"{number:026d}", task, task, key, status, at, at, "a line of the log\n" * 8


def main() -> None:
    """The measured times."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(Path(folder), environ={"TRIVIUM_ROOT": folder}, checkpoints="off")
        store = open_store(settings, clock=lambda: END)
        database = open_sqlite(store.settings.state / "catalog.db", synchronous="OFF", patience=60)
        database.execute("BEGIN")
        database.executemany(RUN, make_runs(runs))
        database.executemany(TASK, make_tasks(runs))
        database.execute("COMMIT")
        database.close()
        for weeks in (WEEKS, WEEKS // 4):
            times, work = [], []
            for _ in range(REPEATS):
                start, busy = time.perf_counter(), time.process_time()
                total = measure_velocity(store, since=timedelta(weeks=weeks)).total
                times.append(time.perf_counter() - start)
                work.append(time.process_time() - busy)
            print(
                f"{weeks:>2} weeks: {total.runs:,} of {runs:,} runs, {total.experiments:,} experiments: "
                f"{min(times):.2f} s (median {sorted(times)[REPEATS // 2]:.2f} s), {min(work):.2f} s of a processor"
            )
        store.close()


if __name__ == "__main__":
    main()
