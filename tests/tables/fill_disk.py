"""Run by the tests as a process of its own: the disk is full while a table is changed, and then it is not.

Argument: folder. Prints one line of JSON for each act and place: the error, whether all was as before, and whether the
same process could do it afterwards. No file may grow beyond a limit meanwhile, which is what a full disk looks like.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from trivium.store.store import Store, connect
from trivium.tables.commit import commit_rows
from trivium.tables.compact import compact_table
from trivium.tables.delete import delete_rows
from trivium.tables.erase import erase_rows
from trivium.tables.read import read_version
from trivium.tables.together import Part, commit_parts
from trivium.tables.upsert import upsert_rows
from trivium.values.tables import TableSpec

SPEC = TableSpec("readings", key=("id",), watch="off")
OTHER = TableSpec("other", key=("id",), watch="off")
ROWS = 2000
Act = Callable[[Store], object]


def rows(start: int, count: int = ROWS) -> pl.DataFrame:
    """Rows that do not compress: a file of about sixteen bytes for each."""
    noise = np.random.default_rng(start).random(count)
    return pl.DataFrame({"id": range(start, start + count), "x": noise})


ACTS: dict[str, Act] = {
    "append": lambda store: commit_rows(store, SPEC, rows(10_000)),
    "overwrite": lambda store: commit_rows(store, SPEC, rows(20_000), operation="overwrite"),
    "upsert": lambda store: upsert_rows(store, SPEC, rows(21_000)),
    "together": lambda store: commit_parts(store, [Part(SPEC, rows(30_000)), Part(OTHER, rows(30_000))]),
    "compact": lambda store: compact_table(store, "readings"),
    "delete": lambda store: delete_rows(store, "readings", "id % 100 = 0"),
    "erase": lambda store: erase_rows(store, "readings", "id % 100 = 1", because="asked for"),
}


def limit(size: int) -> None:
    """No file may grow beyond so many bytes; -1: as far as it likes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def state(store: Store) -> tuple[object, ...]:
    """What the tables hold, and which files there are."""
    tables = [spec.name for spec in store.catalog.tables.list_specs() if store.catalog.tables.newest_version(spec.name)]
    held = [(name, store.catalog.tables.newest_version(name), read_version(store, name).collect()) for name in tables]
    digests = [(name, version, int(found.hash_rows().sum() or 0)) for name, version, found in held]
    files = sorted(path.name for path in store.lake.root.rglob("*") if path.is_file() and "_delta_log" not in str(path))
    return (*digests, files)


def attempt(store: Store, name: str, place: str, size: int) -> None:
    """One act while no file grows beyond the size, and once more without a limit."""
    before = state(store)
    limit(size)
    try:
        ACTS[name](store)
        told = "no error"
    except Exception as error:  # whatever it is, the test wants to see it
        told = f"{type(error).__name__}: {error}"
    finally:
        limit(-1)
    whole = state(store) == before
    found = {"act": name, "place": place, "error": told, "as before": whole}
    if place == "catalog":
        ACTS[name](store)
        found["works again"] = state(store) != before
    print(json.dumps(found), flush=True)


def main(folder: Path) -> None:
    """Each act, with no room for its rows, then with none for the catalog's log."""
    with connect(folder, actor="ada") as store:
        for start in (0, 5000):
            commit_rows(store, SPEC, rows(start))
            commit_rows(store, OTHER, rows(start))
        for name in ACTS:
            attempt(store, name, "rows", 4096)
            attempt(store, name, "catalog", (store.settings.state / "catalog.db-wal").stat().st_size + 100)
        print(json.dumps({"problems": len(store.catalog.events.verify().problems)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
