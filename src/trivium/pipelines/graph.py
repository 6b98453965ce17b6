"""The static graph of a pipeline: what its tasks are and what flows between them, known before anything runs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from trivium.errors import Misuse
from trivium.pipelines.commit_arguments import given_partition, refuse_misfits
from trivium.pipelines.drawing import use_graph
from trivium.pipelines.signature import Promised, bind_arguments, check_argument, check_items, is_table, output_types
from trivium.values.tables import TableSpec

if TYPE_CHECKING:
    from trivium.pipelines.task import Task


@dataclass(frozen=True, eq=False)
class Guard:
    """A condition of a branch, and the answer with which the branch is taken."""

    condition: Node | Output
    wanted: bool

    def tell(self) -> str:
        """The condition as people would say it: "if `enough`"."""
        return f"{'if' if self.wanted else 'unless'} `{self.name}`"

    @property
    def name(self) -> str:
        """What is asked: the node that answers, with the place among its outputs."""
        answers = self.condition
        return f"{answers.node.name}[{answers.index}]" if isinstance(answers, Output) else answers.name


@dataclass(frozen=True, eq=False)
class Node:
    """One call of a task in a graph; stands for the value that the task will return.

    `arguments` holds every parameter of the task: constants, tables, nodes, outputs of nodes, and lists, tuples and
    dicts of these. A node with several outputs unpacks into them. over: the parameter that takes the items of a list
    one by one, when the task is mapped; the node then stands for the list of results. guards: of the branches that it
    is in, the outermost first. partition: the one that it commits, of a node that another one was taken apart into.
    """

    is_promise: ClassVar[bool] = True
    name: str
    task: Task[Any]
    arguments: Mapping[str, Any]
    over: str | None = None
    guards: tuple[Guard, ...] = ()
    partition: str = ""

    @property
    def outputs(self) -> tuple[Any, ...]:
        """The types of its several outputs; empty for a node with one."""
        return output_types(self.task) if self.over is None and self.task.options.commits is None else ()

    @property
    def files(self) -> tuple[Path, ...]:
        """Files of its code that its function does not reach by itself."""
        return ()

    @property
    def promised(self) -> tuple[Promised, ...]:
        """The types that its value can have, with where each comes from."""
        returned = self.task.annotations.get("return", Any)
        if self.task.options.commits is not None:
            returned = TableSpec  # the whole table, as it is afterwards
        kind = returned if self.over is None else list[returned]  # type: ignore[valid-type]
        return (Promised(f"the result of task {self.task.name!r}", kind),)

    def promised_of(self, index: int) -> tuple[Promised, ...]:
        """The same of one of its several outputs."""
        return (Promised(f"the result of task {self.task.name!r}", self.outputs[index]),)

    def is_several(self, count: int) -> bool:
        """Whether what was stored for it, `count` references, is a tuple of outputs."""
        return bool(self.outputs)

    def __iter__(self) -> Iterator[Output]:
        if self.over is not None:
            raise Misuse(
                f"How many results {self.task.name}.map(...) has is only known when it runs; give the list of them to "
                "a task that takes a list, or map another task over it."
            )
        if not self.outputs:
            raise Misuse(self.not_unpackable)
        return iter([Output(self, index) for index in range(len(self.outputs))])

    @property
    def not_unpackable(self) -> str:
        """Why it cannot be unpacked, and what to do."""
        return (
            f"The result of task {self.task.name!r} cannot be unpacked: annotate its return as tuple[A, B], "
            "or declare @task(outputs=2)."
        )

    def __bool__(self) -> bool:
        raise Misuse(
            f"The result of task {self.task.name!r} is not known while the pipeline is being built, so it cannot "
            "decide an `if` or a `while`: write `tv.when(condition, then=lambda: ..., otherwise=lambda: ...)` with a "
            "task that returns a bool, or decide inside a task."
        )


@dataclass(frozen=True, eq=False)
class Output:
    """One of several outputs of a node."""

    is_promise: ClassVar[bool] = True
    node: Node
    index: int

    __bool__ = Node.__bool__

    @property
    def task(self) -> Task[Any]:
        """The task that will make it."""
        return self.node.task

    @property
    def promised(self) -> tuple[Promised, ...]:
        """The types that its value can have, with where each comes from."""
        return self.node.promised_of(self.index)


DEEPEST = 50


@dataclass(eq=False)
class Graph:
    """Nodes in the order of their calls, which is an order in which they can run: a call only sees earlier results.

    guards: of the branches that are being drawn. place: what names begin with, in a pipeline inside of this one.
    """

    pipeline: str
    nodes: list[Node] = field(default_factory=list)
    result: Any = None
    guards: tuple[Guard, ...] = ()
    place: str = ""
    _calls: dict[str, int] = field(default_factory=dict)
    _members: set[int] = field(default_factory=set)

    def add(
        self,
        task: Task[Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        over: str | None = None,
        kind: type[Node] = Node,
    ) -> Node:
        """The call is a node of this graph. Raises Misuse when an argument cannot be right.

        over: the parameter that is given a list, to be called with each of its items.
        """
        arguments = bind_arguments(task, args, {**kwargs, **given_partition(task, args, kwargs)})
        for name, value in arguments.items():
            for leaf in leaves(value):
                self._check_membership(task, name, leaf)
            check = check_items if name == over else check_argument
            arguments[name] = check(task, name, value)
        refuse_misfits(task, arguments)
        node = kind(self._name(task.name), task, arguments, over, self.guards)
        self.nodes.append(node)
        self._members.add(id(node))
        return node

    @contextmanager
    def inside(self, pipeline: str) -> Iterator[None]:
        """Inside the block, nodes are named as those of this pipeline: `features.load`.

        Raises Misuse for pipelines that call each other without an end.
        """
        before = self.place
        if before.count(".") >= DEEPEST:
            calls = " -> ".join([*(name.partition("-")[0] for name in before.split(".")[-4:-1]), pipeline])
            raise Misuse(
                f"Pipeline {self.pipeline!r} cannot be drawn: its pipelines call each other {DEEPEST} deep, at last "
                f"{calls}. Let one of them end without calling the other."
            )
        self.place = f"{self._name(pipeline)}."
        try:
            yield
        finally:
            self.place = before

    def upstream(self, node: Node) -> tuple[str, ...]:
        """Names of the nodes whose results this one takes, in the order of its arguments, after those that decide
        whether it runs."""
        names = [source(guard.condition).name for guard in node.guards]
        names += [source(leaf).name for leaf in leaves(node.arguments) if isinstance(leaf, Node | Output)]
        return tuple(dict.fromkeys(names))

    def tables(self) -> dict[str, Any]:
        """Every table that a task takes as an argument, by name."""
        found = [leaf for node in self.nodes for leaf in leaves(node.arguments) if is_table(leaf)]
        return {table.name: table for table in found}

    def files(self) -> tuple[Path, ...]:
        """Files of code that no function of it reaches by itself."""
        return tuple(dict.fromkeys(file for node in self.nodes for file in node.files))

    def _name(self, name: str) -> str:
        """The name in its place, with a number from the second call on."""
        name = f"{self.place}{name}"
        self._calls[name] = self._calls.get(name, 0) + 1
        return name if self._calls[name] == 1 else f"{name}-{self._calls[name]}"

    def _check_membership(self, task: Task[Any], argument: str, leaf: Any) -> None:
        if isinstance(leaf, Node | Output) and id(source(leaf)) not in self._members:
            raise Misuse(
                f"Argument {argument!r} of task {task.name!r} is the result of {source(leaf).name!r}, which belongs to "
                f"another pipeline than {self.pipeline!r}; call that task inside this one."
            )


def build_graph(pipeline: str, function: Callable[..., Any], parameters: Mapping[str, Any]) -> Graph:
    """The graph that this pipeline function draws with these parameters."""
    graph = Graph(pipeline)
    with use_graph(graph):
        graph.result = function(**parameters)
    if inspect.isawaitable(graph.result):
        raise Misuse(f"Pipeline {pipeline!r} is an async function; a pipeline is drawn by a plain one.")
    if not graph.nodes:
        raise Misuse(f"Pipeline {pipeline!r} calls no task, so there is nothing to run.")
    return graph


def source(leaf: Node | Output) -> Node:
    """The node that makes this value."""
    return leaf.node if isinstance(leaf, Output) else leaf


def leaves(value: Any) -> Iterator[Any]:
    """Everything inside lists, tuples and dicts, at any depth; the value itself when it is none of these."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for each in value:
            yield from leaves(each)
    else:
        yield value


def replace_leaves(value: Any, replace: Callable[[Any], Any]) -> Any:
    """The same lists, tuples and dicts with every leaf replaced."""
    if isinstance(value, dict):
        return {key: replace_leaves(each, replace) for key, each in value.items()}
    if isinstance(value, list):
        return [replace_leaves(each, replace) for each in value]
    if isinstance(value, tuple):
        items = [replace_leaves(each, replace) for each in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    return replace(value)
