"""Whether a task has to run, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from msgspec import Struct

from trivium.digest import digest_of
from trivium.errors import CacheKeyError, TriviumError
from trivium.pipelines.artifacts import is_intact
from trivium.pipelines.cache_key import KeyParts, cache_key, decode_parts, key_parts
from trivium.pipelines.committed import TABLE
from trivium.pipelines.environments.nodes import NodeEnvironments
from trivium.pipelines.explain import explain
from trivium.pipelines.graph import Node, leaves
from trivium.pipelines.path_content import digest_path
from trivium.pipelines.reach import Reached, reach, without_absent
from trivium.pipelines.slices import Slice, contents_of
from trivium.pipelines.table_change import TableChanges
from trivium.store.catalog.content import content_digest
from trivium.store.store import Store
from trivium.values.runs import ArtifactRef, Environment, TableInput, TaskRun


class Decision(Struct, frozen=True):
    """A node's key, the finished task that can be reused (None: it has to run), and why.

    `damaged` are the outputs of a finished task that could have been reused, had their bytes been what they were.
    """

    key: str
    parts: KeyParts | None
    reuse: TaskRun | None
    why: str
    damaged: tuple[ArtifactRef, ...] = ()


def doubt(parts: KeyParts | None) -> str:
    """Why a result may not be that of this key: files that its task was given are not what they were; else ""."""
    files = parts.files if parts else {}
    try:
        changed = [f"{path} ({digest[:12]})" for path, digest in files.items() if digest_path(Path(path)) != digest]
    except CacheKeyError as error:
        return str(error)
    return f"{', '.join(changed)} was changed while it ran" if changed else ""


def own_key(run: str, node: str) -> str:
    """The key of a task that cannot be found by what it depends on: this node of this run has it, and no other."""
    return digest_of("uncached task", [run, node])


@dataclass(frozen=True)
class Decider:
    """Decides for the nodes of one run. `finished` holds the run's own finished tasks by node, when it is resumed.

    With `cache=False` only these are reused, as for a task that is declared with cache=False. environment: that of this
    process; own: those of single tasks.
    """

    store: Store
    run: str
    environment: Environment
    tables: Mapping[str, TableInput]
    cache: bool = True
    finished: Mapping[str, TaskRun] = field(default_factory=dict)
    own: NodeEnvironments = field(default_factory=NodeEnvironments)
    reached: dict[Callable[..., Any], Reached] = field(default_factory=dict)
    codes: dict[Reached, str] = field(default_factory=dict)
    contents: dict[str, dict[str, int]] = field(default_factory=dict)

    def decide(self, node: Node, artifacts: Mapping[str, tuple[ArtifactRef, ...]]) -> Decision:
        """What to do with the node, when the results of its upstream nodes are known."""
        try:
            environment = self.own.find(node) or self.environment
            parts = key_parts(node, artifacts, self.tables, environment.digest, self._reach(node))
        except CacheKeyError as error:
            return self._without_key(node, str(error))
        key = cache_key(parts)
        known = self._find(node, key)
        if known is not None and self._is_there(known):
            return Decision(key, parts, known, "unchanged")
        return Decision(key, parts, None, self._why(node, parts, known), known.outputs if known else ())

    def _is_there(self, known: TaskRun) -> bool:
        """Whether what the task made is what it was; of a table or partition: whether the newest version has it."""
        return all(self._holds(ref) if ref.kind == TABLE else is_intact(ref, self.store.blobs) for ref in known.outputs)

    def _holds(self, ref: ArtifactRef) -> bool:
        table, partition = str(ref.facts["table"]), str(ref.facts["partition"])
        if table not in self.contents:
            version = self.store.catalog.tables.newest_version(table)
            self.contents[table] = contents_of(self.store, table, version) if version else {}
        found = self.contents[table]
        return content_digest(found.get(partition, 0) if partition else sum(found.values())) == ref.digest

    def note_committed(self, ref: ArtifactRef) -> None:
        """The partition holds what a task of this run committed just now."""
        table = str(ref.facts["table"])
        if table in self.contents:
            self.contents[table][str(ref.facts["partition"])] = int(ref.digest, 16)

    def code_of(self, node: Node) -> tuple[str, tuple[str, ...]]:
        """The digest of the code that the node's task reaches, and the files that hold it; ("", ()) without a key."""
        try:
            reached = self._reach(node)
        except CacheKeyError:
            return "", ()
        if reached not in self.codes:
            self.codes[reached] = digest_of("code", reached.code)
        return self.codes[reached], reached.files

    def _reach(self, node: Node) -> Reached:
        """Looked for once in a run, so that a task which changes a global does not change the keys after it."""
        function = node.task.function
        if function not in self.reached:
            self.reached[function] = reach(function)
        reached = self.reached[function]
        return reached if node.task.options.env is None else without_absent(reached)

    def _find(self, node: Node, key: str) -> TaskRun | None:
        mine = self.finished.get(node.name)
        if mine is not None and mine.key == key:
            return mine
        return self.store.catalog.runs.find_cached(key) if self.cache and node.task.options.cache else None

    def _without_key(self, node: Node, why: str) -> Decision:
        key = own_key(self.run, node.name)
        mine = self.finished.get(node.name)
        if mine is not None and mine.key == key and self._is_there(mine):
            return Decision(key, None, mine, "finished before the run was interrupted")
        return Decision(key, None, None, f"cannot be cached: {why}")

    def _why(self, node: Node, parts: KeyParts, known: TaskRun | None) -> str:
        if known is not None:
            return (
                f"the table holds other rows for {node.partition}"
                if node.partition
                else "its stored output is gone or damaged"
            )
        if not (self.cache and node.task.options.cache):
            return "caching is off"
        among = {leaf.table.table: leaf.partitions for leaf in leaves(node.arguments) if isinstance(leaf, Slice)}

        def tell_change(table: str, old: int, new: int) -> str:
            return self._changes.tell(table, old, new, among.get(table))

        return explain(parts, self._before(node), self._environment, tell_change)

    @cached_property
    def _changes(self) -> TableChanges:
        return TableChanges(self.store)

    def _before(self, node: Node) -> KeyParts | None:
        newest = self.store.catalog.runs.find_newest_task(node.task.name, node.name if node.partition else None)
        if newest is None or not newest.parts:
            return None
        try:
            return decode_parts(self.store.blobs.get(newest.parts))
        except TriviumError:
            return None

    def _environment(self, digest: str) -> Environment:
        if digest == self.environment.digest:
            return self.environment
        return self.store.catalog.runs.get_environment(digest)
