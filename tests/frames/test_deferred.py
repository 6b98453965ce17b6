"""Engines are loaded when something of them is asked for, and not before."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from trivium.deferred import Deferred

SCRIPT = """
import sys
import trivium as tv
from trivium.pipelines.results import load_result

@tv.task
def loaded(before: list[str]) -> list[str]:
    return sorted({"polars", "duckdb", "pyarrow"} & sys.modules.keys())

@tv.pipeline
def two() -> list[str]:
    return loaded(loaded([]))

if __name__ == "__main__":
    done = two.run()
    print(load_result(tv.current_store(), done.id), sorted({"polars", "duckdb", "pyarrow"} & sys.modules.keys()))
"""


def test_a_deferred_module_has_what_the_module_has() -> None:
    assert Deferred("json").dumps([1]) == "[1]"


def test_what_the_module_lacks_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        _ = Deferred("json").nothing


@pytest.mark.parametrize("executor", ["inline", "local"])
def test_a_run_of_plain_values_loads_no_engine_in_any_process(tmp_path: Path, executor: str) -> None:
    (tmp_path / "plain.py").write_text(SCRIPT)
    variables = {**os.environ, "TRIVIUM_ROOT": str(tmp_path), "TRIVIUM_EXECUTOR": executor}
    done = subprocess.run(
        [sys.executable, "plain.py"], cwd=tmp_path, env=variables, check=True, capture_output=True, text=True
    )
    assert done.stdout == "[] []\n"
