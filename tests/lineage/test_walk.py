"""Everything that a thing comes from, and everything that it goes into."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from trivium.clock import system_clock
from trivium.lineage.neighbours import Neighbours
from trivium.lineage.walk import downstream, upstream
from trivium.store.catalog import Catalog, open_catalog
from trivium.store.catalog.tables import Draft
from trivium.store.store import Store
from trivium.tables.table import Table
from trivium.tracking.run import run
from trivium.values.lineage import Edge, Node, Read
from trivium.values.models import ModelVersion
from trivium.values.tables import Column, Commit, DataFile, Operation, TableSpec

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
TABLES = ("a", "b", "c")

Act = tuple[list[tuple[str, int]], list[tuple[str, str, Operation]], bool]
ACTS: st.SearchStrategy[list[Act]] = st.lists(
    st.tuples(
        st.lists(st.tuples(st.sampled_from(TABLES), st.integers(0, 3)), max_size=2),
        st.lists(st.tuples(st.sampled_from(TABLES), st.sampled_from("xy"), st.sampled_from(["append", "overwrite"])),
                 max_size=2),
        st.booleans(),
    ),
    min_size=1, max_size=9,
)  # fmt: skip


@dataclass
class World:
    """A catalog in which runs read and write, and what each version and run really holds of which run."""

    catalog: Catalog
    files: dict[str, list[tuple[str, str, frozenset[str]]]] = field(default_factory=lambda: {t: [] for t in TABLES})
    held: dict[tuple[str, int], frozenset[str]] = field(default_factory=dict)
    runs: dict[str, frozenset[str]] = field(default_factory=dict)

    def act(self, reads: list[tuple[str, int]], writes: list[tuple[str, str, Operation]], registers: bool) -> None:
        """One run: reads recent versions, then writes, then perhaps registers a model."""
        run = f"run-{len(self.runs)}"
        mine = frozenset[str]()
        for table, back in reads:
            newest = self.catalog.tables.find_version(table)
            version = max((newest.version if newest and newest.version else 0) - back, 0)
            if version:
                self.catalog.lineage.record_reads([Read(run, "task", "table", table, version)])
                mine |= self.held[table, version]
        for table, partition, operation in writes:
            self.write(run, mine | {run}, table, partition, operation)
        self.runs[run] = mine
        if registers:
            self.catalog.models.register(ModelVersion(run, 0, run, run, run, "ada", NOON, (), {}))

    def write(self, run: str, holds: frozenset[str], table: str, partition: str, operation: Operation) -> None:
        """One commit of one file."""
        path = f"{table}-{len(self.held)}"
        self.catalog.tables.declare(TableSpec(table, watch="off"), actor="ada")
        added = (DataFile(path, partition, 1, 1, "f" * 64, content="1"),)
        columns = (Column("k", "int64"),)
        commit = Commit(
            path, table, None, "valid", operation, (partition,), 0, columns, added, (), None, "ada", run, NOON
        )
        version = self.catalog.tables.publish(Draft(commit, (), ()), actor="ada").version
        assert version is not None
        before = [each for each in self.files[table] if operation == "append" or each[1] != partition]
        self.files[table] = [*before, (path, partition, holds)]
        self.held[table, version] = frozenset[str]().union(*(each[2] for each in self.files[table]))


def covers(catalog: Catalog, found: Node, asked: Node) -> bool:
    """Whether what was found upstream stands for what downstream was asked of."""
    if found == asked:
        return True
    same = found.kind == asked.kind == "table" and found.name == asked.name
    if not same or found.version is None or asked.version is None:
        return same
    return asked.version in {write.version for write in catalog.lineage.writers_of(found.name, found.version)}


@settings(max_examples=60, deadline=None)
@given(ACTS)
def test_upstream_is_what_really_went_in_and_downstream_is_its_inverse(acts: list[Act]) -> None:
    with TemporaryDirectory() as folder:
        world = World(open_catalog(Path(folder) / "catalog.db", clock=system_clock, durability="fast"))
        for act in acts:
            world.act(*act)
        catalog = world.catalog
        runs = [Node("run", run) for run in world.runs]
        models = [Node("model", model.name, 1) for model in catalog.models.list_models()]
        nodes = [*runs, *models, *(Node("table", *place) for place in world.held)]
        above = {node: set(upstream(catalog, node).nodes) for node in nodes}
        below = {node: set(downstream(catalog, node).nodes) for node in nodes}
        catalog.close()
        for run, held in world.runs.items():
            assert {node.name for node in above[Node("run", run)] if node.kind == "run"} == held
        reopened = open_catalog(Path(folder) / "catalog.db", clock=system_clock, durability="fast")
        for one in nodes:
            for other in (*runs, *models):
                if one != other:
                    forth = other in below[one]
                    assert forth == any(covers(reopened, found, one) for found in above[other]), (one, other)
        reopened.close()


def names(nodes: tuple[Node, ...], kind: str) -> list[str]:
    return [node.name for node in nodes if node.kind == kind]


def test_a_model_comes_from_the_tables_of_its_run_and_of_the_runs_before(lived: Store) -> None:
    walk = upstream(lived.catalog, Node("model", "late", 1))
    assert walk.cut == ""
    assert [str(node) for node in walk.nodes if node.kind == "table"] == ["features@2", "flights@2"]
    pipelines = [lived.catalog.runs.get_run(name).pipeline for name in names(walk.nodes, "run")]
    assert pipelines == ["lateness", "features"]


def test_a_table_goes_into_models_and_the_endpoint_that_serves_them(lived: Store) -> None:
    walk = downstream(lived.catalog, Node("table", "flights", 1))
    assert sorted(str(node) for node in walk.nodes if node.kind in ("model", "endpoint")) == [
        "endpoint:late", "model:late@1", "model:late@2",
    ]  # fmt: skip
    pipelines = {lived.catalog.runs.get_run(name).pipeline for name in names(walk.nodes, "run")}
    assert pipelines == {"features", "lateness", "census"}


def test_which_task_read_the_table_is_on_the_edge(lived: Store) -> None:
    run = lived.catalog.models.get_model("late", 1).run
    assert run is not None
    edges = upstream(lived.catalog, Node("run", run), depth=1).edges
    assert edges == (Edge(Node("table", "features", 2), Node("run", run), "read", ("evaluate", "learn")),)
    made = upstream(lived.catalog, Node("model", "late", 1), depth=1).edges[0]
    assert (made.how, made.by) == ("trained", ("learn",))


def test_what_one_run_wrote_in_a_row_is_one_edge(store: Store) -> None:
    made = Table("made", time="day", watch="off")
    with run("backfill") as backfill:
        for day in (1, 2, 3):
            made.overwrite(pl.DataFrame({"day": [date(2024, 5, day)]}))
    (edge,) = Neighbours(store.catalog).list_edges(Node("table", "made"), "upstream")
    assert (edge.source, edge.detail) == (Node("run", backfill.run), "overwrite, 3 versions, 1 to 3")


def test_an_endpoint_comes_from_its_model_its_lookups_and_its_labels(lived: Store) -> None:
    edges = upstream(lived.catalog, Node("endpoint", "late"), depth=1).edges
    assert [(str(edge.source), edge.how, edge.detail) for edge in edges] == [
        ("model:late@1", "serves", "champion"), ("weather", "looks up", ""), ("delays", "labels", "delay > 15"),
    ]  # fmt: skip
    for table in ("weather", "delays"):
        assert Node("endpoint", "late") in downstream(lived.catalog, Node("table", table)).nodes


def test_an_endpoint_goes_into_its_prediction_log_and_the_log_comes_from_it(lived: Store) -> None:
    lived.catalog.tables.declare(TableSpec("late_predictions", watch="off"), actor="ada")
    assert downstream(lived.catalog, Node("endpoint", "late")).nodes == (Node("table", "late_predictions"),)
    above = upstream(lived.catalog, Node("table", "late_predictions")).nodes
    assert above[0] == Node("endpoint", "late")
    assert Node("model", "late", 1) in above


def test_what_tasks_returned_is_shown_when_asked_for(lived: Store) -> None:
    model = lived.catalog.models.get_model("late", 1)
    assert names(upstream(lived.catalog, Node("model", "late", 1)).nodes, "blob") == []
    assert model.artifact in names(upstream(lived.catalog, Node("model", "late", 1), blobs=True).nodes, "blob")
    assert Node("model", "late", 1) in downstream(lived.catalog, Node("blob", model.artifact)).nodes
    assert Node("table", "flights", 2) in upstream(lived.catalog, Node("blob", model.artifact)).nodes


def test_a_model_without_a_version_is_all_of_its_versions(lived: Store) -> None:
    walk = downstream(lived.catalog, Node("model", "late"))
    assert [str(node) for node in walk.nodes] == ["model:late@2", "model:late@1", "endpoint:late"]


def test_a_column_leaves_out_those_who_only_read_others(lived: Store) -> None:
    lived.catalog.lineage.record_reads([Read("a-run", "t", "table", "flights", 2, ("wind",))])
    assert "a-run" in names(downstream(lived.catalog, Node("table", "flights", column="wind")).nodes, "run")
    assert "a-run" not in names(downstream(lived.catalog, Node("table", "flights", column="distance")).nodes, "run")


def test_a_walk_says_when_the_depth_or_the_limit_ended_it(lived: Store) -> None:
    start = Node("table", "flights", 1)
    assert downstream(lived.catalog, start, depth=1).cut == "depth"
    limited = downstream(lived.catalog, start, limit=2)
    assert (len(limited.edges), limited.cut) == (2, "limit")
    whole = downstream(lived.catalog, start)
    exact = downstream(lived.catalog, start, limit=len(whole.edges))
    assert (exact.cut, exact.edges) == ("", whole.edges)
