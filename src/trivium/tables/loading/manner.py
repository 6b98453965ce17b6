"""How rows become batches: everything that a caller may say about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypedDict, get_args

import polars as pl
from msgspec import Struct

from trivium.errors import Misuse
from trivium.tables.loading.matrix import Precision

Shuffle = Literal["window", "full"]
Form = Literal["polars", "numpy", "torch"]
Feature = Callable[[pl.DataFrame], pl.DataFrame]

WINDOW_ROWS = 1 << 19


class Manner(Struct, frozen=True):
    """How rows become batches of `size` rows; see `load_batches` for what each means."""

    size: int = 4096
    shuffle: Shuffle | None = None
    window: int = WINDOW_ROWS
    seed: int = 0
    drop_last: bool = False
    even: bool = False
    as_: Form = "polars"
    precision: Precision = "float32"
    apply: Feature | None = None


class LoadOptions(TypedDict, total=False):
    """What to load and how, as keywords; see `load_batches`."""

    columns: Sequence[str] | None
    where: str | None
    size: int
    shuffle: Shuffle | None
    window: int
    seed: int
    epoch: int
    drop_last: bool
    even: bool
    precision: Precision
    apply: Feature | None


class TorchOptions(LoadOptions, total=False):
    """What `Table.torch_dataset` takes: a rank of None is that of `torch.distributed`."""

    rank: int | None
    world: int | None


class BatchOptions(LoadOptions, total=False):
    """What `Table.batches` takes."""

    rank: int
    world: int
    worker: int
    workers: int
    start: int
    as_: Form


def check_manner(manner: Manner) -> Manner:
    """The manner itself. Raises Misuse for what cannot mean anything."""
    for name, value, known in (
        ("shuffle", manner.shuffle, (None, *get_args(Shuffle))),
        ("as_", manner.as_, get_args(Form)),
        ("precision", manner.precision, get_args(Precision)),
    ):
        if value not in known:
            raise Misuse(f"{name}={value!r} is not known; it is one of {', '.join(map(repr, known))}.")
    for name, number, least in (("size", manner.size, 1), ("window", manner.window, 2), ("seed", manner.seed, 0)):
        if number < least:
            raise Misuse(f"{name}={number!r} has to be {least} or more.")
    return manner
