from __future__ import annotations

import sys
from pathlib import Path

import pytest

from trivium.errors import EnvironmentUnavailable
from trivium.pipelines.environments.uv import advice, run_uv, tell

REFUSED = """error: No solution found when resolving dependencies:
  ╰─▶ Because tvunknown was not found in the package registry and you require tvunknown>=2,
      we can conclude that your requirements are unsatisfiable.
"""


def test_what_uv_complains_of_is_one_line_without_decoration() -> None:
    assert tell(REFUSED) == (
        "No solution found when resolving dependencies: Because tvunknown was not found in the package registry and "
        "you require tvunknown>=2, we can conclude that your requirements are unsatisfiable."
    )


def test_passwords_of_addresses_are_not_told() -> None:
    assert tell("cause: https://ada:hunter2@wheels.example/simple/six/ did not answer") == (
        "https://wheels.example/simple/six/ did not answer"
    )


@pytest.mark.parametrize(
    ("printed", "what"),
    [
        (REFUSED, "Change the requirements"),
        ("Failed to write: No space left on device (os error 28)", "trivium environments gc"),
        ("Failed to fetch: `https://x` cause: dns error", "Does the package index answer"),
        ("No interpreter found for Python 3.99 in search path", "Install that Python"),
        ("Hash mismatch for `six==1.0`", "not the files that were locked"),
        ("something else", ""),
    ],
)
def test_advice_is_for_what_went_wrong(printed: str, what: str) -> None:
    assert what in advice(printed)
    assert bool(what) == bool(advice(printed))


def test_an_error_of_uv_begins_with_what_was_being_done(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentUnavailable, match=r"The lock cannot be read: .*nowhere"):
        run_uv(["pip", "sync", "--python", sys.executable, "nowhere.txt"], tmp_path, "The lock cannot be read")
