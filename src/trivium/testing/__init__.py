"""What the tests of a user's own project use: a temporary store, samples, and assertions about tasks and pipelines.

`from trivium import testing`. Importing it loads nothing heavy; each name is loaded at its first use. pytest knows the
fixture `trivium_store` and the flag `--trivium-update-golden` as soon as Trivium is installed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trivium.testing.deterministic import assert_deterministic as assert_deterministic
    from trivium.testing.end_to_end import assert_runs as assert_runs
    from trivium.testing.golden import golden as golden
    from trivium.testing.samples import sample as sample
    from trivium.testing.temporary import temporary_store as temporary_store

HOMES = {
    "assert_deterministic": "trivium.testing.deterministic",
    "assert_runs": "trivium.testing.end_to_end",
    "golden": "trivium.testing.golden",
    "sample": "trivium.testing.samples",
    "temporary_store": "trivium.testing.temporary",
}

__all__ = list(HOMES)  # the names are the keys above, and a test compares them with the stubs


def __getattr__(name: str) -> Any:
    if name not in HOMES:
        raise AttributeError(f"module 'trivium.testing' has no attribute {name!r}")
    found = getattr(import_module(HOMES[name]), name)
    globals()[name] = found  # also where a module of this package has the same name
    return found


def __dir__() -> list[str]:
    return __all__
