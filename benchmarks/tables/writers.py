"""Four processes append to one table at once: commits a second, errors seen, rows lost or doubled; beside Delta Lake.

python benchmarks/tables/writers.py
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl

import trivium as tv

ROWS = 1_000
OURS = """
import sys
import polars as pl
import trivium as tv
folder, writer, commits = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
errors = 0
with tv.connect(folder) as store:
    table = tv.Table("events", watch="off")
    sys.stdin.readline()
    for number in range(commits):
        rows = pl.DataFrame({"writer": [writer] * 1000, "number": [number] * 1000, "row": range(1000)})
        try:
            table.append(rows, store=store)
        except Exception as error:
            errors += 1
            print(repr(error), file=sys.stderr)
print(errors)
"""
DELTA = """
import sys
import polars as pl
from deltalake import write_deltalake
folder, writer, commits = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
errors = 0
sys.stdin.readline()
for number in range(commits):
    rows = pl.DataFrame({"writer": [writer] * 1000, "number": [number] * 1000, "row": range(1000)})
    try:
        write_deltalake(folder, rows.to_arrow(), mode="append")
    except Exception as error:
        errors += 1
        print(repr(error)[:200], file=sys.stderr)
print(errors)
"""


def race(script: str, folder: Path, writers: int, commits: int) -> tuple[float, int]:
    """(seconds, errors seen) of that many writers, started together."""
    made = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(folder), str(number), str(commits)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for number in range(writers)
    ]  # fmt: skip
    time.sleep(3)  # imports and opening are not what is measured
    start = time.perf_counter()
    for process in made:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    answers = [process.communicate()[0] for process in made]
    return time.perf_counter() - start, sum(int(answer) for answer in answers)


def tell(name: str, seconds: float, errors: int, rows: pl.DataFrame, expected: int) -> float:
    """One line; returns commits a second."""
    commits = rows.select("writer", "number").unique().height
    doubled = rows.height - rows.unique().height
    rate = commits / seconds
    print(
        f"{name:>10}: {rate:6.1f} commits/s, {errors} errors seen, {expected - commits} lost, {doubled} rows doubled, "
        f"{rows.height - doubled - commits * ROWS} rows of broken commits"
    )
    return rate


def main() -> None:
    """Prints a line for each kind."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--writers", type=int, default=4)
    parser.add_argument("--commits", type=int, default=100)
    options = parser.parse_args()
    expected = options.writers * options.commits
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        with tv.connect(root / "project") as store:
            tv.Table("events", watch="off").append({"writer": [-1], "number": [-1], "row": [-1]}, store=store)
        seconds, errors = race(OURS, root / "project", options.writers, options.commits)
        with tv.connect(root / "project") as store:
            rows = tv.Table("events").read(store=store).filter(pl.col("writer") >= 0).collect()
        ours = tell("trivium", seconds, errors, rows, expected)
        try:
            from deltalake import DeltaTable, write_deltalake  # noqa: PLC0415 # optional
        except ImportError:
            print(" deltalake: not installed")
            return
        first = pl.DataFrame({"writer": [-1], "number": [-1], "row": [-1]})
        write_deltalake(str(root / "delta"), first.to_arrow())
        seconds, errors = race(DELTA, root / "delta", options.writers, options.commits)
        rows = pl.DataFrame(DeltaTable(root / "delta").to_pyarrow_table()).filter(pl.col("writer") >= 0)
        print(f"trivium / deltalake: {ours / tell('deltalake', seconds, errors, rows, expected):.1f} x")


if __name__ == "__main__":
    main()
