"""A store for one test, in a folder that goes with it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trivium.clock import Clock, system_clock
from trivium.settings import load_settings
from trivium.store.store import Store, open_store, use_store


@contextmanager
def temporary_store(*, actor: str = "tester", clock: Clock = system_clock) -> Iterator[Store]:
    """Inside the block, everything belongs to a new and empty store, which is gone afterwards.

    No setting of the project, the user or the environment has a say in it: the catalog is a file, nothing is sent
    anywhere, and no checkpoint is kept. actor: who acts. clock: what tells the time.
    """
    with tempfile.TemporaryDirectory(prefix="trivium-test-") as folder:
        environ = {"TRIVIUM_ROOT": folder, "HOME": folder}
        settings = load_settings(
            Path(folder), environ=environ, actor=actor, durability="fast", checkpoints="off", executor="local"
        )
        store = open_store(settings, clock=clock)
        try:
            with use_store(store):
                yield store
        finally:
            store.close()
