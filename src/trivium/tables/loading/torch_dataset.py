"""A version's rows as a PyTorch `IterableDataset`. The one file that needs PyTorch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Unpack

from trivium.digest import digest_of
from trivium.errors import Misuse
from trivium.store.store import Store
from trivium.tables.loading.batches import Batches, prepare_loading
from trivium.tables.loading.manner import Manner, TorchOptions, check_manner
from trivium.tables.loading.shard import Shard
from trivium.tables.loading.torch_import import import_torch

torch = import_torch()
IterableDataset: Any = torch.utils.data.IterableDataset


class TableDataset(IterableDataset):  # type: ignore[misc] # PyTorch is optional, so its types are not known here
    """Batches of a pinned version as tensors (n, columns), for `DataLoader(dataset, batch_size=None, num_workers=...)`.

    A worker of the loader gets its own share of this rank's batches. Nothing that is open crosses into it: it reads the
    files by itself. Call `set_epoch` before each epoch, as with PyTorch's own distributed sampler; loaders with
    `persistent_workers` see it too.
    """

    def __init__(
        self,
        store: Store,
        name: str,
        version: int | None = None,
        **options: Unpack[TorchOptions],
    ) -> None:
        """See `load_batches` for the options. rank, world: those of `torch.distributed` where it is initialised."""
        super().__init__()
        self.rank, self.world = _place(options.pop("rank", None), options.pop("world", None))
        epoch = options.pop("epoch", 0)
        columns, where = options.pop("columns", None), options.pop("where", None)
        manner = check_manner(Manner(as_="torch", **options))  # type: ignore[misc] # what is left is Manner's fields
        self._prepared = prepare_loading(store, name, version, columns, where, manner=manner)
        # (epoch, batches to leave out, batches taken), in memory that the loader's workers share.
        self._state = torch.tensor([epoch, 0, 0], dtype=torch.int64).share_memory_()

    @property
    def version(self) -> int:
        """The number of the version that is read."""
        return self._prepared.source.version.version

    def batches(self, worker: int = 0, workers: int = 1) -> Batches:
        """What the worker of so many would read now."""
        epoch, start, _ = self._state.tolist()
        # A loader takes a batch from each worker in turn, so this one has given every `workers`-th.
        given = -(-max(start - worker, 0) // workers)
        return Batches(self._prepared, epoch, Shard(self.rank, self.world, worker, workers), given)

    def __iter__(self) -> Iterator[Any]:
        info = torch.utils.data.get_worker_info()
        if info is not None:
            yield from self.batches(info.id, info.num_workers)
            return
        self._state[2] = self._state[1]
        for batch in self.batches():
            self._state[2] += 1
            yield batch

    def set_epoch(self, epoch: int) -> None:
        """The next iteration is this epoch, from its first batch."""
        self._state.copy_(torch.tensor([epoch, 0, 0]))

    def state_dict(self, batches: int | None = None) -> dict[str, Any]:
        """Where this rank is in its epoch, for `load_state_dict`.

        batches: how many were trained on; a loader with workers reads ahead, so say it there. None: as many as were
        taken from this very dataset.
        """
        epoch, _, taken = self._state.tolist()
        return {"loading": self._identity(), "epoch": epoch, "batches": taken if batches is None else batches}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """The next iteration goes on after the batches that the state tells of. Workers must be as many as they were.

        Raises Misuse when the state is of another version or of other options.
        """
        if state["loading"] != self._identity():
            raise Misuse(
                f"This state is of another loading than that of {self._prepared.source.version.table!r} version "
                f"{self.version} with these options; make the dataset with the version and the options of then."
            )
        self._state.copy_(torch.tensor([state["epoch"], state["batches"], state["batches"]]))

    def _identity(self) -> str:
        version, manner = self._prepared.source.version, self._prepared.manner
        where = version.where.text if version.where else ""
        shape = [manner.size, manner.shuffle, manner.window, manner.seed, manner.drop_last, manner.even]
        return digest_of("loading", [version.digest, version.columns, where, shape, self.rank, self.world])


def _place(rank: int | None, world: int | None) -> tuple[int, int]:
    distributed = torch.distributed
    if rank is None and world is None and distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return rank or 0, world or 1
