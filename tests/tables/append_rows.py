"""Run by the tests as a process of its own: appends to a table, and says so after each commit.

Arguments: folder, writer's name, number of commits. Commit n of writer w has two rows and the idempotency key "w-n".
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

from trivium.store.store import connect
from trivium.tables.commit import commit_rows
from trivium.values.tables import TableSpec

SPEC = TableSpec("readings", key=("id",), watch="off")


def main(folder: Path, writer: str, commits: int) -> None:
    with connect(folder, actor=writer) as store:
        for number in range(commits):
            rows = pl.DataFrame({"id": [f"{writer}-{number}-a", f"{writer}-{number}-b"], "x": [number, number]})
            commit = commit_rows(store, SPEC, rows, idempotency_key=f"{writer}-{number}")
            print(number, commit.version, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
