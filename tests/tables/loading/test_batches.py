"""Batches: what they hold, in which order, and that it is the same each time."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np
import polars as pl
import pytest

import trivium as tv
from trivium.errors import Misuse, NotFound
from trivium.store.store import Store
from trivium.tables.compact import compact_table
from trivium.tables.loading.batches import Batches, load_batches
from trivium.tables.loading.block import Block, cut_batches
from trivium.tables.loading.pieces import NATURAL, cut_pieces
from trivium.tables.loading.read_ahead import read_ahead

Load = Callable[..., Batches]
SHUFFLES = [None, "window", "full"]
NUMBERS = ["id", "x", "odd"]
EVENTS = tv.Table("events", key="id", time="moment", watch="off")


def ids(batches: Iterable[Any]) -> list[int]:
    """The ids of all rows, in order; of frames or of matrices whose first column they are."""
    return [int(each) for rows in batches for each in (rows["id"] if isinstance(rows, pl.DataFrame) else rows[:, 0])]


def test_without_a_shuffle_rows_come_as_they_are_stored(loaded: Store, load: Load) -> None:
    batches = list(load())
    assert [each.height for each in batches] == [16] * 15 + [10]
    assert pl.concat(batches).equals(EVENTS.read(store=loaded).collect())


@pytest.mark.parametrize("shuffle", SHUFFLES)
@pytest.mark.parametrize("as_", ["polars", "numpy"])
def test_each_row_comes_once_whatever_the_shuffle_and_the_form(load: Load, shuffle: str, as_: str) -> None:
    batches = load(shuffle=shuffle, as_=as_, columns=NUMBERS)
    assert sorted(ids(batches)) == list(range(250))
    assert len(batches) == len(list(batches)) == 16


@pytest.mark.parametrize("shuffle", ["window", "full"])
def test_a_seed_and_an_epoch_give_one_order_and_others_give_others(load: Load, shuffle: str) -> None:
    orders = {
        key: ids(load(shuffle=shuffle, columns=NUMBERS, seed=key[0], epoch=key[1])) for key in [(0, 0), (0, 1), (1, 0)]
    }
    assert orders[0, 0] == ids(load(shuffle=shuffle, columns=NUMBERS))
    assert len({tuple(order) for order in orders.values()} | {tuple(range(250))}) == 4


def test_a_batch_keeps_rows_together_and_types_as_they_are(loaded: Store, load: Load) -> None:
    rows = pl.concat(load(shuffle="window"))
    assert rows.sort("id").equals(EVENTS.read(store=loaded).collect().sort("id"))


def test_a_full_shuffle_gives_the_types_of_the_table_back(load: Load) -> None:
    rows = pl.concat(load(shuffle="full", columns=NUMBERS))
    assert rows.schema == {"id": pl.Int64, "x": pl.Float32, "odd": pl.Boolean}
    assert rows.sort("id").equals(pl.concat(load(columns=NUMBERS)).sort("id"))


def test_a_window_mixes_pieces_and_no_more_than_it_holds(load: Load) -> None:
    order = ids(load(shuffle="window", window=64))
    days = [{each // 40 for each in order[at : at + 64]} for at in range(0, 192, 64)]
    assert min(len(each) for each in days) >= 2
    assert all(len({each // 40 for each in order[at : at + 16]}) < 7 for at in range(0, 240, 16))


@pytest.mark.parametrize("shuffle", SHUFFLES)
def test_a_condition_leaves_rows_out_and_columns_are_those_asked_for(load: Load, shuffle: str) -> None:
    found = list(load(shuffle=shuffle, columns=["x", "id"], where="NAME LIKE '%7' AND moment < '2024-01-06'"))
    assert found[0].columns == ["x", "id"]
    assert sorted(ids(found)) == list(range(7, 200, 10))


def test_a_condition_that_no_row_meets_gives_no_batch(load: Load) -> None:
    for shuffle in SHUFFLES:
        assert list(load(shuffle=shuffle, columns=["x"], where="id < 0")) == []


@pytest.mark.parametrize("options", [{"columns": ["y"]}, {"where": "y > 1"}, {"columns": []}, {"columns": ["x", "x"]}])
def test_unknown_columns_are_refused_with_those_that_there_are(load: Load, options: dict[str, Any]) -> None:
    with pytest.raises(Misuse, match="it has id, moment, x, name, odd"):
        load(**options)


@pytest.mark.parametrize(
    "options",
    [
        {"shuffle": "some"},
        {"size": 0},
        {"window": 1},
        {"rank": 2, "world": 2},
        {"worker": -1},
        {"epoch": -1},
        {"as_": "x"},
    ],
)
def test_options_that_mean_nothing_are_refused(load: Load, options: dict[str, Any]) -> None:
    with pytest.raises(Misuse):
        load(**options)


def test_a_version_stays_the_one_it_was(loaded: Store, load: Load, events: Callable[..., pl.DataFrame]) -> None:
    before = load(shuffle="window")
    expected = ids(before)
    EVENTS.append(events(10, 250), store=loaded)
    EVENTS.delete("id < 100", store=loaded)
    assert ids(before) == expected
    assert ids(load_batches(loaded, "events", 2, size=16, window=64, shuffle="window")) == expected
    assert sorted(ids(load_batches(loaded, "events"))) == list(range(100, 260))
    with pytest.raises(NotFound):
        load_batches(loaded, "events", 9)


def test_a_compaction_changes_no_order(loaded: Store, load: Load) -> None:
    before = {shuffle: ids(load(shuffle=shuffle, columns=NUMBERS)) for shuffle in SHUFFLES}
    assert compact_table(loaded, "events")
    assert {shuffle: ids(load(shuffle=shuffle, columns=NUMBERS)) for shuffle in SHUFFLES} == before


@pytest.mark.parametrize("shuffle", SHUFFLES)
@pytest.mark.parametrize("start", [1, 7, 15, 16, 40])
def test_a_later_start_goes_on_where_the_batches_before_ended(load: Load, shuffle: str, start: int) -> None:
    whole = load(shuffle=shuffle, columns=NUMBERS, world=1)
    rest = load(shuffle=shuffle, columns=NUMBERS, start=start)
    assert ids(rest) == ids(whole)[start * 16 :]
    assert len(rest) == max(16 - start, 0)


def test_features_are_made_of_each_batch(load: Load) -> None:
    def double(rows: pl.DataFrame) -> pl.DataFrame:
        return rows.select(pl.col("id") * 2, size=pl.lit(rows.height))

    for shuffle in SHUFFLES:
        found = list(load(columns=["id", "x"], shuffle=shuffle, apply=double, as_="numpy"))
        assert sorted(ids(found)) == list(range(0, 500, 2))
        assert found[0][:, 1].tolist() == [16.0] * 16


def test_a_column_that_was_added_later_is_null_where_it_was_not(store: Store) -> None:
    table = tv.Table("wide", watch="off")
    table.append({"a": [1, 2]}, store=store)
    table.append({"a": [3, 4], "b": [0.5, 1.5]}, store=store)
    assert [rows["b"].to_list() for rows in load_batches(store, "wide", size=4)] == [[None, None, 0.5, 1.5]]
    matrix = next(iter(load_batches(store, "wide", size=4, as_="numpy", shuffle="full")))
    assert int(np.isnan(matrix).sum()) == 2


def test_a_source_goes_to_another_process_without_its_store(load: Load) -> None:
    batches = load(shuffle="window", where="id >= 100")
    assert ids(pickle.loads(pickle.dumps(batches))) == ids(batches)


def test_a_piece_is_what_the_engine_makes_a_row_group() -> None:
    assert cut_pieces([2_500_000], NATURAL)[:2] == [(0, 125_000), (125_000, 250_000)]
    assert cut_pieces([3, 0, 5], 2) == [(0, 1), (1, 3), (3, 4), (4, 6), (6, 8)]


def test_batches_are_cut_across_blocks() -> None:
    blocks = [Block(np.arange(each).reshape(-1, 1).astype(np.float32)) for each in (3, 1, 5, 2)]
    assert [len(rows) for rows in cut_batches(iter(blocks), 4, drop_last=False)] == [4, 4, 3]
    assert [len(rows) for rows in cut_batches(iter(blocks), 4, drop_last=True)] == [4, 4]


def test_reading_ahead_is_bounded_and_ends_with_the_reader() -> None:
    begun: list[int] = []

    def job(number: int) -> int:
        begun.append(number)
        return number

    results = read_ahead((partial(job, number) for number in range(100)), threads=2)
    assert [next(results), next(results)] == [0, 1]
    results.close()  # type: ignore[attr-defined]
    assert len(begun) <= 4


def test_an_error_while_reading_ahead_reaches_the_reader() -> None:
    def fail() -> int:
        raise NotFound("gone")

    results = read_ahead(iter([lambda: 1, fail]), threads=2)
    assert next(results) == 1
    with pytest.raises(NotFound, match="gone"):
        next(results)
