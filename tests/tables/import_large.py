"""Run by the tests as a process of its own: imports files of one day of orders into a table that is checked.

Arguments: folder of the project, files, bytes of a group that is not large. Says the state of the commit, its rows, and
each result that failed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import trivium as tv
from trivium.tables import spool
from trivium.tables.import_source import import_source

CHECKS = [
    tv.rule("price IS NULL OR price >= 0"),
    tv.rule("distance < 90", severity="warn"),
    tv.coverage("note", at_least=0.6),
    tv.coverage("country", at_least=0.999, severity="warn"),
    tv.between("score", -20, 20),
    tv.between("distance", 1, None, severity="warn"),
    tv.one_of("kind", ["view", "click", "order", "return"]),
    tv.matches("session", r"S-\d+"),
    tv.unique("id"),
    tv.unique("session"),
]


def main(folder: Path, files: str, most: str) -> None:
    """One commit, of one partition."""
    spool.MOST_BYTES = int(most)
    orders = tv.Table("orders", key="id", time="at", checks=CHECKS)
    with tv.connect(folder) as store:
        done = import_source(store, orders.spec, files)
        print(done.state, done.rows, len(done.commits))
        for commit in done.commits:
            for judgement in store.catalog.tables.judgements(commit.id):
                failed = [result.check for result in judgement.results if not result.passed]
                print(judgement.partition, len(judgement.results), failed)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
