"""The PyTorch dataset, alone and in a loader with workers."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

import trivium as tv
from trivium.errors import Misuse
from trivium.store.store import Store

torch = pytest.importorskip("torch")

# Polars warns in each forked process; that it is not called there is what these tests are about.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:RuntimeWarning", "ignore:.*fork:DeprecationWarning")
Make = Callable[..., Any]


@pytest.fixture
def make(loaded: Store) -> Make:
    """A dataset of `events` with small batches and windows."""

    def dataset(**options: Any) -> Any:
        manner = {"size": 16, "window": 64, "columns": ["id", "x"], "shuffle": "window", **options}
        return tv.Table("events").torch_dataset(store=loaded, **manner)

    return dataset


def loader(dataset: Any, workers: int = 0, context: str | None = None, **more: Any) -> Any:
    return torch.utils.data.DataLoader(
        dataset, batch_size=None, num_workers=workers, multiprocessing_context=context, **more
    )


def ids(batches: Any) -> list[int]:
    return [int(each) for batch in batches for each in batch[:, 0]]


def halve(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(pl.col("x") / 2)


@pytest.mark.parametrize("shuffle", [None, "window", "full"])
def test_batches_are_float_tensors_that_can_be_written_to(make: Make, shuffle: str) -> None:
    batch = next(iter(make(shuffle=shuffle)))
    batch += 1
    assert (batch.dtype, tuple(batch.shape)) == (torch.float32, (16, 2))


@pytest.mark.parametrize("shuffle", [None, "window", "full"])
def test_two_workers_give_each_row_once(make: Make, shuffle: str) -> None:
    dataset = make(shuffle=shuffle, where="id >= 50 AND name <> 'n60'")
    found = list(loader(dataset, 2, "fork"))
    assert sorted(ids(found)) == [each for each in range(50, 250) if each != 60]
    assert [ids([each]) for each in found[::2]] == [ids([each]) for each in dataset.batches(0, 2)]
    assert [ids([each]) for each in found[1::2]] == [ids([each]) for each in dataset.batches(1, 2)]


def test_features_are_made_in_workers_that_were_not_forked(make: Make) -> None:
    found = list(loader(make(apply=halve, where="name <> 'n60'"), 1, "forkserver"))
    assert sorted(ids(found)) == [each for each in range(250) if each != 60]
    assert all(torch.equal(batch[:, 0] / 2, batch[:, 1]) for batch in found)
    with pytest.raises(Misuse, match="multiprocessing_context='forkserver'"):
        list(loader(make(apply=halve), 1, "fork"))


def test_an_epoch_that_is_set_reaches_workers_that_stay(make: Make) -> None:
    dataset = make()
    kept = loader(dataset, 2, "fork", persistent_workers=True)
    orders = []
    for epoch in (0, 1, 0):
        dataset.set_epoch(epoch)
        orders.append(ids(kept))
    assert orders[0] == orders[2] != orders[1]


def test_ranks_share_an_epoch_in_as_many_steps(make: Make) -> None:
    steps = [list(make(rank=rank, world=3, even=True)) for rank in range(3)]
    assert {len(each) for each in steps} == {6}
    assert set(ids(batch for each in steps for batch in each)) == set(range(250))


@pytest.mark.parametrize("shuffle", [None, "window", "full"])
def test_a_state_goes_on_after_the_batches_that_were_taken(make: Make, shuffle: str) -> None:
    dataset = make(shuffle=shuffle, epoch=3)
    batches = iter(dataset)
    for _ in range(5):
        next(batches)
    state = dataset.state_dict()
    rest = ids(batches)
    again = make(shuffle=shuffle)
    again.load_state_dict(state)
    assert ids(again) == rest
    assert dataset.state_dict()["batches"] == 16
    again.set_epoch(4)
    assert len(ids(again)) == 250


@pytest.mark.parametrize("taken", [1, 4, 7, 15])
def test_a_state_goes_on_in_a_loader_with_workers(make: Make, taken: int) -> None:
    dataset = make(epoch=1)
    whole = [ids([batch]) for batch in loader(dataset, 2, "fork")]
    again = make()
    again.load_state_dict(dataset.state_dict(batches=taken))
    rest = [ids([batch]) for batch in loader(again, 2, "fork")]
    assert sorted(rest) == sorted(whole[taken:])


def test_a_state_of_another_loading_is_refused(make: Make) -> None:
    state = make().state_dict()
    for other in ({"seed": 1}, {"columns": ["x"]}, {"size": 8}, {"where": "id > 1"}, {"world": 2}):
        with pytest.raises(Misuse, match="another loading"):
            make(**other).load_state_dict(state)


def test_a_dataset_is_pickled_without_anything_open(make: Make) -> None:
    dataset = make(epoch=2)
    copy = pickle.loads(pickle.dumps(dataset))
    assert (ids(copy), copy.version) == (ids(dataset), 2)
