"""Shards: every row in one of them, and as many batches in each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trivium.tables.loading.batches import Batches, Prepared
from trivium.tables.loading.pieces import (
    Piece,
    count_batches,
    cut_pieces,
    group_spans,
    skip_blocks,
    take_spans,
    wrap,
)
from trivium.tables.loading.shard import Shard, share_of
from trivium.tables.loading.shuffle import ALL, PIECES, chance, shuffled

SHARDS = st.tuples(st.integers(1, 6), st.integers(1, 4))


def shards(world: int, workers: int) -> list[Shard]:
    return [Shard(rank, world, worker, workers) for rank in range(world) for worker in range(workers)]


@settings(max_examples=200, deadline=None)
@given(
    st.tuples(st.lists(st.integers(0, 40), max_size=12), st.integers(1, 50)),
    SHARDS,
    st.integers(1, 20),
    st.randoms(use_true_random=False),
    st.integers(1, 60),
)
def test_every_wanted_row_is_in_one_shard(
    cut: tuple[list[int], int], places: tuple[int, int], size: int, random: Random, window: int
) -> None:
    pieces = [Piece(start, stop, random.randint(0, stop - start)) for start, stop in cut_pieces(*cut)]
    order = [pieces[at] for at in shuffled(len(pieces), chance(0, 0, PIECES))]
    total = sum(piece.matching for piece in pieces)
    seen: Counter[tuple[int, int]] = Counter()
    counts = []
    for shard in shards(*places):
        first, last = share_of(total, shard, even=False, drop_last=False)
        blocks = list(group_spans(take_spans(order, first, last), window))
        rows = [(span.piece.start, at) for block in blocks for span in block for at in range(span.first, span.last)]
        assert all(sum(span.rows for span in block) >= window for block in blocks[:-1])
        assert len(rows) == last - first
        seen.update(rows)
        counts.append(count_batches(len(rows), size, drop_last=False))
    assert seen == Counter({(piece.start, at): 1 for piece in pieces for at in range(piece.matching)})
    assert max(counts) - min(counts) <= 1
    assert counts == sorted(counts, reverse=True)


@given(st.integers(0, 300), SHARDS, st.integers(1, 20), st.booleans())
def test_even_shards_have_as_many_batches_and_lose_or_repeat_a_row_each_at_most(
    total: int, places: tuple[int, int], size: int, drop_last: bool
) -> None:
    every = shards(*places)
    shares = [share_of(total, shard, even=True, drop_last=drop_last) for shard in every]
    seen = Counter(at for share in shares for start, stop in wrap(*share, total) for at in range(start, stop))
    assert len({count_batches(last - first, size, drop_last=drop_last) for first, last in shares}) == 1
    assert sum(abs(seen[at] - 1) for at in range(total)) < len(every)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=10), st.integers(1, 40), st.integers(0, 400))
def test_what_is_skipped_is_not_read(lengths: list[int], window: int, skip: int) -> None:
    pieces = [Piece(start, stop, stop - start) for start, stop in cut_pieces(lengths, 8)]
    total = sum(lengths)
    blocks = list(group_spans(take_spans(pieces, 0, total), window))
    rows = [
        at
        for block in blocks
        for span in block
        for at in range(span.piece.start + span.first, span.piece.start + span.last)
    ]
    left = [
        at
        for _, taken, block in skip_blocks(iter(blocks), skip)
        for at in [a for span in block for a in range(span.piece.start + span.first, span.piece.start + span.last)][
            taken:
        ]
    ]
    assert left == rows[skip:]
    assert [number for number, _, _ in skip_blocks(iter(blocks), 0)] == list(range(len(blocks)))


@given(st.integers(0, 3000), st.integers(0, 5), st.integers(0, 5))
def test_an_order_has_every_row_once_and_is_repeated_by_its_seed(rows: int, seed: int, epoch: int) -> None:
    order = shuffled(rows, chance(seed, epoch, ALL))
    assert np.array_equal(np.sort(order), np.arange(rows))
    assert np.array_equal(order, shuffled(rows, chance(seed, epoch, ALL)))


def test_orders_stay_what_they_were_in_earlier_releases() -> None:
    assert shuffled(8, chance(1, 2, ALL)).tolist() == [0, 7, 1, 5, 6, 3, 4, 2]
    assert shuffled(1, chance(1, 2, ALL)).tolist() == [0]


@pytest.mark.parametrize("shuffle", [None, "window", "full"])
@pytest.mark.parametrize("places", [(1, 3), (2, 2), (3, 1)])
def test_shards_of_a_table_have_every_row_once(
    load: Callable[..., Batches], shuffle: str, places: tuple[int, int]
) -> None:
    base = load(shuffle=shuffle, columns=["id"], as_="numpy", where="id % 3 > 0", epoch=4, seed=9)
    prepared: Prepared = base.prepared
    every = [Batches(prepared, 4, shard) for shard in shards(*places)]
    found = [int(each) for batches in every for matrix in batches for each in matrix[:, 0]]
    assert sorted(found) == [each for each in range(250) if each % 3]
    assert max(map(len, every)) - min(map(len, every)) <= 1


def test_shards_see_other_rows_in_each_epoch(load: Callable[..., Batches]) -> None:
    first = {
        int(each) for matrix in load(shuffle="window", columns=["id"], as_="numpy", world=2) for each in matrix[:, 0]
    }
    again = load(shuffle="window", columns=["id"], as_="numpy", world=2, epoch=1)
    assert first != {int(each) for matrix in again for each in matrix[:, 0]}


def test_a_full_shuffle_prefers_no_place() -> None:
    """Each row is at each place equally often: chi-square over 16 x 16 cells, 225 degrees of freedom, z of 4."""
    rows, epochs = 64, 500
    cells = np.zeros((16, 16))
    for epoch in range(epochs):
        order = shuffled(rows, chance(7, epoch, ALL))
        np.add.at(cells, (order // 4, np.arange(rows) // 4), 1)
    expected = rows * epochs / cells.size
    z = (((cells - expected) ** 2 / expected).sum() - 225) / np.sqrt(2 * 225)
    assert abs(z) < 4


def test_neighbours_do_not_stay_neighbours() -> None:
    order = shuffled(100_000, chance(3, 0, ALL))
    assert abs(np.corrcoef(order[:-1], order[1:])[0, 1]) < 0.02
    assert abs(np.corrcoef(order, np.arange(100_000))[0, 1]) < 0.02
    assert int((np.diff(order) == 1).sum()) < 10
