"""Run by the tests as a process of its own: imports a file into the table `readings`.

Arguments: folder, file. Says each commit that is done.
"""

from __future__ import annotations

import sys
from pathlib import Path

from trivium.store.store import connect
from trivium.tables import spool
from trivium.tables.import_source import Progress, import_source
from trivium.values.tables import TableSpec

SPEC = TableSpec("readings", key=("id",), time="at", watch="off")


def tell(progress: Progress) -> None:
    """A line for each commit."""
    if progress.step == "committing":
        print(progress.commits, progress.rows, flush=True)


def main(folder: Path, file: str) -> None:
    """Partitions are committed one by one, so that there are many commits."""
    spool.MOST_ROWS = 1
    with connect(folder, actor="ada") as store:
        import_source(store, SPEC, file, tell=tell)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
