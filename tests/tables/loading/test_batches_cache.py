"""The cache of a full shuffle: made once, whole or not at all, made again when it is damaged."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import trivium as tv
from trivium.errors import Misuse, NotFound, StorageFull
from trivium.store.store import Store
from trivium.tables.loading.batches import Batches, load_batches
from trivium.tables.loading.row_cache import PAGE, collect_row_caches, row_cache_folder

Load = Callable[..., Batches]
EVENTS = tv.Table("events", key="id", time="moment", watch="off")


def full(load: Load, **options: Any) -> Batches:
    return load(**{"shuffle": "full", "columns": ["id", "x"], "as_": "numpy", **options})


def files(store: Store) -> list[Path]:
    return sorted(path for path in row_cache_folder(store.settings).rglob("*") if ".rows" in path.name)


def ids(batches: Batches) -> list[int]:
    return [int(each) for matrix in batches for each in matrix[:, 0]]


def test_the_rows_are_cached_once_for_each_version_columns_and_condition(loaded: Store, load: Load) -> None:
    full(load)
    written = files(loaded)[0].stat().st_mtime_ns
    full(load, epoch=3, seed=5, world=2, size=7)
    assert [path.stat().st_mtime_ns for path in files(loaded)] == [written]
    full(load, columns=["x", "id"])
    full(load, where="id > 7")
    full(load, precision="float64")
    EVENTS.delete("id = 3", store=loaded)
    assert ids(full(load)).count(3) == 0
    assert len(files(loaded)) == 5


@pytest.mark.parametrize("at", [0, 50, PAGE + 11, -1])
def test_a_damaged_cache_is_made_again(loaded: Store, load: Load, at: int) -> None:
    expected = ids(full(load))
    path = files(loaded)[0]
    data = bytearray(path.read_bytes())
    data[at] ^= 0xFF
    path.write_bytes(data)
    assert ids(full(load)) == expected
    path.write_bytes(data[: len(data) // 2])
    assert ids(full(load)) == expected


def test_two_that_make_one_cache_at_once_make_no_mess(loaded: Store, load: Load) -> None:
    with_threads = [threading.Thread(target=lambda: full(load)) for _ in range(4)]
    for thread in with_threads:
        thread.start()
    for thread in with_threads:
        thread.join()
    assert len(files(loaded)) == 1
    assert sorted(ids(full(load))) == list(range(250))


LIMITED = """
import resource, sys
from trivium.errors import StorageFull
from trivium.store.store import connect
from trivium.tables.loading.batches import load_batches
with connect(sys.argv[1], actor="ada") as store:
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    try:
        load_batches(store, "events", shuffle="full", columns=["id", "x"])
    except StorageFull:
        print("full")
"""


def test_a_full_disk_leaves_nothing_behind(loaded: Store, load: Load) -> None:
    root = str(loaded.settings.root)
    done = subprocess.run([sys.executable, "-c", LIMITED, root], capture_output=True, text=True, check=False)
    assert done.stdout == "full\n", done.stderr
    assert files(loaded) == []
    assert sorted(ids(full(load))) == list(range(250))


def test_what_cannot_have_room_is_refused_before_anything_is_written(
    loaded: Store, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9, 9, 100))
    with pytest.raises(StorageFull, match="6,096 bytes, and 100 are free"):
        full(load)
    assert files(loaded) == []


def test_collected_caches_are_made_again_and_open_ones_go_on(loaded: Store, load: Load) -> None:
    batches = iter(full(load))
    seen = len(next(batches))
    assert collect_row_caches(loaded) == {}
    told = collect_row_caches(loaded, "events", grace=timedelta(0), dry_run=True)
    assert list(told.values()) == [PAGE + 250 * 2 * 4]
    assert collect_row_caches(loaded, grace=timedelta(0)) == told
    assert seen + sum(len(matrix) for matrix in batches) == 250
    assert files(loaded) == []
    assert sorted(ids(full(load))) == list(range(250))


def test_a_cache_that_went_away_says_so(loaded: Store, load: Load) -> None:
    batches = full(load)
    collect_row_caches(loaded, grace=timedelta(0))
    with pytest.raises(NotFound, match="start the loading again"):
        list(batches)


def test_an_erased_row_is_in_no_cache(loaded: Store, load: Load) -> None:
    full(load)
    EVENTS.erase("id = 77", because="asked", store=loaded)
    assert files(loaded) == []
    assert sorted(ids(full(load))) == [each for each in range(250) if each != 77]


def test_columns_of_other_kinds_are_refused_with_what_to_do(load: Load) -> None:
    with pytest.raises(Misuse, match=r"'name' \(String\) cannot be one: leave it out .* shuffle='window'"):
        full(load, columns=["name"])
    with pytest.raises(Misuse, match="take as_='polars'"):
        load(as_="numpy", columns=["moment"])


def test_integers_that_a_float_would_change_are_refused(store: Store) -> None:
    table = tv.Table("wide", watch="off")
    table.append({"id": [1, 2**24 + 1]}, store=store)
    for shuffle in ("full", "window", None):
        with pytest.raises(Misuse, match="say precision='float64'"):
            list(load_batches(store, "wide", shuffle=shuffle, as_="numpy"))
        matrix = next(iter(load_batches(store, "wide", shuffle=shuffle, as_="numpy", precision="float64")))
        assert sorted(matrix[:, 0]) == [1, 2**24 + 1]


def test_nulls_are_nan_in_a_matrix_and_null_again_in_a_frame(store: Store) -> None:
    rows = pl.DataFrame({"a": [1, None, 3], "b": [None, True, False], "c": [0.5, None, 1.5]})
    tv.Table("gaps", watch="off").append(rows, store=store)
    matrix = next(iter(load_batches(store, "gaps", as_="numpy")))
    assert matrix.dtype == np.float32
    assert np.isnan(matrix).sum() == 3
    found = next(iter(load_batches(store, "gaps", shuffle="full"))).sort("a", nulls_last=True)
    assert found["a"].to_list() == [1, 3, None]
    assert found["b"].to_list() == [None, False, True]
