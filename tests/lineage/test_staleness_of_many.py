"""What is stale of many things at once is what is stale of each alone, whatever happened: over generated histories."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from trivium.lineage.staleness import find_stale_models, find_stale_tables, model_staleness, table_staleness
from trivium.store.catalog import Catalog, open_catalog
from trivium.store.catalog.sql.database import Database, Transaction
from trivium.values.lineage import Read
from trivium.values.models import ModelVersion
from trivium.values.tables import Commit, DataFile, Operation, TableSpec

START = datetime(2024, 1, 1, tzinfo=UTC)
OPERATIONS: tuple[Operation, ...] = (
    ("append",) * 8 + ("overwrite",) * 5 + ("upsert",) * 3 + ("delete", "erase", "rename", "restore")
)
TABLES, PARTITIONS, NODES = ("a", "b", "c", "d", "e"), ("x", "y", "z"), ("", "make", "join")


@pytest.fixture(params=["sqlite", "postgres"])
def catalog(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Catalog]:
    """An empty catalog in each database."""
    place = request.getfixturevalue("postgres_url") if request.param == "postgres" else tmp_path / "catalog.db"
    opened = open_catalog(place, clock=lambda: START, durability="fast")
    yield opened
    opened.close()


@pytest.mark.parametrize("seed", range(8))
def test_things_asked_about_together_are_as_stale_as_each_of_them_alone(catalog: Catalog, seed: int) -> None:
    models = History(Random(seed), catalog).make(60)
    tables = find_stale_tables(catalog, TABLES)
    assert tables == {table: table_staleness(catalog, table) for table in TABLES}
    found = find_stale_models(catalog, models)
    assert found == {(model.name, model.version): model_staleness(catalog, model) for model in models}
    assert any(staleness.stale for staleness in tables.values())


class History:
    """Commits to tables by runs that read other tables, and models of them: facts only."""

    def __init__(self, random: Random, catalog: Catalog) -> None:
        self.random = random
        self.database = catalog.database
        self.commits: dict[str, list[Commit]] = {table: [] for table in TABLES}
        self.live: dict[str, list[DataFile]] = {table: [] for table in TABLES}
        self.read: set[tuple[str, str, str, int]] = set()

    def make(self, steps: int) -> list[ModelVersion]:
        """So many commits; the models that some of their runs registered."""
        assert isinstance(self.database, Database)
        models = []
        with self.database.write() as tx:
            for table in TABLES:
                tx.insert("table_specs", TableSpec(table, time=self.random.choice(["at", "at", None]), watch="off"))
            for step in range(steps):
                run = f"run-{self.random.choice([step, step, self.random.randint(0, step)])}"
                self.add_reads(tx, run)
                self.add_commit(tx, step, self.random.choice([run, run, run, None]))
                if step % 10 == 9:
                    models.append(ModelVersion("late", step // 10 + 1, f"{step}", "r", run, "ada", START, (), {}))
                    tx.insert("model_versions", models[-1])
        return models

    def add_reads(self, tx: Transaction, run: str) -> None:
        """The run reads up to three tables, of old versions now and then, and sometimes only some partitions."""
        for table in self.random.choices(TABLES, k=self.random.randint(0, 3)):
            newest, node = len(self.commits[table]), self.random.choice(NODES)
            version = self.random.choice([newest, newest, self.random.randint(0, newest)])
            if version and (run, node, table, version) not in self.read:
                self.read.add((run, node, table, version))
                some = self.random.choice([None, None, self.some_partitions()])
                tx.insert("lineage_reads", Read(run, node, "table", table, version, None, some))

    def add_commit(self, tx: Transaction, step: int, run: str | None) -> None:
        """One more version of some table."""
        table, operation = self.random.choice(TABLES), self.random.choice(OPERATIONS)
        before, version = self.commits[table], len(self.commits[table]) + 1
        writes = operation in ("append", "overwrite", "upsert", "delete")
        partitions = self.some_partitions() if writes else ()
        removed = [file for file in self.live[table] if file.partition in partitions and operation != "append"]
        again = self.random.choice(before).digest if before and operation == "restore" else f"{step:x}"
        added = tuple(
            DataFile(
                f"{table}/{version}/{name}", name, 1, 1, f"{step:064}", content=f"{self.random.randint(0, 5):064x}"
            )
            for name in partitions
            if operation != "delete"
        )
        commit = Commit(
            f"{table}-{version:03}", table, version, "valid", operation, partitions, version, (), added,
            tuple(file.path for file in removed), None, "ada", run, START + timedelta(hours=step), digest=again,
            node=self.random.choice(NODES),
        )  # fmt: skip
        for file in removed:
            tx.execute("UPDATE files SET removed_version = ?, removed_by = 'commit' WHERE path = ?", version, file.path)
        for file in added:
            tx.insert("files", file, table=table, added_version=version, added_by="commit")
        tx.insert("commits", commit)
        before.append(commit)
        self.live[table] = [file for file in (*self.live[table], *added) if file not in removed]

    def some_partitions(self) -> tuple[str, ...]:
        """One or two of them."""
        return tuple(self.random.sample(PARTITIONS, self.random.randint(1, 2)))
