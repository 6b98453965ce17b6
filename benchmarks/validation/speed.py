"""What checks cost: the profile of a large partition, a small commit, and a decision against a long history.

    python benchmarks/validation/speed.py [--rows N] [--commits N] [--partitions N] [--columns N] [--json]

The peer of the profile is DuckDB on as many threads, in the same run: one query over the same rows for the count,
nulls, least and greatest value, mean, standard deviation, seven approximate quantiles and the approximate number of
different values of every column (of a text: of its length). It is timed on rows in its own memory and on Arrow's, and
the faster one counts. Memory is what a process of its own has to itself at its peak, the packages among it, while the
rows are in files that are read in place, as those of a large import are; the peer reads the same rows there. The commit
is compared with the same one without checks, in turn.

Large runs are `--rows 10000000 --partitions 1000`, which need 16 GB of memory; the history takes most of a minute to
learn.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
from msgspec.structs import replace

import trivium as tv
from trivium.checks.history import History
from trivium.checks.judge import judge
from trivium.checks.learned import judge_learned
from trivium.checks.partition import Partition
from trivium.checks.profile import profile_partition
from trivium.frames import ArrowStream
from trivium.frames.mapped import map_rows
from trivium.values.alerts import ColumnProfile, Profile

LEVELS = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
STATUS = Path("/proc/self/status")
SMALL = 1_000
STRETCH = 500_000
NOW = datetime(2024, 1, 2, tzinfo=UTC)


def make_rows(rows: int, seed: int = 0) -> pl.DataFrame:
    """20 columns: numbers of many kinds, texts of low and high cardinality, times, a third of them with nulls."""
    random = np.random.default_rng(seed)
    start = np.datetime64("2024-01-01T00:00:00.000000") + np.timedelta64(seed, "D")
    at = np.sort(random.integers(0, 86_400_000_000, rows)).astype("timedelta64[us]")
    person = random.zipf(1.3, rows) % 200_000
    frame = pl.DataFrame(
        {
            "id": np.arange(rows) + seed * rows,
            "person": person,
            "quantity": random.poisson(3, rows),
            "level": random.integers(0, 5, rows),
            "score": random.normal(size=rows),
            "price": np.round(random.lognormal(3, 1, rows), 2),
            "distance": random.gamma(2, 500, rows),
            "walk": np.cumsum(random.normal(size=rows)),
            "sparse": random.uniform(size=rows),
            "ratio": random.beta(2, 5, rows).astype(np.float32),
            "flag": random.random(rows) < 0.3,
            "made": start + at,
            "due": start + at + random.integers(0, 30, rows).astype("timedelta64[D]"),
            "day": (start + at).astype("datetime64[D]"),
        }
    )
    named = [
        pl.lit(pl.Series(["view", "click", "order", "return"])).gather(pl.col("level") % 4).alias("kind"),
        pl.lit(pl.Series([f"C{n:02}" for n in range(50)])).gather(pl.col("person") % 50).alias("country"),
        pl.lit(pl.Series([f"Shop {n}" for n in range(2_000)])).gather(pl.col("person") % 2_000).alias("shop"),
        pl.concat_str(pl.lit("user"), pl.col("person"), pl.lit("@example.org")).alias("email"),
        pl.concat_str(pl.lit("S-"), pl.col("id").hash(1).cast(pl.String)).alias("session"),
        pl.concat_str(pl.lit("ordered "), pl.col("quantity"), pl.lit(" at "), pl.col("price")).alias("note"),
    ]
    gaps = {"price": 0.02, "distance": 0.1, "sparse": 0.9, "due": 0.05, "country": 0.01, "note": 0.3}
    return frame.with_columns(named).with_columns(
        pl.when(pl.Series(random.random(rows) >= share)).then(pl.col(name)).alias(name) for name, share in gaps.items()
    )


def profile_query(rows: pl.DataFrame) -> str:
    """The peer's one query."""
    asked = ["count(*)"]
    for column, dtype in rows.schema.items():
        name = f'"{column}"'
        text = dtype == pl.String
        number = f"length({name})" if text else f"CAST({name} AS INT)" if dtype == pl.Boolean else f"epoch({name})"
        number = name if dtype.is_numeric() else number
        asked += [f"count({name})", f"approx_count_distinct({name})", f"min({name})", f"max({name})"]
        asked += [f"avg({number})", f"stddev({number})", f"approx_quantile({number}, {list(LEVELS)})"]
    return f"SELECT {', '.join(asked)} FROM rows"


def measure_profile(rows: pl.DataFrame, repeats: int) -> dict[str, float]:
    """Seconds of the profile, alone and with 20 checks, beside the peer's seconds."""
    query = profile_query(rows)
    part = Partition("2024-01-01", rows)
    spec = tv.Table("t", time="made", checks=declare_checks()).spec
    ours, checked, own, arrow = [], [], [], []
    with duckdb.connect() as peer:
        peer.execute(f"SET threads = {pl.thread_pool_size()}")
        peer.register("given", rows.to_arrow())
        peer.execute("CREATE TABLE rows AS FROM given")
        for _ in range(repeats):
            ours.append(timed(lambda: profile_partition("t", part)))
            checked.append(timed(lambda: judge(spec, [part], (), now=NOW)))
            own.append(timed(lambda: peer.execute(query).fetchall()))
            arrow.append(timed(lambda: peer.execute(query.replace("FROM rows", "FROM given")).fetchall()))
    theirs = min(statistics.median(own), statistics.median(arrow))
    return {
        "rows": rows.height,
        "columns": rows.width,
        "seconds": statistics.median(ours),
        "seconds_with_checks": statistics.median(checked),
        "duckdb_seconds": theirs,
        "duckdb_own_seconds": statistics.median(own),
        "duckdb_arrow_seconds": statistics.median(arrow),
        "ratio": statistics.median(ours) / theirs,
        "ratio_with_checks": statistics.median(checked) / theirs,
    }


def measure_memory(rows: pl.DataFrame) -> dict[str, float]:
    """Gigabytes at the peak of the profile with 20 checks, and of the peer's query, each in a process of its own."""
    with tempfile.TemporaryDirectory() as place, alone() as process:
        for number, each in enumerate(rows.iter_slices(STRETCH)):
            each.write_ipc(f"{place}/{number:04}.arrow")
        ours = process.submit(measure_judging, place).result()
        theirs = process.submit(measure_peer, place).result()
    return {
        "gigabytes_of_rows": rows.estimated_size() / 1e9,
        "gigabytes_at_peak": ours,
        "duckdb_gigabytes_at_peak": theirs,
    }


def alone() -> ProcessPoolExecutor:
    """Each call is in a fresh process."""
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1)


def measure_judging(place: str) -> float:
    """Gigabytes that the profile with 20 checks has at its peak."""
    spec, part = tv.Table("t", time="made", checks=declare_checks()).spec, Partition("2024-01-01", read_in_place(place))
    return at_peak(lambda: judge(spec, [part], (), now=NOW))


def measure_peer(place: str) -> float:
    """Gigabytes that the peer's query has at its peak."""
    rows = read_in_place(place)
    with duckdb.connect() as peer:
        peer.execute(f"SET threads = {pl.thread_pool_size()}")
        peer.register("rows", ArrowStream(rows))
        return at_peak(lambda: peer.execute(profile_query(rows)).fetchall())


def read_in_place(place: str) -> pl.DataFrame:
    """The rows of the files in this folder, mapped."""
    files = sorted(Path(place).glob("*.arrow"))
    return pl.concat([map_rows(pl.read_ipc(file), Path(place) / "mapped") for file in files])


def declare_checks() -> list[Any]:
    """20 checks of the usual kinds."""
    ranges = {"quantity": (0, 100), "level": (0, 4), "score": (-9, 9), "ratio": (0, 1), "sparse": (0, 1)}
    rules = [
        "price IS NULL OR price >= 0",
        "distance IS NULL OR distance >= 0",
        "id >= 0",
        "due IS NULL OR due >= made",
        "quantity < 100",
        "level <= 4",
    ]
    return [
        *(tv.between(name, low, high) for name, (low, high) in ranges.items()),
        *(tv.rule(text) for text in rules),
        tv.one_of("kind", ["view", "click", "order", "return"]),
        tv.one_of("country", [f"C{n:02}" for n in range(50)]),
        tv.matches("email", r"user\d+@example\.org"),
        tv.matches("session", r"S-\d+"),
        tv.matches("shop", r"Shop \d+"),
        tv.unique("id"),
        tv.unique("session"),
        tv.row_count(1, 1_000_000),
        tv.coverage("note", 0.1),
    ]


def measure_commit(commits: int) -> dict[str, float]:
    """Milliseconds of a commit of 1,000 rows as a new partition, with 20 checks and without any."""
    taken: dict[str, list[float]] = {"watched": [], "bare": []}
    with tempfile.TemporaryDirectory() as place, tv.connect(Path(place) / "project") as store:
        checks = declare_checks()
        tables = {
            "watched": tv.Table("watched", time="made", checks=checks),
            "bare": tv.Table("bare", time="made", watch="off"),
        }
        for number in range(commits):
            rows = make_rows(SMALL, number)
            for name, table in tables.items():
                taken[name].append(timed(lambda table=table, rows=rows: table.append(rows, store=store)))  # type: ignore[misc]
    late = {name: statistics.median(times[commits // 2 :]) * 1000 for name, times in taken.items()}
    return {
        "rows": SMALL,
        "checks": len(checks),
        "milliseconds": late["watched"],
        "milliseconds_without_checks": late["bare"],
        "milliseconds_more": late["watched"] - late["bare"],
    }


def measure_decision(partitions: int, columns: int) -> dict[str, float]:
    """Milliseconds to judge one more partition by what was learned of those before."""
    seen = profile_partition("t", Partition("2024-01-01", make_rows(SMALL)))
    wide = tuple(replace(seen.columns[n % len(seen.columns)], name=f"column_{n}") for n in range(columns))
    random = np.random.default_rng(0)
    day = np.datetime64("2020-01-01")
    history = History()
    start = time.perf_counter()
    for number in range(partitions):
        history = history.extended(vary(replace(seen, partition=str(day + number), columns=wide), random))
    learning = (time.perf_counter() - start) / max(partitions, 1)
    usual = vary(replace(seen, partition=str(day + partitions), columns=wide), random)
    odd = replace(
        usual, columns=tuple(shift(column) if n % 50 == 0 else column for n, column in enumerate(usual.columns))
    )
    return {
        "partitions": partitions,
        "columns": columns,
        "facts": history.layout.size,
        "milliseconds": 1000 * statistics.median(
            timed(lambda: judge_learned(usual, history, watch="warn")) for _ in range(5)
        ),
        "milliseconds_with_alarms": 1000 * statistics.median(
            timed(lambda: judge_learned(odd, history, watch="warn")) for _ in range(5)
        ),
        "alarms": len(judge_learned(odd, history, watch="warn")),
        "milliseconds_to_learn_one": 1000 * learning,
    }  # fmt: skip


def vary(profile: Profile, random: np.random.Generator) -> Profile:
    """The profile with every fact a hundredth off, at random."""
    return replace(
        profile,
        columns=tuple(
            replace(
                column,
                facts={
                    name: value * (1 + 0.01 * noise)
                    for (name, value), noise in zip(
                        column.facts.items(), random.normal(size=len(column.facts)), strict=True
                    )
                },
            )
            for column in profile.columns
        ),
    )


def shift(column: ColumnProfile) -> ColumnProfile:
    """The column with half of its values missing."""
    return replace(column, facts={**column.facts, "null_rate": 0.5})


def timed(act: Callable[[], object]) -> float:
    """Seconds of wall time."""
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def at_peak(act: Callable[[], object]) -> float:
    """Gigabytes that the process has to itself at its peak, without pages of files, looked at every 5 ms.

    NaN where the system does not tell.
    """
    seen, done = [own_memory()], threading.Event()

    def watch() -> None:
        while not done.wait(0.005):
            seen.append(own_memory())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        act()
    finally:
        done.set()
        watcher.join()
    return max(seen)


def own_memory() -> float:
    """Gigabytes that the process has to itself now."""
    if not STATUS.exists():
        return math.nan
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith("RssAnon"))
    return int(line.split()[1]) / 1e6


def as_lines(found: dict[str, dict[str, float]]) -> list[str]:
    """What was measured, a line for each."""
    profile, memory, commit, decision = (found[name] for name in ("profile", "memory", "commit", "decision"))
    lines = (
        (
            f"profile of {profile['rows']:,} rows x {profile['columns']} columns: {profile['seconds']:.2f} s",
            f" = {profile['ratio']:.2f} x DuckDB ({profile['duckdb_seconds']:.2f} s),",
            f" and with 20 checks {profile['ratio_with_checks']:.2f} x",
        ),
        (
            f"memory of it with 20 checks, while {memory['gigabytes_of_rows']:.2f} GB of rows are on disk:",
            f" {memory['gigabytes_at_peak']:.2f} GB at its peak; DuckDB",
            f" {memory['duckdb_gigabytes_at_peak']:.2f} GB",
        ),
        (
            f"commit of {commit['rows']:,} rows with {commit['checks']} checks: {commit['milliseconds']:.1f} ms",
            f" = {commit['milliseconds_more']:.1f} ms more than without",
            f" ({commit['milliseconds_without_checks']:.1f} ms)",
        ),
        (
            f"decision against {decision['partitions']:,} partitions x {decision['columns']} columns:",
            f" {decision['milliseconds']:.0f} ms,",
            f" with {decision['alarms']} alarms {decision['milliseconds_with_alarms']:.0f} ms;",
            f" learning one more {decision['milliseconds_to_learn_one']:.0f} ms",
        ),
    )
    return ["".join(line) for line in lines]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the profiled partition")
    parser.add_argument("--repeats", type=int, default=3, help="of the profile and its peer")
    parser.add_argument("--commits", type=int, default=60)
    parser.add_argument("--partitions", type=int, default=200, help="of the history")
    parser.add_argument("--columns", type=int, default=500, help="of the history")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    found = {
        "profile": measure_profile(make_rows(options.rows), options.repeats),
        "memory": measure_memory(make_rows(options.rows)),
        "commit": measure_commit(options.commits),
        "decision": measure_decision(options.partitions, options.columns),
    }
    print(json.dumps(found, indent=2) if options.json else "\n".join(as_lines(found)))


if __name__ == "__main__":
    main()
