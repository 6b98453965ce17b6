"""The same small work on Trivium and on other engines, by turns in one run: medians, and ratios to ours.

    python benchmarks/pipelines/engines.py [--only WORK ...] [--peers [NAME ...]] [--repeat N] [--large] [--json]

Each engine runs its script of `side_by_side/scripts` as a whole process, in an empty folder each time, durably as it
comes. Peers are installed into environments of their own in a temporary folder first; without `--peers` there are
none, only a bare function with a fsynced file and a SQLite commit. What takes longer than its limit is ended.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from side_by_side import rows
from side_by_side.engine import BARE, INLINE, OURS, PEERS, Engine, install, version_of
from side_by_side.process import run_script
from side_by_side.rows import Measured
from side_by_side.table import Medians, as_lines, medians_of

Measure = Callable[[Engine, Path, float], Iterator[Measured]]


def main() -> None:
    options = parse_options()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        peers = list(install_peers(options.peers, options.environments or folder / "environments"))
        medians: Medians = {}
        for name, (measure, engines) in works_of(peers, large=options.large).items():
            if name in options.only:
                measured = medians_of(measure_by_turns(measure, engines, folder / name, options))
                medians |= measured
                if not options.json:
                    print("\n".join(as_lines(measured)), flush=True)
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    if options.json:
        print(json.dumps({"load": load, "repeat": options.repeat, "medians": medians}, indent=2))
    else:
        print(f"\n{load}, median of {options.repeat}")


def parse_options() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    works = list(works_of([], large=False))
    names = [peer.name for peer in PEERS]
    parser.add_argument("--only", nargs="+", choices=works, default=works)
    parser.add_argument("--peers", nargs="*", choices=names, help="these, or all of them")
    parser.add_argument("--environments", type=Path, help="the folder of the peers' environments, to use them again")
    parser.add_argument("--repeat", type=int, default=3, help="turns of each engine")
    parser.add_argument(
        "--limit", type=float, default=60, help="seconds for a process (ten times that for 10,000 items)"
    )
    parser.add_argument("--large", action="store_true", help="also a map over 100,000 items")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser.parse_args()


def works_of(peers: list[Engine], *, large: bool) -> dict[str, tuple[Measure, list[Engine]]]:
    """What is measured, and on which engines."""
    sizes = (rows.ITEMS, rows.MANY, rows.HUGE) if large else (rows.ITEMS, rows.MANY)
    everybody = [OURS, INLINE, BARE, *peers]
    return {
        "chain": (rows.measure_chain, [OURS, INLINE, *peers]),
        "task": (rows.measure_task, everybody),
        "map": (rows.measure_map, everybody),
        "frame": (rows.measure_frame, everybody),
        "scheduler": (functools.partial(rows.measure_scheduler, sizes=sizes), [OURS]),
    }


def install_peers(names: list[str] | None, folder: Path) -> Iterator[Engine]:
    """Those that could be installed; of the others it is told why not. names: None for no peer, empty for all."""
    for peer in PEERS:
        if names is None or (names and peer.name not in names):
            continue
        installed = install(peer, folder)
        if isinstance(installed, str):
            print(f"{peer.name}: {installed}", file=sys.stderr)
            continue
        print(f"{peer.name} {version_of(installed)}", file=sys.stderr)
        yield installed


def measure_by_turns(
    measure: Measure, engines: list[Engine], folder: Path, options: argparse.Namespace
) -> list[tuple[str, Measured]]:
    """Every engine once, then every engine again, with imports compiled; one in trouble has no further turn."""
    found: list[tuple[str, Measured]] = []
    troubled = set[str]()
    for engine in engines:
        run_script(engine, folder / f"{engine.name} before", "chain", 1, options.limit)
    for turn in range(options.repeat):
        for engine in engines:
            if engine.name in troubled:
                continue
            for each in measure(engine, folder / f"{engine.name} {turn}", options.limit):
                found.append((engine.name, each))
                if isinstance(each.figure, str):
                    troubled.add(engine.name)
    return found


if __name__ == "__main__":
    main()
