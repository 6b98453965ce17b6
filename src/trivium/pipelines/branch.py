"""Branches: which of two functions is called is decided by a bool, which another task may return at run time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar, overload

from trivium.errors import Misuse, UnsupportedValue
from trivium.pipelines.drawing import current_graph
from trivium.pipelines.graph import Graph, Guard, Node, Output, leaves, source
from trivium.pipelines.plain import to_plain
from trivium.pipelines.secrets import find_references
from trivium.pipelines.signature import Promised, is_table, promised_types, type_text
from trivium.pipelines.task import Task, TaskOptions

A = TypeVar("A")
B = TypeVar("B")


@overload
def when(condition: bool, *, then: Callable[[], A]) -> A | None: ...
@overload
def when(condition: bool, *, then: Callable[[], A], otherwise: Callable[[], B]) -> A | B: ...
def when(condition: Any, *, then: Any, otherwise: Any = None) -> Any:
    """What `then()` returns if the condition is True, else what `otherwise()` returns (None without one).

    In a pipeline the condition may be the result of a task that is annotated to return a bool. Both branches are then
    drawn, and the tasks that are called in the other one are skipped when it runs; what this returns stands for the
    value of the one that was taken. Branches may be in branches.

    Raises Misuse for a condition that is no bool, and for a branch that is no function or gives what cannot be kept.
    """
    for word, branch in (("then", then), ("otherwise", otherwise)):
        if isinstance(branch, Node | Output) or not (callable(branch) or (branch is None and word == "otherwise")):
            raise Misuse(
                f"tv.when takes a function for {word}=, which is only called when that is so: "
                f"`{word}=lambda: train(rows)`; it was given {_named(branch)}."
            )
    graph = current_graph()
    if graph is not None and isinstance(condition, Node | Output):
        return _draw(graph, condition, then, otherwise or _nothing)
    if not is_bool(condition):
        raise Misuse(f"The condition of tv.when is a bool; it was given {_named(condition)}.")
    return then() if condition else (otherwise or _nothing)()


@dataclass(frozen=True, eq=False)
class Join(Node):
    """Stands for the value of the branch that is taken. A pair, triple, ... of both branches unpacks."""

    @property
    def condition(self) -> Node | Output:
        """What decides."""
        answers: Node | Output = self.arguments["condition"]
        return answers

    @property
    def sides(self) -> tuple[tuple[Guard, Any], ...]:
        """Both branches: when it is taken, and what it gives then."""
        yes, no = Guard(self.condition, True), Guard(self.condition, False)
        return (yes, self.arguments["then"]), (no, self.arguments["otherwise"])

    @property
    def outputs(self) -> tuple[Any, ...]:
        counts = {len(_parts(value)) for _, value in self.sides}
        return (Any,) * counts.pop() if len(counts) == 1 else ()

    @property
    def promised(self) -> tuple[Promised, ...]:
        return tuple(each for guard, value in self.sides for each in _promised(guard, value))

    def promised_of(self, index: int) -> tuple[Promised, ...]:
        return tuple(each for guard, value in self.sides for each in _promised(guard, _parts(value)[index]))

    def is_several(self, count: int) -> bool:
        return count > 1

    @property
    def not_unpackable(self) -> str:
        yes, no = (len(_parts(value)) or 1 for _, value in self.sides)
        return (
            f"What tv.when gives cannot be unpacked: then= gives {yes} and otherwise= gives {no} values; "
            "let both give a tuple of as many."
        )


def is_bool(value: Any) -> bool:
    """Whether this is a bool, of Python or of NumPy."""
    return isinstance(value, bool) or (type(value).__module__, type(value).__name__) == ("numpy", "bool")


def told(value: Any) -> str:
    """What a branch gives, in a few words: the names of the nodes in it, or the constant."""
    parts = value if isinstance(value, tuple) else (value,)
    return ", ".join(dict.fromkeys(source(each).name if _is_made(each) else f"{each!r:.40}" for each in parts))


def _is_made(value: Any) -> bool:
    return isinstance(value, Node | Output)


def _pick(condition: bool, then: Any, otherwise: Any) -> Any:
    return then if condition else otherwise


def _nothing() -> None:
    """The branch that is not written."""


def _draw(graph: Graph, condition: Node | Output, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Node:
    wrong = next((each for each in promised_types(condition) if each.kind is not bool), None)
    if wrong is not None:
        raise Misuse(
            f"The condition of tv.when is a bool, but {wrong.what} is given, which is annotated "
            f"{type_text(wrong.kind)}; annotate its return as bool."
        )
    values = []
    for wanted, branch in ((True, then), (False, otherwise)):
        with _inside(graph, Guard(condition, wanted)):
            values.append(_checked(branch(), "then" if wanted else "otherwise"))
    return graph.add(Task(_pick, "when", TaskOptions()), (condition, *values), {}, kind=Join)


@contextmanager
def _inside(graph: Graph, guard: Guard) -> Iterator[None]:
    """Inside the block, calls of tasks are nodes of this branch."""
    before = graph.guards
    graph.guards = (*before, guard)
    try:
        yield
    finally:
        graph.guards = before


def _checked(value: Any, word: str) -> Any:
    """What a branch gives, when it can be kept: a task's result, a plain value, or a tuple of these."""
    parts = value if isinstance(value, tuple) and len(value) > 1 else (value,)
    for part in parts:
        several = isinstance(part, Node) and len(parts) > 1 and part.outputs
        if several or not (isinstance(part, Node | Output) or _is_plain(part)):
            raise Misuse(
                f"The branch {word}= of tv.when gives {_named(part)}; it can give a task's result, a plain value, or a "
                "tuple of these. Let a task in the branch make anything else."
            )
    return value


def _is_plain(value: Any) -> bool:
    if any(isinstance(leaf, Node | Output) or is_table(leaf) for leaf in leaves(value)) or any(find_references(value)):
        return False
    try:
        to_plain(value, lambda _: None)
    except UnsupportedValue:
        return False
    return True


def _parts(value: Any) -> tuple[Any, ...]:
    """The several values of a branch; empty when it gives one."""
    if isinstance(value, Node):
        return tuple(Output(value, index) for index in range(len(value.outputs)))
    return value if isinstance(value, tuple) and len(value) > 1 else ()


def _promised(guard: Guard, value: Any) -> tuple[Promised, ...]:
    known = promised_types(value)
    if known:
        return tuple(Promised(f"{what}, which tv.when gives {guard.tell()},", kind) for what, kind in known)
    return (Promised(f"what tv.when gives {guard.tell()}", type(value)),)


def _named(value: Any) -> str:
    if is_table(value):
        return f"table {value.name!r}"
    return f"the result of task {value.task.name!r}" if isinstance(value, Node | Output) else repr(value)
