"""What comes next is made while the reader is busy with what it has."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def read_ahead(jobs: Iterator[Callable[[], T]], *, threads: int) -> Iterator[T]:
    """The jobs' results in the jobs' order; `threads` of them are made, or wait to be taken, beside the one in use.

    0 threads: each is made when it is asked for. An error of a job is raised at its place, and no later job is begun.
    """
    if not threads:
        for job in jobs:
            yield job()
        return
    with ThreadPoolExecutor(threads, thread_name_prefix="trivium-read-ahead") as pool:
        waiting: deque[Future[T]] = deque()
        try:
            waiting.extend(pool.submit(job) for job in islice(jobs, threads))
            while waiting:
                result = waiting.popleft().result()
                waiting.extend(pool.submit(job) for job in islice(jobs, 1))
                yield result
                del result  # it is the reader's alone: what is kept here would be one more in memory
        finally:
            for left in waiting:
                left.cancel()
