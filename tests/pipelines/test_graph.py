from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from trivium.errors import Misuse
from trivium.pipelines.graph import Graph, Node, build_graph
from trivium.pipelines.pipeline import pipeline
from trivium.pipelines.task import task
from trivium.tables.table import Table


@task
def count(rows: pl.LazyFrame, depth: int = 1) -> int:
    return rows.collect().height * depth


@task
def halves(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    return rows.head(1), rows.tail(1)


@task(outputs=2)
def pair():  # type: ignore[no-untyped-def] # a task without annotations
    return 1, 2


@task
def total(numbers: list[int], scale: float = 1.0) -> float:
    return sum(numbers) * scale


@task
def anything(*numbers: int, **named: float) -> int:
    return len(numbers) + len(named)


def draw(function: Any) -> Graph:
    return build_graph("p", function, {})


def test_a_task_called_outside_of_a_pipeline_is_just_its_function() -> None:
    assert count(pl.LazyFrame({"a": [1, 2]}), 3) == 6


def test_equal_calls_get_names_that_count_up() -> None:
    graph = draw(lambda: [total([1]), total([2]), total([3])])
    assert [node.name for node in graph.nodes] == ["total", "total-2", "total-3"]


def test_a_tuple_annotation_or_a_number_of_outputs_unpacks() -> None:
    def body() -> None:
        first, _second = halves(pl.DataFrame({"a": [1, 2]}))
        count(first)
        one, two = pair()
        total([one, two])

    graph = draw(body)
    assert [graph.upstream(node) for node in graph.nodes] == [(), ("halves",), (), ("pair",)]


def test_a_single_result_does_not_unpack() -> None:
    with pytest.raises(Misuse, match=r"'total' cannot be unpacked"):
        draw(lambda: list(total([1])))  # type: ignore[call-overload] # the mistake


def test_a_result_cannot_decide_an_if() -> None:
    with pytest.raises(Misuse, match=r"'total' is not known"):
        draw(lambda: 1 if total([1]) else 2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: total([1], scal=2.0), r"'total' got an unexpected keyword argument 'scal'. Did you mean 'scale'"),
        (total, r"'total' missing a required argument: 'numbers'"),
        (lambda: total(["x"]), r"'numbers' of task 'total'.*\['x'\]"),
        (lambda: total([1], scale="2"), r"'scale' of task 'total' is annotated float, but '2' is given"),
        (lambda: count(total([1])), r"'rows' of task 'count' is annotated LazyFrame, but the result of task 'total'"),
        (lambda: total([1], Table("flights")), r"'scale' of task 'total' is annotated float, but a table is given"),
        (lambda: anything(1, "2"), r"'numbers' of task 'anything' is annotated int, but '2' is given"),
        (lambda: anything(x="2"), r"'named' of task 'anything' is annotated float, but '2' is given"),
        (lambda: count(pl.LazyFrame(), True), r"'depth' of task 'count' is annotated int, but True is given"),
    ],
    ids=["unknown", "missing", "element", "type", "edge", "table", "one of many", "one of the named", "bool for int"],
)
def test_a_wrong_argument_is_refused_by_name(call: Any, message: str) -> None:
    with pytest.raises(Misuse, match=message):
        draw(call)


def test_a_whole_number_is_given_as_the_float_that_is_asked_for() -> None:
    (node,) = draw(lambda: total([1], scale=2)).nodes
    assert repr(node.arguments["scale"]) == "2.0"


def test_frames_of_any_kind_fit_each_other() -> None:
    def body() -> None:
        first, _ = halves(Table("flights"))
        count(first)

    assert list(draw(body).tables()) == ["flights"]


def test_a_result_of_another_pipeline_is_refused() -> None:
    kept: list[Any] = []
    draw(lambda: kept.append(total([1])))
    with pytest.raises(Misuse, match="belongs to another pipeline"):
        draw(lambda: total([kept[0]]))


def test_a_pipeline_inside_a_pipeline_is_drawn_into_it() -> None:
    @pipeline
    def inner(n: int = 1) -> float:
        return total([n])

    graph = draw(lambda: total([inner(5)]))
    assert [node.name for node in graph.nodes] == ["inner.total", "total"]


def test_pipelines_that_call_each_other_without_an_end_are_refused_by_name() -> None:
    @pipeline
    def hen(n: int = 1) -> float:
        return egg(total([n]))

    @pipeline
    def egg(n: float = 1.0) -> float:
        return hen(1)

    with pytest.raises(Misuse, match="its pipelines call each other 50 deep, at last hen -> egg -> hen -> egg"):
        hen.graph()


def test_a_pipeline_may_call_itself_while_it_comes_to_an_end() -> None:
    @pipeline
    def halved(n: int = 8) -> float:
        return total([n]) if n < 2 else halved(n // 2)

    assert [node.name for node in halved.graph().nodes] == ["halved.halved.halved.total"]


def test_a_pipeline_without_tasks_is_refused() -> None:
    with pytest.raises(Misuse, match="calls no task"):
        draw(lambda: 1)


def test_annotations_that_do_not_resolve_refuse_nothing() -> None:
    @task
    def odd(rows: NotImported, depth: int) -> Elsewhere:  # type: ignore[name-defined] # noqa: F821 # the point
        return rows

    (node,) = draw(lambda: odd(1, 2)).nodes
    assert isinstance(node, Node)
    with pytest.raises(Misuse, match="'depth' of task 'odd'"):
        draw(lambda: odd(1, "x"))


def test_options_that_do_not_exist_or_cannot_be_meant_are_refused() -> None:
    with pytest.raises(Misuse, match="no option 'retry'"):
        task(retry=3)  # type: ignore[call-overload] # the mistake
    with pytest.raises(Misuse, match="'later' is async or yields"):

        @task
        async def later() -> None: ...

    with pytest.raises(Misuse, match="retries=-1"):
        task(retries=-1)
    assert total.using(retries=3).options.retries == 3
    assert total.options.retries == 0
