"""How long the terminal's lists take in a project with 100,000 runs, 1,000 tables, 1,000 models and 20,000 alerts.

`python benchmarks/pipelines/lists.py [RUNS [POSTGRESQL_URL]]` makes the project in a temporary folder, with facts only
(those of `staleness.py`, and the runs with two tasks each), and tells the processor time of each command, its start
included: the best of three.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

from staleness import DERIVED, START, fill

from trivium.store.catalog.sql.database import Database, Transaction
from trivium.store.store import connect
from trivium.values.alerts import Alert
from trivium.values.runs import ArtifactRef, Code, Run, TaskRun

ALERTS = 20_000
COMMANDS = (
    "--version",
    "tables list",
    "tables list --stale",
    "tables show made-7",
    "models list",
    "models show model-7",
    "lineage show made-7",
    "runs list",
    "runs list --pipeline pipeline-7",
    "runs list --status failed",
    "runs show run-000070",
    "runs velocity --since 52w",
    "alerts list",
    "alerts list --state open",
    "alerts show alert-000070",
    "pipelines list",
    "triggers list",
    "endpoints list",
    "gc --dry-run",
)


def main(runs: int, url: str | None) -> None:
    """Each command and its seconds."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "trivium.toml").write_text(f'store = "{url}"\n' if url else "")
        with connect(folder, actor="ada", durability="fast") as store:
            fill(store.catalog, runs)
            database = store.catalog.database
            assert isinstance(database, Database)
            with database.write() as tx:
                for number in range(runs):
                    add_run(tx, number, runs)
                for number in range(ALERTS):
                    add_alert(tx, number)
        for command in COMMANDS:
            print(f"{command:34} {min(measure(folder, command) for _ in range(3)):6.2f} s", flush=True)


def measure(folder: str, command: str) -> float:
    """Seconds of processor time that the command took."""
    before = getrusage(RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-m", "trivium", *command.split()], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        print(done.stderr[-300:])
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def add_run(tx: Transaction, number: int, runs: int) -> None:
    """A run of one of the pipelines, with two tasks, over three years; the last ones are of this year."""
    name, at = f"run-{number:06}", START + timedelta(days=1000) * (number / runs)
    code = Code(f"{number % 5000:064}", "flights.py")
    status = "failed" if number % 997 == 0 else "succeeded"
    tx.insert(
        "runs",
        Run(
            name, f"pipeline-{number % DERIVED}", status, {"depth": number % 100}, (), code, "e" * 64, "ada", at,
            ended_at=at, executed=2, metrics={"auc": 0.5},
        ),
    )  # fmt: skip
    for node in ("make", "check"):
        output = ArtifactRef("frame", f"{node}{number:060}", 100)
        task = TaskRun(name, node, node, f"{node}{number:060}", "executed", at, at, (output,))
        tx.insert("task_runs", task)
        tx.execute("INSERT INTO task_outputs VALUES (?, ?, ?)", output.digest, name, node)


def add_alert(tx: Transaction, number: int) -> None:
    """One in ten is open."""
    at, state = START + timedelta(hours=number), "resolved" if number % 10 else "open"
    tx.insert(
        "alerts",
        Alert(
            f"alert-{number:06}", f"made-{number % DERIVED}", "value", f"{at:%Y-%m-%d}", "coverage", "coverage", "warn",
            state, "coverage is 0.5", {"history": [0.5] * 50}, None, at,
        ),
    )  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000, sys.argv[2] if len(sys.argv) > 2 else None)
