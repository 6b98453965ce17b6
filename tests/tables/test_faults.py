"""Disks that are full, bytes that changed, a catalog that was lost: said clearly, and nothing is half there."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.small_disk import mounted
from typer.testing import CliRunner

import trivium as tv
from trivium.cli.main import app
from trivium.errors import CorruptObject, NotFound, StorageFull, TriviumError
from trivium.store.store import Store, connect
from trivium.tables.verify import verify_table

SCRIPT = Path(__file__).with_name("fill_disk.py")
PEOPLE = tv.Table("people", key="id", watch="off")


def people(number: int) -> pl.DataFrame:
    return pl.DataFrame({"id": [number], "name": [f"name {number}"]})


def test_an_act_that_finds_the_disk_full_says_so_changes_nothing_and_works_later(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, str(SCRIPT), str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    *found, last = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == 14
    for each in found:
        assert each["error"].startswith("StorageFull: There is no room for "), each
        assert "Free space on the disk" in each["error"]
        assert each["as before"], each
        assert each.get("works again", True), each
    assert last == {"problems": 0}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "disk", megabytes=4) as folder:
        yield folder


@pytest.mark.filterwarnings("ignore::trivium.tables.upkeep.UpkeepFailed")
def test_a_disk_that_fills_up_keeps_what_was_acknowledged(small_disk: Path) -> None:
    (small_disk / "ballast").write_bytes(b"0" * 1_000_000)
    done = 0
    with connect(small_disk, actor="ada") as store:
        noise = np.random.default_rng(0)
        try:
            while True:
                PEOPLE.append(pl.DataFrame({"id": [done] * 3000, "x": noise.random(3000)}), store=store)
                done += 1
        except StorageFull as error:
            told = str(error)
        assert "Free space on the disk" in told
        assert PEOPLE.read(store=store).collect().height == 3000 * done
        (small_disk / "ballast").unlink()
        PEOPLE.append(pl.DataFrame({"id": [1000], "x": [0.5]}), store=store)
    with connect(small_disk, actor="ada") as store:
        assert PEOPLE.read(store=store).collect().height == 3000 * done + 1
        assert verify_table(store, "people").damaged == ()


def flip(path: Path, other: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def cut(path: Path, other: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def swap(path: Path, other: Path) -> None:
    path.write_bytes(other.read_bytes())


def delete(path: Path, other: Path) -> None:
    path.unlink()


DAMAGES = [flip, cut, swap, delete]


@pytest.fixture
def three(store: Store) -> Store:
    """A table of which version 2 has a file that neither version 1 nor version 3 has."""
    PEOPLE.append(people(1), store=store)
    PEOPLE.append(people(2), store=store)
    PEOPLE.delete("id = 2", store=store)
    return store


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_refuses_its_versions_and_no_others(three: Store, damage: Callable[[Path, Path], None]) -> None:
    first, second = (PEOPLE.at(version, store=three).commit.added[0].path for version in (1, 2))
    damage(three.lake.root / second, three.lake.root / first)
    with pytest.raises((CorruptObject, NotFound), match=rf"{second} .*Versions of table 'people' that do not have"):
        PEOPLE.read(2, store=three)
    with connect(three.settings.root) as again, pytest.raises((CorruptObject, NotFound), match=second):
        PEOPLE.read(2, store=again)
    assert PEOPLE.read(1, store=three).collect().rows() == [(1, "name 1")]
    assert PEOPLE.read(store=three).collect().rows() == [(1, "name 1")]
    found = verify_table(three, "people")
    assert [(each.path, each.versions) for each in found.damaged] == [(second, (2,))]
    assert (found.versions, found.files) == (2, 2)


@pytest.mark.parametrize("damage", DAMAGES)
def test_verifying_from_the_terminal_names_what_is_damaged(three: Store, damage: Callable[[Path, Path], None]) -> None:
    run = CliRunner()
    root = ["--root", str(three.settings.root)]
    fine = run.invoke(app, [*root, "tables", "verify"])
    assert (fine.exit_code, "3 versions are whole" in fine.output) == (0, True)
    first, second = (PEOPLE.at(version, store=three).commit.added[0].path for version in (1, 2))
    damage(three.lake.root / second, three.lake.root / first)
    told = run.invoke(app, [*root, "tables", "verify", "people", "--json"])
    assert second in told.output or isinstance(told.exception, CorruptObject)
    assert told.exit_code != 0
    doctor = run.invoke(app, [*root, "doctor"])
    assert (second in str(doctor.output)) == (damage in (cut, delete))


@pytest.mark.parametrize("size", [0, 50, 4096, None])
def test_a_catalog_that_was_cut_is_an_error_that_says_what_to_do(three: Store, size: int | None) -> None:
    three.catalog.close()
    catalog = three.settings.state / "catalog.db"
    data = catalog.read_bytes()
    for log in ("-wal", "-shm"):
        catalog.with_name(f"catalog.db{log}").unlink(missing_ok=True)
    catalog.write_bytes(data[: len(data) // 2 if size is None else size])

    def use() -> None:
        with connect(three.settings.root) as opened:
            PEOPLE.read(store=opened).collect()
            opened.catalog.events.verify()

    with pytest.raises(TriviumError, match=r"catalog\.db.*[Rr]estore it from a back-up"):
        use()


def test_a_catalog_that_is_gone_is_not_begun_anew_beside_its_rows(three: Store) -> None:
    three.catalog.close()
    (three.settings.state / "catalog.db").unlink()
    with (
        pytest.raises(CorruptObject, match=r"catalog\.db is gone, but .*tables still has the rows"),
        connect(three.settings.root),
    ):
        pass


def test_a_catalog_that_was_overwritten_is_told(three: Store) -> None:
    three.catalog.close()
    (three.settings.state / "catalog.db").write_bytes(b"something else entirely " * 4000)
    with (
        pytest.raises(TriviumError, match=r"catalog\.db is damaged.*Restore it from a back-up"),
        connect(three.settings.root),
    ):
        pass
