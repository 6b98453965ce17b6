"""A folder as storage: links, full and refusing disks."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from trivium.digest import digest_bytes
from trivium.errors import Misuse, StorageUnavailable
from trivium.ids import new_id
from trivium.store.lake import Lake
from trivium.store.local_storage import LocalStorage
from trivium.store.proven import Proven
from trivium.store.storage import Wanted

FILL = """
import resource, signal, sys
from pathlib import Path
import polars as pl
from trivium.errors import StorageFull
from trivium.ids import new_id
from trivium.store.blobs import Blobs
from trivium.store.lake import Lake
root = Path(sys.argv[1])
lake, blobs = Lake(root / "tables", ids=new_id), Blobs(root / "blobs")
rows = pl.select(a=pl.int_range(100_000).cast(pl.Float64).sin())
(root / "source").write_bytes(bytes(100_000))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
for act in (
    lambda: lake.write("t", "all", rows),
    lambda: lake.write_lazy("t", "all", rows.lazy()),
    lambda: blobs.put(bytes(100_000)),
    lambda: blobs.put_file(root / "source"),
):
    try:
        act()
    except StorageFull as error:
        print(error)
lake.write("t", "all", rows.head(10))
"""


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    """An empty folder of storage, with a memory of its own."""
    return LocalStorage(tmp_path / "stored")


def test_a_full_disk_is_said_with_what_to_do_and_leaves_nothing(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FILL, str(tmp_path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert len(lines) == 4
    assert all(line.startswith(f"There is no room for {tmp_path}/") for line in lines)
    assert all("Free space on the disk" in line for line in lines)
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "source"]
    assert [path.suffix for path in files] == [".parquet"]


def test_a_link_is_followed_by_no_method(storage: LocalStorage, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"x")
    storage.folder.mkdir()
    (storage.folder / "t").mkdir()
    (storage.folder / "t" / "file").symlink_to(outside / "secret")
    (storage.folder / "folder").symlink_to(outside)
    for name in ("t/file", "folder/secret", "folder/new"):
        for act in (
            lambda name=name: storage.put(name, b"y"),
            lambda name=name: storage.put_file(name, lambda aside: aside.touch()),
            lambda name=name: storage.get(name),
            lambda name=name: storage.digest(name),
            lambda name=name: storage.stat(name),
            lambda name=name: storage.local_paths([Wanted(name, digest_bytes(b"x"))]),
            lambda name=name: storage.places([Wanted(name, digest_bytes(b"x"))]),
            lambda name=name: storage.delete(name),
        ):
            with pytest.raises(Misuse, match="links are not followed"):
                act()
    with pytest.raises(Misuse, match="links are not followed"):
        list(storage.list_files("folder"))
    assert list(storage.list_files()) == []
    assert {path.name: path.read_bytes() for path in outside.iterdir()} == {"secret": b"x"}


def test_the_folder_itself_may_be_reached_by_a_link(tmp_path: Path) -> None:
    (tmp_path / "large-disk").mkdir()
    (tmp_path / "stored").symlink_to(tmp_path / "large-disk")
    LocalStorage(tmp_path / "stored").put("t/a", b"x")
    assert (tmp_path / "large-disk" / "t" / "a").read_bytes() == b"x"


def test_what_a_killed_writer_left_is_listed_and_can_be_deleted(storage: LocalStorage) -> None:
    storage.put("t/a", b"x")
    (storage.folder / "t" / ".b.parquet.01aside").write_bytes(b"half")
    assert {file.name for file in storage.list_files("t")} == {"t/a", "t/.b.parquet.01aside"}
    storage.delete("t/.b.parquet.01aside")
    assert {file.name for file in storage.list_files("t")} == {"t/a"}


def test_a_change_that_hides_its_time_is_found_too(storage: LocalStorage) -> None:
    stamp = storage.put("t/a", b"0123")
    path = storage.path("t/a")
    before = path.stat()
    time.sleep(0.02)
    path.write_bytes(b"0124")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    found = storage.stat("t/a")
    assert found is not None
    assert found.stamp != stamp


def test_what_one_process_compared_the_next_one_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = tmp_path / "cache" / "proven"
    storage = LocalStorage(tmp_path / "stored", proven=Proven(memory))
    storage.put("t/a", b"x")
    storage.local_paths([Wanted("t/a", digest_bytes(b"x"))])
    assert len(memory.read_text().splitlines()) == 1
    monkeypatch.setattr("trivium.store.local_storage.digest_file", None)
    again = LocalStorage(tmp_path / "stored", proven=Proven(memory))
    assert len(again.local_paths([Wanted("t/a", digest_bytes(b"x"))])) == 1


def test_threads_that_compare_at_once_all_remember(tmp_path: Path) -> None:
    for turn in range(20):
        proven = Proven(tmp_path / str(turn))
        with ThreadPoolExecutor(16) as threads:
            list(threads.map(lambda number, proven=proven: proven.add(str(number), "stamp"), range(64)))
        assert all(proven.holds(str(number), "stamp") for number in range(64))
        assert len((tmp_path / str(turn)).read_text().splitlines()) == 64


def test_a_memory_that_was_cut_short_or_grew_large_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = tmp_path / "proven"
    Proven(memory).add("d" * 64, "1-2-3")
    memory.write_bytes(memory.read_bytes()[:-4] + b"\xff\n")
    assert not Proven(memory).holds("d" * 64, "1-2-3")
    Proven(memory).add("d" * 64, "1-2-3")
    assert Proven(memory).holds("d" * 64, "1-2-3")
    monkeypatch.setattr("trivium.store.proven.LARGEST", 10)
    assert not Proven(memory).holds("d" * 64, "1-2-3")
    assert not memory.exists()


def test_a_place_that_refuses_is_said(tmp_path: Path) -> None:
    (tmp_path / "stored").write_bytes(b"a file where the folder should be")
    with pytest.raises(StorageUnavailable, match="cannot be used"):
        Lake(tmp_path / "stored", ids=new_id).storage.put("t/a", b"x")
