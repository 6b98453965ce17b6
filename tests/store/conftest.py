"""One contract over every storage: a new one joins by a line in `PLACES`."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.storage_place import Place

from trivium.store.storage import Storage

PLACES = ("folder", "s3")


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """An empty storage of each kind."""
    if request.param == "folder":
        return Place("folder", str(tmp_path / "stored"), tmp_path)
    url: str = request.getfixturevalue("s3_url")
    return Place("s3", url, tmp_path, request.getfixturevalue("object_store"))


@pytest.fixture
def storage(place: Place) -> Storage:
    """The storage of tables."""
    return place.open()
