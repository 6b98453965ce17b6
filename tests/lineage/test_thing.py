"""What a person means by a name."""

from __future__ import annotations

import pytest

from trivium.errors import Misuse, NotFound
from trivium.lineage.thing import find_thing
from trivium.store.store import Store
from trivium.values.lineage import Node


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("flights", Node("table", "flights")),
        ("flights@2", Node("table", "flights", 2)),
        ("flights.distance", Node("table", "flights", None, "distance")),
        ("table:flights@1.distance", Node("table", "flights", 1, "distance")),
        ("model:late", Node("model", "late")),
        ("late@2", Node("model", "late", 2)),
        ("model:late@1", Node("model", "late", 1)),
        ("endpoint:late", Node("endpoint", "late")),
        ("d" * 64, Node("blob", "d" * 64)),
    ],
)
def test_a_text_names_a_thing_and_a_thing_is_spelt_so_that_it_is_found_again(
    lived: Store, text: str, node: Node
) -> None:
    assert find_thing(lived.catalog, text) == node
    assert find_thing(lived.catalog, str(node)) == node


def test_a_run_is_named_by_a_unique_beginning_of_its_id(lived: Store) -> None:
    run = lived.catalog.runs.list_runs(limit=1)[0].id
    assert find_thing(lived.catalog, run) == find_thing(lived.catalog, f"run:{run[:-1]}") == Node("run", run)


def test_a_name_of_several_things_asks_which_is_meant(lived: Store) -> None:
    with pytest.raises(Misuse, match="'late' can mean several things; write `model:late` or `endpoint:late`"):
        find_thing(lived.catalog, "late")


@pytest.mark.parametrize("text", ["nothing", "flights@9", "model:late@9", "model:late@nobody", "run:nope", "late.x"])
def test_what_is_not_there_is_not_found(lived: Store, text: str) -> None:
    with pytest.raises(NotFound, match="There is no"):
        find_thing(lived.catalog, text)


def test_a_table_that_is_not_there_is_told_with_those_that_are(lived: Store) -> None:
    with pytest.raises(NotFound, match=r"There is no table 'nope'. Tables: .*flights"):
        find_thing(lived.catalog, "table:nope")
    with pytest.raises(NotFound, match="There is no model 'nope'"):
        find_thing(lived.catalog, "model:nope")


def test_a_column_that_the_table_lacks_is_told_with_those_it_has(lived: Store) -> None:
    with pytest.raises(NotFound, match="no column 'speed'; it has flight, left_at, distance, wind, late"):
        find_thing(lived.catalog, "flights.speed")


@pytest.mark.parametrize("text", ["", "Flights", "planet:flights", "a b", "flights@", "../x", "flights\n.x\0"])
def test_a_text_that_cannot_name_anything_is_refused(lived: Store, text: str) -> None:
    with pytest.raises((Misuse, NotFound), match=r"names nothing|no column"):
        find_thing(lived.catalog, text)
