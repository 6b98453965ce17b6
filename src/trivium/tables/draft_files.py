"""The files of a draft: gone again when the draft comes to nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from trivium.errors import OutcomeUnknown, TriviumError
from trivium.store.store import Store


@contextmanager
def files_of_draft(store: Store) -> Iterator[Store]:
    """Yields a store. What is written through it is deleted when the block fails before anybody could know of it.

    Nothing is deleted after an error that leaves it open whether the draft was recorded: garbage collection, which
    asks the catalog, takes those files.
    """
    lake, written = store.lake.noting()
    try:
        yield replace(store, lake=lake)
    except TriviumError as error:
        if not leaves_open(error):
            for path in written:
                store.lake.delete(path)
        raise


def leaves_open(error: TriviumError) -> bool:
    """Whether a transaction that failed so may have been stored all the same: its classes say which were not."""
    return type(error) is TriviumError or isinstance(error, OutcomeUnknown)
