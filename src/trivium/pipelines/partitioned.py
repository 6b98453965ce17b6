"""Tasks that commit into a table, partition by partition: which partitions there are, and what each is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from msgspec import Struct

from trivium.durations import parse_duration
from trivium.errors import NotFound
from trivium.pipelines.committed import TABLE, newest_of
from trivium.pipelines.graph import Node, Output, leaves, replace_leaves, source
from trivium.pipelines.mapping import CannotExpand, Expansion, Refs
from trivium.pipelines.partition import EACH, Partition, PartitionRange
from trivium.pipelines.signature import is_table
from trivium.pipelines.slices import Slice, SlicedTable
from trivium.store.blobs import Blobs
from trivium.store.store import Store
from trivium.tables.partition_name import WHOLE
from trivium.values.alerts import Alert
from trivium.values.runs import ArtifactRef, TableInput
from trivium.values.tables import TableSpec

Sliced = Mapping[tuple[str, str], SlicedTable]  # by argument, and the name of the table there
ALL = "all"
MOST_TOLD = 3


class Wanted(Struct, frozen=True):
    """Which partitions of tables a run makes. among: None for all that the inputs have. blocking: open alerts about
    partitions of inputs, on which nothing is made. instead_of: the run that is reproduced, whose partitions are made
    anew without being committed. only: the names of the nodes that are made, when others are not."""

    among: PartitionRange | None = None
    blocking: tuple[Alert, ...] = ()
    instead_of: str = ""
    only: frozenset[str] | None = None


class Partitioned(Expansion):
    """A node that commits into a table: each partition becomes a node, oldest first, also after others have failed.

    waiting: the input tables that have no rows yet, by partition.
    """

    unit = "partition"
    keeps_going = True

    def __init__(
        self,
        node: Node,
        names: Sequence[str],
        inputs: Sliced,
        waiting: Mapping[str, Sequence[str]],
        wanted: Wanted,
    ) -> None:
        super().__init__(node, names)
        self.waiting = waiting
        self._spec = spec_of(node)
        self._inputs = inputs
        self._wanted = wanted

    def node_at(self, place: int) -> Node:
        """The node of one partition: with its slices, and the partition itself where a parameter asks for it."""
        partition = Partition(self._items[place], self._spec.every)

        def cut(leaf: Any, argument: str) -> Any:
            found = self._inputs.get((argument, name_of(leaf)))
            return partition if leaf is EACH else leaf if found is None else found.slice_for(partition)

        arguments = {
            name: replace_leaves(value, partial(cut, argument=name)) for name, value in self.node.arguments.items()
        }
        return Node(f"{self.node.name}[{partition}]", self.node.task, arguments, partition=partition.name)

    def gather(self, store: Store, blobs: Blobs) -> Refs:
        """The table at its newest version, which has all partitions; of a reproduction, the one that was made then."""
        if self._wanted.instead_of:
            then = store.catalog.runs.find_task(self._wanted.instead_of, self.node.name)
            if then is not None and then.outputs:
                return then.outputs
        try:
            return (newest_of(store, self._spec.name),)
        except NotFound:
            raise CannotExpand(
                f"table {self._spec.name!r} has no rows, and nothing to be made: {self.tell()}"
            ) from None

    def tell(self) -> str:
        """What was done, in a few words."""
        return f"{super().tell()}; {self.tell_waiting()}" if self.waiting else super().tell()

    @property
    def table(self) -> str:
        """The name of the table that is made."""
        return self._spec.name

    def tell_waiting(self) -> str:
        """Which partitions are not made, for want of which rows."""
        tables = ", ".join(dict.fromkeys(table for tables in self.waiting.values() for table in tables))
        names = list(self.waiting)
        more = f" and {len(names) - MOST_TOLD} more" if len(names) > MOST_TOLD else ""
        return f"{len(names)} waiting for rows of {tables} ({', '.join(names[:MOST_TOLD])}{more})"


def expand_partitions(
    node: Node,
    artifacts: Mapping[str, Refs],
    tables: Mapping[str, TableInput],
    store: Store,
    wanted: Wanted,
) -> Partitioned:
    """The partitions that the node makes.

    A partition is made when all tables that are taken by partitions have rows for it. Raises CannotExpand when nothing
    says which partitions there are.
    """
    spec = spec_of(node)
    inputs = _sliced_tables(node, artifacts, tables, store)
    names = _names(node, spec, list(inputs.values()), wanted.among)
    if wanted.only is not None:
        names = [name for name in names if f"{node.name}[{name}]" in wanted.only]
    waiting: dict[str, list[str]] = {}
    for name in names:
        absent = [each.table.table for each in inputs.values() if not each.has_rows(Partition(name, spec.every))]
        if absent:
            waiting[name] = list(dict.fromkeys(absent))
    return Partitioned(node, [name for name in names if name not in waiting], inputs, waiting, wanted)


def blocking_alert(node: Node, alerts: Sequence[Alert]) -> Alert | None:
    """The first of the alerts that is about rows which this node of one partition is given."""
    parts = [leaf for leaf in leaves(node.arguments) if isinstance(leaf, Slice)]
    about = {(part.table.table, name) for part in parts for name in part.partitions}
    return next((alert for alert in alerts if (alert.table, alert.partition) in about), None)


def tables_by_partition(nodes: Sequence[Node]) -> set[str]:
    """The tables that are only ever read by partitions."""
    sliced: set[str] = set()
    whole: set[str] = set()
    for node in nodes:
        for name, value in node.arguments.items():
            found = {leaf.name for leaf in leaves(value) if is_table(leaf) and leaf.spec.time is not None}
            target = node.task.options.commits
            by_partition = target is not None and target.time is not None and _lookback(node, name) is not None
            (sliced if by_partition else whole).update(found)
    return sliced - whole


def spec_of(node: Node) -> TableSpec:
    """The table that the node's task commits into."""
    spec = node.task.options.commits
    assert spec is not None  # noqa: S101 # only such nodes are expanded here
    return spec


def name_of(leaf: Any) -> str:
    """What stands for the same table: its own name, or the node that commits into it."""
    if isinstance(leaf, Node | Output):
        return f"@{source(leaf).name}"
    return str(leaf.name) if is_table(leaf) else ""


def _names(node: Node, spec: TableSpec, inputs: Sequence[SlicedTable], among: PartitionRange | None) -> list[str]:
    if spec.time is None:
        return [WHOLE]
    if inputs:
        found = {name for table in inputs for name in table.partitions(spec.every)}
        names = sorted(name for name in found if among is None or name in among)
        if not names and among is not None:
            tables = ", ".join(dict.fromkeys(table.table.table for table in inputs))
            raise CannotExpand(
                f"there are no rows of {among} in {tables}, so there is nothing to make {spec.name!r} of"
            )
        return names
    if among is None:
        raise CannotExpand(
            f"nothing says which partitions of table {spec.name!r} there are: {node.name} takes no table with event "
            "time by partitions. Say which, as `trivium run PIPELINE --partitions 2013-09-01..2013-09-30`"
        )
    return list(among.names(spec.every))


def _sliced_tables(node: Node, artifacts: Mapping[str, Refs], tables: Mapping[str, TableInput], store: Store) -> Sliced:
    found: dict[tuple[str, str], SlicedTable] = {}
    if spec_of(node).time is None:
        return found
    for name, value in node.arguments.items():
        lookback = _lookback(node, name)
        for leaf in leaves(value) if lookback is not None else ():
            table = _input_table(leaf, artifacts, tables)
            if table is None or store.catalog.tables.get_spec(table.table).time is None:
                continue
            assert lookback is not None  # noqa: S101 # as the loop's condition says
            found[name, name_of(leaf)] = SlicedTable(store, table, lookback)
    return found


def _input_table(leaf: Any, artifacts: Mapping[str, Refs], tables: Mapping[str, TableInput]) -> TableInput | None:
    if is_table(leaf):
        return tables[leaf.name]
    if isinstance(leaf, Node | Output) and source(leaf).task.options.commits is not None:
        return table_input(artifacts[source(leaf).name][0])
    return None


def table_input(ref: ArtifactRef) -> TableInput:
    """The table version that the output of a node is which commits into a table."""
    assert ref.kind == TABLE  # noqa: S101 # see `Partitioned.gather`
    return TableInput(str(ref.facts["table"]), int(ref.facts["version"]), ref.digest)


def _lookback(node: Node, argument: str) -> timedelta | None:
    """How far before the partition this argument's tables are given; None when they are given whole."""
    asked = node.task.options.lookback
    text = asked.get(argument, "") if isinstance(asked, Mapping) else asked
    return None if text == ALL else parse_duration(text) if text else timedelta(0)
