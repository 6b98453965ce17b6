"""A partition of event time larger than memory: it streams through import, profile, checks and the file writer."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from trivium.checks.kinds.between import between
from trivium.checks.partition import Partition
from trivium.checks.profile import profile_partition
from trivium.checks.whole import MANY_ROWS
from trivium.errors import Misuse
from trivium.frames.mapped import map_rows
from trivium.store.store import Store, connect
from trivium.tables import spool
from trivium.tables.import_source import FOLDER, import_source
from trivium.tables.read import FlaggedData, read_version
from trivium.values.tables import TableSpec

IMPORTER = Path(__file__).with_name("import_large.py")
PIECE = 1_000_000
KILLED = -9
SPEC = TableSpec("orders", key=("id",), time="at")
DAY = np.datetime64("2024-01-01T00:00:00.000000")


def make_orders(first: int, rows: int) -> pl.DataFrame:
    """Orders of one day in ten columns, about 120 bytes each. first: the number of the first one."""
    random = np.random.default_rng(first)
    person = random.integers(0, 300_000, rows)
    numbers = pl.DataFrame(
        {
            "id": np.arange(first, first + rows),
            "at": DAY + np.sort(random.integers(0, 86_400_000_000, rows)).astype("timedelta64[us]"),
            "person": person,
            "price": np.round(random.lognormal(3, 1, rows), 2),
            "score": random.normal(size=rows),
            "distance": random.uniform(0, 100, rows),
        }
    )
    kinds, countries = pl.Series(["view", "click", "order", "return"]), pl.Series([f"C{n:02}" for n in range(50)])
    named = numbers.with_columns(
        pl.lit(kinds).gather(pl.col("person") % 4).alias("kind"),
        pl.lit(countries).gather(pl.col("person") % 50).alias("country"),
        pl.concat_str(pl.lit("S-"), pl.col("id") * 7 + 10**15).alias("session"),
        pl.concat_str(pl.lit("person "), pl.col("person"), pl.lit(" ordered at "), pl.col("price")).alias("note"),
    )
    gaps = {"price": 0.02, "country": 0.01, "note": 0.3}
    return named.with_columns(
        pl.when(pl.Series(random.random(rows) >= share)).then(pl.col(name)).alias(name) for name, share in gaps.items()
    )


@pytest.fixture
def mapped(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Where rows were mapped: every partition counts as large."""
    paths: list[Path] = []

    def tell(rows: pl.DataFrame, path: Path) -> pl.DataFrame:
        paths.append(path)
        return map_rows(rows, path)

    monkeypatch.setattr(spool, "MOST_BYTES", 1_000)
    monkeypatch.setattr(spool, "map_rows", tell)
    return paths


def test_a_large_partition_is_published_as_it_was(store: Store, tmp_path: Path, mapped: list[Path]) -> None:
    orders = make_orders(0, MANY_ROWS // 2)
    later = make_orders(MANY_ROWS // 2, MANY_ROWS // 2 + 10).with_columns(vip=True)
    orders.write_parquet(tmp_path / "0.parquet")
    later.write_parquet(tmp_path / "1.parquet")
    done = import_source(store, SPEC, str(tmp_path / "*.parquet"))
    given = pl.concat([orders, later], how="diagonal")
    assert (done.state, len(done.commits), len(mapped) > 1) == ("valid", 1, True)
    assert_frame_equal(read_version(store, "orders").collect(), given)
    [judgement] = store.catalog.tables.judgements(done.commits[0].id)
    assert judgement.profile == profile_partition("orders", Partition("2024-01-01", given))
    assert list((store.settings.state / FOLDER).iterdir()) == []


def test_the_rows_of_many_days_may_be_large_as_well(store: Store, tmp_path: Path, mapped: list[Path]) -> None:
    days = make_orders(0, 300).with_columns(pl.col("at") + pl.duration(days=pl.col("id") % 3))
    days.write_parquet(tmp_path / "rows.parquet")
    done = import_source(store, SPEC, tmp_path / "rows.parquet")
    assert [commit.partitions for commit in done.commits] == [("2024-01-01", "2024-01-02", "2024-01-03")]
    assert mapped
    assert_frame_equal(read_version(store, "orders").sort("id").collect(), days)


def test_a_large_partition_that_is_refused_leaves_nothing(store: Store, tmp_path: Path, mapped: list[Path]) -> None:
    make_orders(0, 100).write_parquet(tmp_path / "rows.parquet")
    spec = TableSpec("orders", key=("id",), time="at", checks=(between("nothing", 0),))
    with pytest.raises(Misuse, match="reads column 'nothing'"):
        import_source(store, spec, tmp_path / "rows.parquet")
    assert mapped
    assert list((store.settings.state / FOLDER).iterdir()) == []
    assert list(store.lake.list_paths()) == []


def start(folder: Path, files: Path, *, most: int, failpoint: str = "") -> subprocess.Popen[str]:
    """An import as a process of its own. most: bytes of a group that is not large."""
    environ = {**os.environ, "TRIVIUM_FAILPOINT": failpoint}
    command = [sys.executable, str(IMPORTER), str(folder), str(files), str(most)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ)


def test_a_killed_import_of_a_large_partition_goes_on_and_leaves_nothing(tmp_path: Path) -> None:
    make_orders(0, 2_000).write_parquet(tmp_path / "rows.parquet")
    with start(tmp_path / "project", tmp_path / "rows.parquet", most=1_000, failpoint="commit:staged") as killed:
        assert killed.wait() == KILLED
    with start(tmp_path / "project", tmp_path / "rows.parquet", most=1_000) as again:
        assert again.communicate()[0].splitlines()[0] == "flagged 2000 1"
    with connect(tmp_path / "project") as store:
        with pytest.warns(FlaggedData, match="217 of 2,000 rows fail"):
            assert_frame_equal(read_version(store, "orders").collect(), make_orders(0, 2_000))
        assert list((store.settings.state / FOLDER).iterdir()) == []


def anonymous(process: int) -> int:
    """Bytes of memory that the process has to itself, not counting pages of files."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon")), 0)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not tell memory by its kind")
def test_a_day_of_many_rows_is_imported_and_judged_with_flat_memory(tmp_path: Path) -> None:
    size = 0.0
    for number in range(20):
        orders = make_orders(number * PIECE, PIECE)
        size += orders.estimated_size()
        orders.write_parquet(tmp_path / f"{number:02}.parquet")
    most = 0
    with start(tmp_path / "project", tmp_path / "*.parquet", most=spool.MOST_BYTES) as importer:
        while importer.poll() is None:
            most = max(most, anonymous(importer.pid))
            time.sleep(0.05)
        told = importer.stdout.read() if importer.stdout else ""
    print(f"{size / 1e9:.2f} GB of rows, {most / 1e9:.2f} GB of memory")
    assert told.splitlines()[0] == "flagged 20000000 1"
    assert most < size / 2
