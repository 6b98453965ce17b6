"""What a machine has, and what a task asks of it."""

from __future__ import annotations

import os
import re

from trivium.errors import Misuse

ONE_THREAD = dict.fromkeys(
    (
        "POLARS_MAX_THREADS", "RAYON_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS",
        "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
    ),
    "1",
)  # fmt: skip # variables that make libraries compute on one thread
UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "KI": 2**10, "MI": 2**20, "GI": 2**30, "TI": 2**40}
FORM = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]I?|)B?\s*", re.IGNORECASE)


def parse_memory(text: str | None) -> int:
    """Bytes of "512MB", "4GB" or "2GiB"; 0 of None. Raises Misuse for anything else."""
    if text is None:
        return 0
    found = FORM.fullmatch(text)
    if found is None:
        raise Misuse(f'memory={text!r} is no amount of memory; write "512MB" or "4GB".')
    return int(float(found[1]) * UNITS[found[2].upper()])


def cores_of_machine() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory_of_machine() -> int:
    """The machine's memory in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
