"""How long it takes to know what is stale: 1,000 tables, 1,000 models, 100,000 runs.

`python benchmarks/pipelines/staleness.py [RUNS]` makes a catalog in a temporary folder, with facts only: 10 raw tables
of 1,000 daily versions; 990 feature tables that were appended to by about 100 runs each, which read two tables; 1,000
model versions that read three feature tables.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import process_time

from trivium.lineage.staleness import find_stale_models, find_stale_tables, table_staleness
from trivium.store.catalog import Catalog, open_catalog
from trivium.store.catalog.sql.database import Database, Transaction
from trivium.values.lineage import Read
from trivium.values.models import ModelVersion
from trivium.values.tables import Commit, DataFile, TableSpec

START = datetime(2024, 1, 1, tzinfo=UTC)
RAW, DERIVED, MODELS, DAYS = 10, 990, 1000, 1000


def main(runs: int) -> None:
    """The times are printed, the best of three."""
    with tempfile.TemporaryDirectory() as folder:
        catalog = open_catalog(Path(folder) / "catalog.db", clock=lambda: START, durability="fast")
        models = fill(catalog, runs)
        names = [spec.name for spec in catalog.tables.list_specs()]
        print(f"{len(names):,} tables, {len(models):,} models, {runs:,} runs")
        print(f"every table: {best(lambda: find_stale_tables(catalog, names)):.3f} s")
        print(f"every model: {best(lambda: find_stale_models(catalog, models)):.3f} s")
        print(f"one table:   {best(lambda: table_staleness(catalog, 'made-7')) * 1000:.1f} ms")
        print(f"one model:   {best(lambda: find_stale_models(catalog, models[:1])) * 1000:.1f} ms")
        found = find_stale_tables(catalog, names)
        print(f"{sum(each.stale for each in found.values())} tables are stale")
        catalog.close()


def best(act: object) -> float:
    """Seconds of the fastest of three calls."""
    times = []
    for _ in range(3):
        started = process_time()
        act()  # type: ignore[operator]
        times.append(process_time() - started)
    return min(times)


def fill(catalog: Catalog, runs: int) -> list[ModelVersion]:
    """The facts."""
    database = catalog.database
    assert isinstance(database, Database)
    models = []
    with database.write() as tx:
        for number in range(RAW):
            declare(tx, f"raw-{number}")
            for version in range(1, DAYS + 1):
                commit(tx, f"raw-{number}", version, version, None)
        for number in range(DERIVED):
            declare(tx, f"made-{number}")
        versions = [0] * DERIVED
        for run in range(runs):
            number = run % DERIVED
            versions[number] += 1
            at = max(1, DAYS * (run + 1) // runs)
            commit(tx, f"made-{number}", versions[number], at, f"run-{run:06}")
            for raw in (number % RAW, (number + 1) % RAW):
                tx.insert("lineage_reads", Read(f"run-{run:06}", "make", "table", f"raw-{raw}", at))
        for number in range(MODELS):
            model = ModelVersion(
                f"model-{number % 100}", number // 100 + 1, f"{number:064}", "r" * 64, f"train-{number}", "ada", START,
                (), {},
            )  # fmt: skip
            tx.insert("model_versions", model)
            models.append(model)
            for place in range(3):
                table = (number * 7 + place) % DERIVED
                tx.insert("lineage_reads", Read(f"train-{number}", "t", "table", f"made-{table}", versions[table]))
    return models


def declare(tx: Transaction, name: str) -> None:
    """A table by day."""
    tx.insert("table_specs", TableSpec(name, time="at", watch="off"))


def commit(tx: Transaction, table: str, version: int, day: int, run: str | None) -> None:
    """A version with one day's rows."""
    partition = f"{START + timedelta(days=day):%Y-%m-%d}"
    file = DataFile(f"{table}/{version}", partition, 1, 1, f"{version:064}", content=f"{version:064x}")
    tx.insert("files", file, table=table, added_version=version, added_by="commit")
    tx.insert(
        "commits",
        Commit(
            f"{table}-{version:06}", table, version, "valid", "append", (partition,), version, (), (file,), (), None,
            "ada", run, START + timedelta(days=day), digest=f"{version:064x}",
        ),
    )  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
