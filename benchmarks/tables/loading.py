"""Batches for training: unshuffled, by window, fully shuffled from the cache, and plain loops over the same file.

    python benchmarks/tables/loading.py [--rows N] [--columns N] [--size N] [--rounds N] [--json]

The peers are a loop over pyarrow's own batches, one that shuffles within pyarrow's row groups, and a shuffled loader of
PyTorch over rows in memory (a tenth of the rows). They need the packages pyarrow and torch; one that is missing is
reported as "not installed". The ways take turns, and each one's best round counts, because machines are shared. Then
three epochs of windows and of full shuffles are read in fresh processes, and each epoch's peak memory is told.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import trivium as tv
from trivium.store.store import Store
from trivium.tables.loading.batches import load_batches

NAME = "samples"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2_500_000)
    parser.add_argument("--columns", type=int, default=16)
    parser.add_argument("--size", type=int, default=4096)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--epochs-of", nargs=2, metavar=("FOLDER", "SHUFFLE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.epochs_of:
        tell_memory(*options.epochs_of, size=options.size)
        return
    with tempfile.TemporaryDirectory() as folder, tv.connect(folder, actor="bench", durability="fast") as store:
        file = make_table(store, options.rows, options.columns)
        rates = measure(ways(store, file, options.size), options.rounds)
        memory = {shuffle: ask_memory(folder, shuffle, options.size) for shuffle in ("window", "full")}
    report = {"rates": rates, "ratios": ratios(rates), "memory": memory}
    print(json.dumps(report) if options.json else tell(report))


def make_table(store: Store, rows: int, columns: int) -> Path:
    """A table of random float32 values in one file; returns the file."""
    values = np.random.default_rng(0).standard_normal((columns, rows), dtype=np.float32)
    frame = pl.DataFrame({f"x{at}": values[at] for at in range(columns)})
    tv.Table(NAME, watch="off").append(frame, store=store)
    return store.lake.path(store.catalog.tables.files(NAME, 1)[0])


def ways(store: Store, file: Path, size: int) -> dict[str, Callable[[int], Iterable[Any]] | None]:
    """Each way to see all rows once, as a function of the epoch; None for one whose package is not installed."""

    def ours(shuffle: Any) -> Callable[[int], Iterable[Any]]:
        return lambda epoch: load_batches(store, NAME, size=size, shuffle=shuffle, as_="numpy", epoch=epoch)

    return {
        "unshuffled": ours(None),
        "window": ours("window"),
        "full, cached": ours("full"),
        "pyarrow, unshuffled": _pyarrow(file, size),
        "pyarrow, within row groups": _pyarrow_groups(file, size),
        "torch loader in memory, 1/10": _torch(file, size),
    }


def _pyarrow(file: Path, size: int) -> Callable[[int], Iterable[Any]] | None:
    try:
        from pyarrow import parquet  # noqa: PLC0415 # optional
    except ModuleNotFoundError:
        return None

    def loop(_: int) -> Iterator[Any]:
        for batch in parquet.ParquetFile(file).iter_batches(size):
            yield np.column_stack([column.to_numpy(zero_copy_only=False) for column in batch.columns])

    return loop


def _pyarrow_groups(file: Path, size: int) -> Callable[[int], Iterable[Any]] | None:
    try:
        from pyarrow import parquet  # noqa: PLC0415 # optional
    except ModuleNotFoundError:
        return None

    def loop(epoch: int) -> Iterator[Any]:
        opened, chance = parquet.ParquetFile(file), np.random.default_rng(epoch)
        for number in chance.permutation(opened.num_row_groups):
            group = opened.read_row_group(number)
            rows = np.column_stack([column.to_numpy() for column in group.columns])[chance.permutation(group.num_rows)]
            for at in range(0, len(rows), size):
                yield rows[at : at + size]

    return loop


def _torch(file: Path, size: int) -> Callable[[int], Iterable[Any]] | None:
    try:
        import torch  # noqa: PLC0415 # optional
    except ModuleNotFoundError:
        return None
    rows = pl.read_parquet(file, n_rows=pl.scan_parquet(file).select(pl.len()).collect().item() // 10)
    data = torch.utils.data.TensorDataset(torch.from_numpy(rows.to_numpy(order="c", writable=True)))
    loader = torch.utils.data.DataLoader(data, batch_size=size, shuffle=True)
    return lambda _: (batch for (batch,) in loader)


def measure(loops: dict[str, Callable[[int], Iterable[Any]] | None], rounds: int) -> dict[str, dict[str, float] | None]:
    """Millions of rows a second, by the clock and by the processor's time: each way's best after a first round."""
    best: dict[str, dict[str, float] | None] = {}
    for epoch in range(rounds + 1):
        for name, loop in loops.items():
            if loop is None:
                best[name] = None
                continue
            wall, busy = time.perf_counter(), time.process_time()
            rows = sum(len(batch) for batch in loop(epoch))
            wall, busy = time.perf_counter() - wall, time.process_time() - busy
            before = best.get(name) if epoch > 1 else None
            rates = {"wall": rows / wall / 1e6, "processor": rows / busy / 1e6}
            best[name] = {kind: max(rate, before[kind]) if before else rate for kind, rate in rates.items()}
    return best


def ratios(rates: dict[str, dict[str, float] | None]) -> dict[str, dict[str, float]]:
    """What the goals are about."""
    pairs = {
        "window / unshuffled": ("window", "unshuffled"),
        "full / window": ("full, cached", "window"),
        "unshuffled / pyarrow": ("unshuffled", "pyarrow, unshuffled"),
        "window / pyarrow within row groups": ("window", "pyarrow, within row groups"),
    }
    found: dict[str, dict[str, float]] = {}
    for name, (one, other) in pairs.items():
        above, below = rates[one], rates[other]
        if above and below:
            found[name] = {kind: above[kind] / below[kind] for kind in above}
    return found


def ask_memory(folder: str, shuffle: str, size: int) -> list[dict[str, float]]:
    """Peak memory of each epoch, in a fresh process."""
    command = [sys.executable, __file__, "--epochs-of", folder, shuffle, "--size", str(size)]
    return [json.loads(line) for line in subprocess.run(command, check=True, capture_output=True).stdout.splitlines()]


def tell_memory(folder: str, shuffle: Any, *, size: int) -> None:
    """Prints each epoch's peak of resident memory, mapped pages included, and of memory that is its own."""
    with tv.connect(folder, actor="bench") as store:
        for epoch in range(3):
            own = 0
            _forget_peak()
            for at, _ in enumerate(load_batches(store, NAME, size=size, shuffle=shuffle, as_="numpy", epoch=epoch)):
                own = max(own, _status("RssAnon")) if at % 20 == 0 else own
            print(json.dumps({"epoch": epoch, "peak_mb": _status("VmHWM") / 1024, "own_mb": own / 1024}))


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def tell(report: dict[str, Any]) -> str:
    """The report as a table."""
    lines = [f"{'million rows a second':38}{'wall':>8}{'processor':>12}"]
    for name, rate in report["rates"].items():
        lines.append(f"{name:38}" + (f"{rate['wall']:8.2f}{rate['processor']:12.2f}" if rate else "  not installed"))
    lines.append(f"\n{'ratio':38}{'wall':>8}{'processor':>12}")
    lines += [f"{name:38}{ratio['wall']:8.2f}{ratio['processor']:12.2f}" for name, ratio in report["ratios"].items()]
    lines.append("\npeak memory, MB (of its own)")
    for shuffle, epochs in report["memory"].items():
        lines.append(f"{shuffle:10}" + "".join(f"{each['peak_mb']:8.0f} ({each['own_mb']:.0f})" for each in epochs))
    return "\n".join(lines)


if __name__ == "__main__":
    main()
