from __future__ import annotations

import random
from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest

from trivium.pipelines.chance import chancy_calls, is_clock, is_unordered, seed_everything

Module = Callable[..., ModuleType]


@pytest.mark.parametrize(
    ("imports", "body", "named"),
    [
        ("import random", "random.random()", "random.random"),
        ("from random import shuffle as mix", "mix([1])", "random.shuffle"),
        ("import numpy as np", "np.random.rand(3)", "numpy.random.rand"),
        ("import numpy as np", "np.random.default_rng()", "numpy.random.default_rng"),
        ("from datetime import datetime", "datetime.now()", "datetime.datetime.now"),
        ("import datetime as dt", "dt.date.today()", "datetime.date.today"),
        ("import time", "time.time()", "time.time"),
        ("x = 1", "x.group_by('a').len()", ".group_by"),
        ("import uuid", "uuid.uuid4()", "uuid.uuid4"),
    ],
)
def test_a_call_that_can_differ_is_named_with_its_line(imports: str, body: str, named: str, module: Module) -> None:
    made = module(f"{imports}\ndef helper():\n    return {body}\ndef task():\n    return helper()\n", name="chancy")
    assert chancy_calls(made.task) == (f"{named} (chancy.py:3)",)


@pytest.mark.parametrize(
    "body",
    [
        "random.seed(1); random.random()",
        "random.Random(1).random()",
        "np.random.default_rng(7)",
        "np.sqrt(2)",
        "np.a.unique(maintain_order=True)",
    ],
)
def test_what_is_seeded_or_not_random_is_not_named(body: str, module: Module) -> None:
    made = module(f"import random\nimport numpy as np\ndef task():\n    {body}\n")
    assert chancy_calls(made.task) == ()


def test_an_import_inside_of_the_function_counts_and_another_function_does_not(module: Module) -> None:
    made = module(
        "import time\ndef other():\n    return time.time()\ndef task():\n    import random as r\n    r.random()\n",
        name="inside",
    )
    assert chancy_calls(made.task) == ("random.random (inside.py:6)",)


def test_the_clock_and_rows_without_order_are_told_from_random_numbers() -> None:
    assert is_unordered(".unique (flow.py:1)")
    assert not is_unordered("time.time (flow.py:1)")
    assert is_clock("time.time (flow.py:1)")
    assert not is_clock("random.random (flow.py:1)")


def test_seeding_makes_the_shared_generators_repeat() -> None:
    seed_everything()
    first = (random.random(), np.random.random())
    seed_everything()
    assert (random.random(), np.random.random()) == first
