from __future__ import annotations

import datetime
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from trivium.errors import CacheKeyError
from trivium.pipelines.cache_key import KeyParts, cache_key, decode_parts, encode_parts, key_parts
from trivium.pipelines.graph import build_graph
from trivium.pipelines.task import Task

Module = Callable[..., ModuleType]

SOURCE = """
    from trivium.pipelines.task import task

    LIMIT = 10

    def clean(value):
        return min(value, LIMIT)

    @task
    def step(value: int, factor: float = 2.0) -> float:
        return clean(value) * factor
"""


def key(task: Task[Any], *args: Any, environment: str = "e" * 64) -> str:
    return cache_key(parts(task, *args, environment=environment))


def parts(task: Task[Any], *args: Any, environment: str = "e" * 64) -> KeyParts:
    graph = build_graph("p", lambda: task(*args), {})
    return key_parts(graph.nodes[0], {}, {}, environment)


def changed(module: Module, before: str, after: str, source: str = SOURCE) -> bool:
    assert before in source
    old, new = module(source), module(source.replace(before, after))
    return key(old.step, 3) != key(new.step, 3)


def test_the_key_of_a_task_with_a_helper_and_a_global_is_this(module: Module) -> None:
    assert key(module(SOURCE).step, 3) == "4880c4966615456392d5fb13698f957faf48291183582bcecd3d9d479d96d971"


def test_the_key_of_a_task_with_many_kinds_of_parameters_is_this(module: Module) -> None:
    source = """
        import datetime
        from trivium.pipelines.task import task

        @task(version="2")
        def step(a, b, c, d):
            return [a for a in b if d]
    """
    moment = datetime.datetime(2013, 1, 1, tzinfo=datetime.UTC)
    found = key(module(source).step, {"x": (1, 2.5)}, {"b", "a"}, moment, None)
    assert found == "fe9b4764ab36653d42dfaa988db38022e42a1d9ab47bc2294c0c36417585c663"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("LIMIT = 10", "LIMIT = 11"),
        ("min(value", "max(value"),
        ("* factor", "+ factor"),
        ("factor: float = 2.0", "factor: float = 3.0"),
        ("@task", "@task(version='2')"),
    ],
    ids=["global", "helper", "own code", "default", "version"],
)
def test_a_change_of_what_the_code_does_changes_the_key(module: Module, before: str, after: str) -> None:
    assert changed(module, before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("def clean(value):", "# a comment\n    def clean(value):\n        'A docstring.'\n"),
        ("clean(value) * factor", "(clean(value)\n                * factor)  # why"),
        ("@task", "@task(cpus=4, retries=2)"),
        ("LIMIT = 10", "LIMIT = 5 + 5\n    UNUSED = 1"),
    ],
    ids=["comment and docstring", "layout", "resources", "what is not reached"],
)
def test_what_changes_nothing_keeps_the_key(module: Module, before: str, after: str) -> None:
    assert not changed(module, before, after)


def test_the_name_of_the_file_is_not_part_of_the_key(module: Module) -> None:
    assert key(module(SOURCE, name="one_name").step, 3) == key(module(SOURCE, name="other_name").step, 3)


def test_methods_bases_and_attributes_of_a_class_count(module: Module) -> None:
    source = """
        from trivium.pipelines.task import task

        class Base:
            factor = 2

            def scale(self, value):
                return value * self.factor

        class Scaler(Base):
            pass

        @task
        def step(value):
            return Scaler().scale(value)
    """
    assert changed(module, "factor = 2", "factor = 3", source)
    assert changed(module, "value * self", "value + self", source)
    assert not changed(module, "pass", "'''Only words.'''", source)


def test_methods_of_an_argument_s_class_count(module: Module) -> None:
    source = """
        import dataclasses
        from trivium.pipelines.task import task

        @dataclasses.dataclass
        class Options:
            depth: int = 1

            def doubled(self):
                return self.depth * 2

        @task
        def step(value, options: Options = Options()):
            return value * options.doubled()
    """
    assert changed(module, "depth * 2", "depth * 3", source)
    assert changed(module, "depth: int = 1", "depth: int = 4", source)


def test_closures_partials_lambdas_and_wrappers_count(module: Module) -> None:
    source = """
        import functools
        from trivium.pipelines.task import task

        def doubling(function):
            @functools.wraps(function)
            def inner(value):
                return 2 * function(value)
            return inner

        def add(much, value):
            return value + much

        add_two = functools.partial(add, 2)
        minus = lambda value: value - 1

        @doubling
        def wrapped(value):
            return value * 7

        @functools.lru_cache
        def remembered(value):
            return value * 5

        @task
        def step(value):
            return wrapped(value) + add_two(value) + minus(value) + remembered(value)
    """
    for before, after in [
        ("2 * function", "3 * function"),
        ("add, 2", "add, 3"),
        ("- 1", "- 2"),
        ("* 7", "* 8"),
        ("* 5", "* 6"),
        ("value + much", "value - much"),
    ]:
        assert changed(module, before, after, source), before


def test_code_reached_through_a_module_of_one_s_own_counts(module: Module) -> None:
    helper = "def clean(value):\n    return value + 1\n\ndef other(value):\n    return 0\n"
    source = """
        import HELPER
        from trivium.pipelines.task import task

        @task
        def step(value):
            return HELPER.clean(value)
    """
    keys = []
    for number, text in enumerate([helper, helper.replace("+ 1", "+ 2"), helper.replace("0", "9")]):
        module(text, name=f"own_helper{number}", folder=f"with_helper{number}")
        user = module(source.replace("HELPER", f"own_helper{number}"), folder=f"with_helper{number}")
        renamed = parts(user.step, 3)
        keys.append(dict(renamed.code)["clean"])
    assert keys[0] != keys[1]
    assert keys[0] == keys[2]


def test_another_task_called_by_name_counts(module: Module) -> None:
    source = """
        from trivium.pipelines.task import task

        @task
        def inner(value):
            return value + 1

        @task
        def step(value):
            return inner(value)
    """
    assert changed(module, "+ 1", "+ 2", source)


def test_an_edit_of_the_file_after_import_is_not_taken_for_the_loaded_code(module: Module) -> None:
    loaded = module(SOURCE)
    before = key(loaded.step, 3)
    file = loaded.__file__
    assert file
    with open(file) as handle:  # noqa: PTH123 # a plain text file
        text = handle.read()
    with open(file, "w") as handle:  # noqa: PTH123 # the same
        handle.write(text.replace("* factor", "- factor "))
    edited = module(SOURCE.replace("* factor", "- factor "))
    assert key(loaded.step, 3) not in (before, key(edited.step, 3))


def test_the_environment_and_each_argument_count(module: Module) -> None:
    step = module(SOURCE).step
    assert len({key(step, 3), key(step, 4), key(step, 3, 3.0), key(step, 3, environment="f" * 64)}) == 4


def test_numbers_of_different_types_are_different_values(module: Module) -> None:
    step = module("from trivium.pipelines.task import task\n@task\ndef step(x):\n    return x\n").step
    assert len({key(step, value) for value in (1, 1.0, True, "1", [1], (1,), {1})}) == 7


def test_a_global_without_comparable_content_is_named(module: Module) -> None:
    source = """
        import threading
        from trivium.pipelines.task import task

        LOCK = threading.Lock()

        @task
        def step(value):
            with LOCK:
                return value
    """
    with pytest.raises(CacheKeyError, match=r"LOCK cannot be part of a cache key"):
        key(module(source).step, 3)


def test_stored_parts_come_back_and_other_bytes_are_none(module: Module) -> None:
    stored = parts(module(SOURCE).step, 3)
    assert decode_parts(encode_parts(stored)) == stored
    assert decode_parts(b"{}") is None
