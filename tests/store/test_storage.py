"""What every storage promises."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.storage_place import Place, flip

from trivium.digest import digest_bytes
from trivium.errors import CorruptObject, InvalidName, NotFound, VersionConflict
from trivium.store.storage import Stat, Storage, Wanted

NAMES = ("a", "t/2024-01-01/01.parquet", "t/[a]*/b c.parquet", "t/é=ü,#?&/x", "t/.hidden")
BAD_NAMES = (
    "", "/", "/etc/passwd", "..", "../x", "a/../../x", "a/..", "./a", "a/./b", "a//b", "a/", "%2e%2e/x", "..%2fx",
    "a%2f..%2fb", "a\\..\\b", "..\\x", "a\0b", "a\nb", "a/" + "x" * 201, "a/\udcff",
)  # fmt: skip


def wanted(name: str, data: bytes, stamp: str = "") -> Wanted:
    return Wanted(name, digest_bytes(data), stamp, len(data))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)) * 1000])
def test_bytes_come_back_under_their_name(storage: Storage, name: str, data: bytes) -> None:
    stamp = storage.put(name, data)
    assert storage.get(name) == data
    assert storage.stat(name) == Stat(len(data), stamp)
    assert storage.digest(name) == digest_bytes(data)
    assert [Path(path).read_bytes() for path in storage.local_paths([wanted(name, data, stamp)])] == [data]
    assert [file[:2] for file in storage.list_files()] == [(name, len(data))]


def test_a_file_is_put_as_it_was_written(storage: Storage) -> None:
    stamp = storage.put_file("t/a", lambda aside: bytes_to(aside, b"x" * 3_000_000))
    assert (storage.get("t/a"), storage.stat("t/a")) == (b"x" * 3_000_000, Stat(3_000_000, stamp))
    storage.put_file("t/empty", lambda aside: bytes_to(aside, b""))
    assert storage.get("t/empty") == b""


def test_a_write_that_fails_midway_leaves_nothing(storage: Storage) -> None:
    def fail(aside: Path) -> None:
        aside.write_bytes(b"half")
        raise RuntimeError("midway")

    with pytest.raises(RuntimeError, match="midway"):
        storage.put_file("t/a", fail)
    assert storage.stat("t/a") is None
    assert list(storage.list_files()) == []
    assert [path for path in storage.folder.rglob("*") if path.is_file()] == []


def test_a_name_is_never_given_to_other_bytes(storage: Storage) -> None:
    first = storage.put("t/a", b"one")
    assert storage.put("t/a", b"one") == first
    with pytest.raises(VersionConflict, match="other bytes"):
        storage.put("t/a", b"two")
    with pytest.raises(VersionConflict, match="other bytes"):
        storage.put_file("t/a", lambda aside: bytes_to(aside, b"two"))
    assert storage.get("t/a") == b"one"
    assert len(list(storage.list_files())) == 1


def test_of_writers_at_once_one_has_the_name_and_the_others_are_told(place: Place) -> None:
    storages = [place.open() for _ in range(8)]

    def attempt(number: int) -> bool:
        try:
            storages[number].put("t/a", str(number).encode())
        except VersionConflict:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        won = [number for number, put in enumerate(threads.map(attempt, range(8))) if put]
    assert [str(number).encode() for number in won] == [place.open().get("t/a")]


def test_processes_that_write_at_once_lose_nothing(place: Place) -> None:
    code = (
        "import sys; from pathlib import Path; from trivium.settings import load_settings; "
        "from trivium.store.storages import open_storage; root, setting, me = sys.argv[1:]; "
        "storage = open_storage(load_settings(Path(root), environ={'TRIVIUM_ROOT': root}, storage=setting), 'tables'); "
        "[storage.put(f't/{me}-{n}', f'{me} {n}'.encode()) for n in range(20)]"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", code, str(place.project), place.setting, str(me)]) for me in range(3)
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    storage = place.open()
    assert {file.name for file in storage.list_files("t")} == {f"t/{me}-{n}" for me in range(3) for n in range(20)}
    assert storage.get("t/2-19") == b"2 19"


def test_listing_knows_sizes_and_times_and_stays_in_its_folder(storage: Storage) -> None:
    before = datetime.now(UTC) - timedelta(seconds=5)
    for name in ("t/1/a", "t/2/b", "t2/c"):
        storage.put(name, name.encode())
    assert sorted(file.name for file in storage.list_files("t")) == ["t/1/a", "t/2/b"]
    assert len(list(storage.list_files())) == 3
    assert list(storage.list_files("nothing")) == []
    for file in storage.list_files():
        assert file.bytes == len(file.name)
        assert before <= file.modified <= datetime.now(UTC) + timedelta(seconds=5)


def test_what_was_deleted_is_gone_with_its_copies(storage: Storage) -> None:
    stamp = storage.put("t/a", b"x")
    (path,) = storage.local_paths([wanted("t/a", b"x", stamp)])
    storage.delete("t/a")
    storage.delete("t/a")
    assert storage.stat("t/a") is None
    assert not Path(path).exists()
    with pytest.raises(NotFound, match=r"t/a is gone from .*restore it from a back-up"):
        storage.get("t/a")
    with pytest.raises(NotFound, match="t/a is gone"):
        storage.digest("t/a")
    with pytest.raises(NotFound, match="t/a is gone"):
        storage.local_paths([wanted("t/a", b"x", stamp)])


@pytest.mark.parametrize("bit", [0, 1, -1])
def test_changed_bytes_are_found_when_they_are_read(place: Place, bit: int) -> None:
    stamp = place.open().put("t/a", b"0123")
    place.meddle("t/a", lambda data: flip(data, bit))
    for _ in range(2):
        with pytest.raises(CorruptObject, match=r"t/a in .* was changed after it was written"):
            place.open().local_paths([wanted("t/a", b"0123", stamp)])


def test_the_right_bytes_with_another_stamp_are_read(place: Place) -> None:
    stamp = place.open().put("t/a", b"0123")
    place.meddle("t/a", lambda data: data)
    for known in (stamp, "", "restored"):
        (path,) = place.open().local_paths([wanted("t/a", b"0123", known)])
        assert Path(path).read_bytes() == b"0123"


def test_a_copy_that_was_changed_is_made_again_or_refused(place: Place) -> None:
    storage = place.open()
    stamp = storage.put("t/a", b"0123")
    (path,) = storage.local_paths([wanted("t/a", b"0123", stamp)])
    Path(path).write_bytes(b"0124")
    if place.kind == "folder":
        with pytest.raises(CorruptObject):
            storage.local_paths([wanted("t/a", b"0123", stamp)])
    else:
        (path,) = storage.local_paths([wanted("t/a", b"0123", stamp)])
        assert Path(path).read_bytes() == b"0123"


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_could_leave_the_storage_is_refused_by_every_method(storage: Storage, name: str) -> None:
    acts = (
        lambda: storage.put(name, b"x"),
        lambda: storage.put_file(name, lambda aside: bytes_to(aside, b"x")),
        lambda: storage.get(name),
        lambda: storage.digest(name),
        lambda: storage.stat(name),
        lambda: storage.path(name),
        lambda: storage.local_paths([Wanted(name, "")]),
        lambda: storage.places([Wanted(name, "")]),
        lambda: list(storage.list_files(name)) if name else storage.path(name),
        lambda: storage.delete(name),
    )
    for act in acts:
        with pytest.raises(InvalidName, match="cannot name a stored file"):
            act()


def test_a_thousand_files_are_looked_at_for_their_bytes_once(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = place.open()
    files = [wanted(f"t/{n}", b"%d" % n, storage.put(f"t/{n}", b"%d" % n)) for n in range(100)]
    paths = storage.local_paths(files)
    assert [Path(path).read_bytes() for path in paths] == [b"%d" % n for n in range(100)]

    def refuse(*_: object) -> str:
        raise AssertionError("read again")

    for module in ("local_storage", "object_copies"):
        monkeypatch.setattr(f"trivium.store.{module}.digest_file", refuse)
    assert storage.local_paths(files) == paths
    assert place.open().local_paths(files) == paths


def bytes_to(path: Path, data: bytes) -> None:
    path.write_bytes(data)
