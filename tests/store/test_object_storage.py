"""An object store as storage: its address, its failures, its local copies."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from tests.object_store import KEYS, ObjectStore

from trivium.digest import digest_bytes
from trivium.errors import CorruptObject, MissingExtra, Misuse, StorageUnavailable
from trivium.settings import load_settings
from trivium.store import object_copies, object_storage
from trivium.store.object_address import parse_object_address
from trivium.store.object_copies import ObjectCopies
from trivium.store.object_storage import ObjectStorage
from trivium.store.proven import Proven
from trivium.store.storage import Stat, Wanted
from trivium.store.storages import open_storage
from trivium.store.store import connect


def open_url(url: str, folder: Path, **more: str) -> ObjectStorage:
    return ObjectStorage(parse_object_address(url, {**KEYS, **more}), ObjectCopies(folder / "copies", Proven()))


def wanted(name: str, data: bytes) -> Wanted:
    return Wanted(name, digest_bytes(data), "", len(data))


@pytest.mark.parametrize(
    ("url", "environ", "expected"),
    [("s3://b", {}, ("s3://b", "", "us-east-1", False)),
     ("s3://b/p/q/?region=eu-west-1", {}, ("s3://b/p/q", "", "eu-west-1", False)),
     ("s3://b/p", {"AWS_ENDPOINT_URL": "https://e", "AWS_REGION": "r"}, ("s3://b/p", "https://e", "r", False)),
     ("s3://b?endpoint=http://127.0.0.1:9", {}, ("s3://b", "http://127.0.0.1:9", "us-east-1", True)),
     ("s3://b?endpoint=http://e&allow_http=true", {}, ("s3://b", "http://e", "us-east-1", True)),
     ("s3://b?endpoint=http://e", {"AWS_ALLOW_HTTP": "1"}, ("s3://b", "http://e", "us-east-1", True))],
)  # fmt: skip
def test_an_address_is_the_url_and_the_usual_variables(
    url: str, environ: dict[str, str], expected: tuple[str, str, str, bool]
) -> None:
    address = parse_object_address(url, environ)
    assert (address.url, address.endpoint, address.region, address.allow_http) == expected
    assert address.below("t").url == f"{expected[0]}/t"


@pytest.mark.parametrize(
    ("url", "message"),
    [("s3://", "is no storage"), ("gs://b/p", "is no storage"), ("s3://b/../c", "is no storage"),
     ("s3://b/%2e%2e/c", "is no storage"), ("s3://b?secret=x", "is no storage"), ("s3://b/a//c", "is no storage"),
     ("s3://key:secret@b/p", "Keys do not belong"), ("s3://b?endpoint=http://far.example", "is not encrypted")],
)  # fmt: skip
def test_what_is_no_address_is_refused_and_keys_are_not_repeated(url: str, message: str) -> None:
    with pytest.raises(Misuse, match=message) as caught:
        parse_object_address(url, {})
    assert "secret@" not in str(caught.value)


def test_keys_are_not_shown() -> None:
    address = parse_object_address("s3://b/p", {"AWS_SECRET_ACCESS_KEY": "hush"})
    assert "hush" not in f"{address} {address!r} {address.shown}"
    assert address.options["secret_access_key"] == "hush"


def test_a_store_that_is_away_is_said_after_a_bounded_time(tmp_path: Path) -> None:
    storage = open_url("s3://b/p?endpoint=http://127.0.0.1:9", tmp_path)
    began = time.monotonic()
    for act in (
        lambda: storage.put("t/a", b"x"),
        lambda: storage.get("t/a"),
        lambda: storage.stat("t/a"),
        lambda: list(storage.list_files()),
        lambda: storage.delete("t/a"),
        lambda: storage.local_paths([wanted("t/a", b"x")]),
    ):
        with pytest.raises(StorageUnavailable, match=r"s3://b/p at http://127.0.0.1:9 does not answer.*repeat the act"):
            act()
    assert time.monotonic() - began < 60


def test_a_store_that_goes_away_and_what_was_copied_before(tmp_path: Path, s3_url: str) -> None:
    storage = open_url(s3_url, tmp_path)
    stamp = storage.put("t/a", b"x")
    paths = storage.local_paths([wanted("t/a", b"x")])
    away = open_url("s3://b/p?endpoint=http://127.0.0.1:9", tmp_path)
    assert away.local_paths([Wanted("t/a", digest_bytes(b"x"), stamp)]) == paths


def test_a_bucket_that_is_not_there_is_said(tmp_path: Path, object_store: ObjectStore) -> None:
    storage = open_url(f"s3://nobody/p?endpoint={object_store.endpoint}", tmp_path)
    for act in (lambda: storage.put("t/a", b"x"), lambda: storage.get("t/a"), lambda: list(storage.list_files())):
        with pytest.raises(Misuse, match="There is no bucket 'nobody'"):
            act()


def test_missing_keys_are_said(tmp_path: Path, object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", "http://127.0.0.1:9")
    address = parse_object_address(f"s3://b?endpoint={object_store.endpoint}", {})
    storage = ObjectStorage(address, ObjectCopies(tmp_path, Proven()))
    with pytest.raises(StorageUnavailable, match=r"No keys for s3://b at .*: set AWS_ACCESS_KEY_ID"):
        storage.put("t/a", b"x")


def test_without_its_package_the_answer_is_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(MissingExtra, match=r"pip install 'trivium\[s3\]'"):
        open_url("s3://b/p", tmp_path)


def test_a_large_file_goes_up_and_comes_down_in_parts(
    tmp_path: Path, s3_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_storage, "SINGLE_PUT_BYTES", 1 << 20)
    monkeypatch.setattr(object_storage, "PIECE_BYTES", 12 << 20)
    storage, data = open_url(s3_url, tmp_path), os.urandom(1 << 20) * 14 + b"end"
    stamp = storage.put_file("t/a", lambda aside: bytes_to(aside, data))
    assert storage.stat("t/a") == Stat(len(data), stamp)
    assert storage.get("t/a") == data
    assert storage.put_file("t/a", lambda aside: bytes_to(aside, data)) == stamp
    assert Path(storage.local_paths([wanted("t/a", data)])[0]).read_bytes() == data


def test_bytes_that_are_not_what_was_wanted_leave_no_copy(tmp_path: Path, s3_url: str) -> None:
    storage = open_url(s3_url, tmp_path)
    storage.put("t/a", b"x")
    with pytest.raises(CorruptObject):
        storage.local_paths([wanted("t/a", b"y")])
    assert [path for path in storage.folder.rglob("*") if path.is_file()] == []


def test_copies_that_were_not_read_for_longest_go_first(tmp_path: Path) -> None:
    copies, data = ObjectCopies(tmp_path, Proven()), bytes(10)
    for age, name in enumerate("abcd"):
        path = Path(copies.add(f"t/{name}", digest_bytes(data), lambda aside: bytes_to(aside, data)))
        at = time.time() - 7200 * (age + 1)
        os.utime(path, (at, path.stat().st_mtime))
    ObjectCopies(tmp_path, Proven(), limit=25).trim()
    assert sorted(path.name for path in (tmp_path / "t").iterdir()) == ["a", "b"]


def test_copies_in_use_stay_and_those_that_nobody_reads_go(tmp_path: Path) -> None:
    copies = ObjectCopies(tmp_path, Proven(), limit=5)
    data = bytes(10)
    used, idle = (
        Path(copies.add(name, digest_bytes(data), lambda aside: bytes_to(aside, data))) for name in ("used", "idle")
    )
    os.utime(idle, (time.time() - object_copies.IDLE_SECONDS - 60, idle.stat().st_mtime))
    os.utime(used, (time.time() - 1800, used.stat().st_mtime))
    assert copies.find("used", digest_bytes(data)) == str(used)
    assert time.time() - used.stat().st_atime < 60
    copies = ObjectCopies(tmp_path, Proven(), limit=1000)
    copies.trim()
    assert [path.name for path in tmp_path.iterdir()] == ["used"]


def test_a_whole_project_lives_in_the_object_store(
    tmp_path: Path, s3_url: str, object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "trivium.toml").write_text(f'storage = "{s3_url}"')
    with connect(tmp_path, actor="ada") as store:
        file = store.lake.write("t", "all", pl.DataFrame({"a": [1]}))
        digest = store.blobs.put(b"x")
        assert store.lake.scan([file]).collect().rows() == [(1,)]
    listed = object_store.request("GET", f"/{s3_url.split('/')[2]}?list-type=2").decode()
    assert f"team/project/tables/{file.path}" in listed
    assert f"team/project/blobs/{digest[:2]}/{digest}" in listed
    assert not (tmp_path / ".trivium" / "tables").exists()


def test_a_folder_is_taken_from_the_projects_root(tmp_path: Path) -> None:
    for setting, place in (("stored", tmp_path / "stored"), (str(tmp_path / "far"), tmp_path / "far")):
        settings = load_settings(tmp_path, environ={"TRIVIUM_STORAGE": setting, "TRIVIUM_ROOT": str(tmp_path)})
        assert open_storage(settings, "tables").folder == place / "tables"
    default = load_settings(tmp_path, environ={"TRIVIUM_ROOT": str(tmp_path)})
    assert open_storage(default, "tables").folder == tmp_path / ".trivium" / "tables"
    wrong = load_settings(tmp_path, environ={"TRIVIUM_ROOT": str(tmp_path)}, storage="ftp://x/y")
    with pytest.raises(Misuse, match="'ftp://x/y' is no storage"):
        open_storage(wrong, "tables")


def bytes_to(path: Path, data: bytes) -> None:
    path.write_bytes(data)
