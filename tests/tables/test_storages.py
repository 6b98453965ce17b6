"""Tables over a folder and over an object store: the same promises."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import polars as pl
import pytest
from tests.object_store import ObjectStore

from trivium.errors import CorruptObject
from trivium.store.store import Store, connect
from trivium.tables.query import query_tables
from trivium.tables.table import Table

APPEND = """
import sys
import polars as pl
from trivium.store.store import connect
from trivium.tables.table import Table
with connect(sys.argv[1], actor="ada"):
    for number in range(5):
        Table("readings", watch="off").append(pl.DataFrame({"who": [sys.argv[2]], "n": [number]}))
"""


@pytest.fixture(params=["folder", "s3"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A project whose setting `storage` is a folder, or a prefix in a bucket."""
    setting = str(tmp_path / "far") if request.param == "folder" else request.getfixturevalue("s3_url")
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "trivium.toml").write_text(f'storage = "{setting}"')
    return tmp_path / "project"


@pytest.fixture
def store(project: Path) -> Iterator[Store]:
    """Its store."""
    with connect(project, actor="ada") as opened:
        yield opened


def test_what_was_committed_is_read_by_polars_and_by_sql(store: Store) -> None:
    readings = Table("readings", key="n", watch="off")
    readings.append(pl.DataFrame({"n": [1, 2], "x": [0.5, None]}))
    readings.upsert(pl.DataFrame({"n": [2, 3], "x": [1.5, 2.5]}))
    assert readings.read().sort("n").collect().rows() == [(1, 0.5), (2, 1.5), (3, 2.5)]
    assert readings.read(1).collect().rows() == [(1, 0.5), (2, None)]
    assert query_tables(store, "SELECT sum(x) AS s FROM readings").rows.item() == 4.5
    assert not (store.settings.state / "tables").exists()


def test_processes_that_commit_at_once_lose_nothing(project: Path, store: Store) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", APPEND, str(project), who], env=dict(os.environ)) for who in ("a", "b")
    ]
    assert [writer.wait(90) for writer in writers] == [0, 0]
    rows = Table("readings", watch="off").read().collect().sort("who", "n").rows()
    assert rows == [(who, number) for who in ("a", "b") for number in range(5)]


def test_a_changed_file_refuses_its_versions_and_no_older_one(
    project: Path, store: Store, request: pytest.FixtureRequest
) -> None:
    readings = Table("readings", watch="off")
    readings.append(pl.DataFrame({"n": [1]}))
    damaged = readings.append(pl.DataFrame({"n": [2]})).added[0]
    _flip(store, damaged.path, request)
    with pytest.raises(CorruptObject, match=f"{damaged.path} .*table 'readings' that do not have this file still open"):
        readings.read()
    assert readings.read(1).collect().rows() == [(1,)]


def _flip(store: Store, path: str, request: pytest.FixtureRequest) -> None:
    url = urlsplit(store.settings.storage)
    if not url.scheme:
        file = Path(store.settings.storage) / "tables" / path
        file.write_bytes(_flipped(file.read_bytes()))
        return
    server: ObjectStore = request.getfixturevalue("object_store")
    there = f"/{url.netloc}{url.path}/tables/{path}"
    server.request("PUT", there, _flipped(server.request("GET", there)))


def _flipped(data: bytes) -> bytes:
    return data[:40] + bytes([data[40] ^ 1]) + data[41:]
