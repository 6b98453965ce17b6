"""Run by the tests as a process of its own: appends rows of which a rule diverts some, and says so after each commit.

Arguments: folder, number of commits. Commit n has the row "n-good", and "n-bad" that the rule diverts.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

from trivium.checks.kinds import rule
from trivium.store.store import connect
from trivium.tables.commit import commit_rows
from trivium.values.tables import TableSpec

SPEC = TableSpec("readings", key=("id",), watch="off", checks=(rule("x > 0", severity="divert"),))


def main(folder: Path, commits: int) -> None:
    with connect(folder, actor="ada") as store:
        for number in range(commits):
            rows = pl.DataFrame({"id": [f"{number}-good", f"{number}-bad"], "x": [1, -1]})
            commit = commit_rows(store, SPEC, rows, idempotency_key=str(number))
            print(number, commit.version, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
