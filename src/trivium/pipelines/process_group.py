"""The workers of a task as PyTorch's process group."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from trivium.pipelines.context import current_worker
from trivium.pipelines.member import split_host
from trivium.pipelines.worker import Worker
from trivium.tables.loading.torch_import import import_torch

MEETING = timedelta(minutes=10)
SETTLING = 0.2


@contextmanager
def process_group(backend: str = "gloo") -> Iterator[Any]:
    """Inside the block the workers of this task are the default group of `torch.distributed`, which it gives.

    A group of one where the task has one worker or is just called. backend: "gloo", "nccl" with GPUs. The workers wait
    up to ten minutes for each other. Raises MissingExtra without PyTorch.
    """
    worker, distributed = current_worker(), import_torch().distributed
    if not distributed.is_initialized():
        place = {"rank": worker.rank, "world_size": worker.world_size}
        distributed.init_process_group(backend, store=_meet(distributed, worker), **place)
    try:
        yield distributed
    finally:
        # A group that is destroyed waits for its threads and keeps Python's lock, for which one of them waits that is
        # giving a tensor back: for ever (PyTorch 2.13, gloo). Several workers keep theirs, as their processes end with
        # the task; of one worker the threads get the time to be done.
        if worker.world_size == 1:
            time.sleep(SETTLING)
            distributed.destroy_process_group()


def _meet(distributed: Any, worker: Worker) -> Any:
    if worker.world_size == 1:
        return distributed.HashStore()
    host, port = split_host(worker.hosts[0])
    return distributed.TCPStore(host, int(port), worker.world_size, worker.is_first, timeout=MEETING)
