"""What pytest learns when Trivium is installed. Nothing heavy is imported until a test asks for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from trivium import testing

if TYPE_CHECKING:
    from trivium.store.store import Store

UPDATE_GOLDEN = "TRIVIUM_UPDATE_GOLDEN"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The flag `--trivium-update-golden`."""
    parser.getgroup("trivium").addoption(
        "--trivium-update-golden",
        action="store_true",
        help="Write what tasks return now into the files of their golden cases, instead of comparing.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """The flag is an environment variable while the tests run."""
    if config.getoption("--trivium-update-golden"):
        before = os.environ.get(UPDATE_GOLDEN, "")
        os.environ[UPDATE_GOLDEN] = "1"
        config.add_cleanup(lambda: os.environ.update({UPDATE_GOLDEN: before}))


@pytest.fixture
def trivium_store() -> Iterator[Store]:
    """A store of this test alone: tables, tasks and models belong to it, and it is gone afterwards."""
    with testing.temporary_store() as store:
        yield store
