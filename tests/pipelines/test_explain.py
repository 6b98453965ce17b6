from __future__ import annotations

import pytest
from msgspec.structs import replace

from trivium.errors import NotFound
from trivium.pipelines.cache_key import InputPart, KeyParts
from trivium.pipelines.environment import make_environment
from trivium.pipelines.explain import explain
from trivium.values.runs import Environment

OLD = make_environment("3.12.1", {"polars": "1.30", "numpy": "2.1", "gone": "1"})
NEW = make_environment("3.12.1", {"polars": "1.31", "numpy": "2.1"})
PARTS = KeyParts(
    task="train",
    version="",
    code=(("clean", "a"), ("train", "b")),
    inputs={
        "rows": InputPart("task", "r1", "features"),
        "flights": InputPart("table", "t1", "flights version 3"),
        "depth": InputPart("parameter", "p1", "6"),
    },
    environment=OLD.digest,
)


def find(digest: str) -> Environment:
    return {OLD.digest: OLD, NEW.digest: NEW}[digest]


def with_input(name: str, part: InputPart) -> KeyParts:
    return replace(PARTS, inputs={**PARTS.inputs, name: part})


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (replace(PARTS, code=(("clean", "x"), ("train", "b"))), "code changed: clean"),
        (replace(PARTS, code=(("train", "b"),)), "code changed: clean"),
        (with_input("depth", InputPart("parameter", "p2", "8")), "parameter depth changed: 6 -> 8"),
        (
            with_input("flights", InputPart("table", "t2", "flights version 4")),
            "input flights changed: flights version 3 -> flights version 4",
        ),
        (with_input("rows", InputPart("task", "r2", "features")), "input rows changed: features gave another result"),
        (with_input("rows", InputPart("task", "r2", "sample")), "input rows changed: features -> sample"),
        (with_input("width", InputPart("parameter", "w", "1")), "argument width is new"),
        (replace(PARTS, environment=NEW.digest), "environment changed: gone 1 -> absent, polars 1.30 -> 1.31"),
        (replace(PARTS, version="2"), "version changed: none -> 2"),
        (PARTS, "its stored output is gone"),
    ],
    ids=["code", "code gone", "parameter", "table", "task", "other task", "new", "environment", "version", "nothing"],
)
def test_what_changed_is_named(now: KeyParts, why: str) -> None:
    assert explain(now, PARTS, find) == why


def test_the_first_time_needs_no_other_reason() -> None:
    assert explain(PARTS, None, find) == "first time"


def test_several_changes_are_all_named() -> None:
    now = replace(with_input("depth", InputPart("parameter", "p2", "8")), code=(("clean", "x"), ("train", "b")))
    assert explain(now, PARTS, find) == "code changed: clean; parameter depth changed: 6 -> 8"


def test_a_forgotten_environment_does_not_stop_the_explanation() -> None:
    def forgotten(digest: str) -> Environment:
        raise NotFound(digest)

    assert explain(replace(PARTS, environment=NEW.digest), PARTS, forgotten) == "environment changed"
