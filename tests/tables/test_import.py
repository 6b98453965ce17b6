"""An import: the rows of a source, once, in the order of event time, whatever happens on the way."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from trivium.checks.kinds.rule import rule
from trivium.errors import Misuse, SchemaMismatch, TriviumError, UnsupportedValue
from trivium.store.store import Store, connect
from trivium.tables import spool
from trivium.tables.commit import commit_rows
from trivium.tables.import_source import FOLDER, Import, Progress, import_source
from trivium.tables.read import read_version
from trivium.values.tables import TableSpec

IMPORTER = Path(__file__).with_name("import_rows.py")
SPEC = TableSpec("readings", key=("id",), time="at", watch="off")
TIMELESS = TableSpec("readings", key=("id",), watch="off")
START = datetime(2024, 1, 1)  # noqa: DTZ001 # as the files of these tests have it
KILLED = -9


def rows(days: int = 10, each: int = 20) -> pl.DataFrame:
    """So many readings a day, out of order."""
    numbers = list(range(days * each))
    random.Random(1).shuffle(numbers)
    at = [START + timedelta(days=number // each, minutes=number % each) for number in numbers]
    return pl.DataFrame({"id": numbers, "at": at, "x": [float(number) for number in numbers]})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A Parquet file of 200 readings of ten days, in no order."""
    rows().write_parquet(tmp_path / "rows.parquet")
    return tmp_path / "rows.parquet"


@pytest.fixture(autouse=True)
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commits have about 50 rows, so that a small file makes several."""
    monkeypatch.setattr(spool, "MOST_ROWS", 50)


def read(store: Store, by: str = "id") -> pl.DataFrame:
    """All rows of the table, by id."""
    return read_version(store, "readings").sort(by).collect()


def imported(store: Store, value: object, spec: TableSpec = SPEC, **options: object) -> Import:
    return import_source(store, spec, value, **options)  # type: ignore[arg-type]


def test_every_row_is_there_once_as_it_was(store: Store, file: Path) -> None:
    done = imported(store, str(file))
    assert (done.rows, done.state, done.known, done.complete) == (200, "valid", 0, True)
    assert_frame_equal(read(store), rows().sort("id"))


def test_commits_are_whole_partitions_oldest_first(store: Store, file: Path) -> None:
    done = imported(store, file)
    assert [commit.partitions for commit in done.commits] == [
        (f"2024-01-{day:02}", f"2024-01-{day + 1:02}") for day in range(1, 10, 2)
    ]
    assert [commit.version for commit in done.commits] == [1, 2, 3, 4, 5]


def test_a_partition_larger_than_a_commit_is_not_divided(store: Store, tmp_path: Path) -> None:
    rows(days=2, each=80).write_parquet(tmp_path / "rows.parquet")
    assert [commit.rows for commit in imported(store, tmp_path / "rows.parquet").commits] == [80, 160]


def test_rows_without_event_time_come_in_their_own_order(store: Store, tmp_path: Path) -> None:
    for number, part in enumerate(rows().iter_slices(50)):
        part.write_parquet(tmp_path / f"{number}.parquet")
    done = imported(store, str(tmp_path / "?.parquet"), TIMELESS)
    assert len(done.commits) == 4
    assert read_version(store, "readings").collect()["id"].to_list() == rows()["id"].to_list()


def test_the_same_file_again_adds_nothing_whatever_its_name(store: Store, file: Path) -> None:
    first = imported(store, file)
    again = imported(store, file.rename(file.with_name("other.parquet")))
    assert (again.known, [commit.id for commit in again.commits]) == (5, [commit.id for commit in first.commits])
    assert read(store).height == 200


def test_a_name_makes_it_another_import(store: Store, file: Path) -> None:
    imported(store, file, name="one")
    assert imported(store, file, name="one").known == 5
    assert imported(store, file, name="two").known == 0
    assert read(store).height == 400


def test_another_content_under_the_same_name_is_refused(store: Store, file: Path) -> None:
    imported(store, file, name="nightly")
    rows().filter(pl.col("at") >= START + timedelta(days=2)).write_parquet(file)
    with pytest.raises(Misuse, match="is not what it was when this import began"):
        imported(store, file, name="nightly")
    assert read(store).height == 200


def test_an_overwrite_replaces_partitions_and_can_be_repeated_later(store: Store, file: Path, tmp_path: Path) -> None:
    imported(store, file)
    other = rows(days=2).with_columns(x=pl.lit(-1.0))
    other.write_parquet(tmp_path / "other.parquet")
    imported(store, tmp_path / "other.parquet", operation="overwrite")
    assert (read(store).height, read(store)["x"].head(40).unique().to_list()) == (200, [-1.0])
    imported(store, file, operation="overwrite")
    assert_frame_equal(read(store), rows().sort("id"))
    imported(store, tmp_path / "other.parquet", operation="overwrite")
    assert read(store)["x"].head(40).unique().to_list() == [-1.0]


def test_an_overwrite_without_event_time_is_one_version(store: Store, file: Path) -> None:
    imported(store, file, TIMELESS)
    done = imported(store, file, TIMELESS, operation="overwrite")
    assert (len(done.commits), read(store).height) == (1, 200)


def test_progress_tells_reading_and_committing(store: Store, file: Path) -> None:
    told: list[Progress] = []
    imported(store, file, tell=told.append)
    assert (told[0].step, told[0].rows, told[0].total) == ("reading", 200, 200)
    assert [each.rows for each in told[1:]] == [40, 80, 120, 160, 200]


def test_a_group_that_is_kept_aside_is_told_and_the_others_go_on(store: Store, tmp_path: Path) -> None:
    spec = TableSpec("readings", key=("id",), time="at", watch="off",
                     checks=(rule("x >= 0"),))  # fmt: skip
    bad = rows().with_columns(x=pl.when(pl.col("id") == 45).then(-1.0).otherwise("x"))
    bad.write_parquet(tmp_path / "rows.parquet")
    done = imported(store, tmp_path / "rows.parquet", spec, stop_on_quarantine=True)
    assert ([commit.state for commit in done.commits], done.complete) == (["valid", "quarantined"], False)
    done = imported(store, tmp_path / "rows.parquet", spec)
    assert [commit.state for commit in done.commits] == ["valid", "quarantined", "valid", "valid", "valid"]
    assert (done.known, done.state, done.complete) == (2, "quarantined", True)
    assert read(store).height == 160


BAD = {
    "a null key in the last row": (lambda frame: frame.with_columns(id=pl.when(pl.col("id") != 199).then("id")),
                                   SchemaMismatch, "have no key 'id'"),
    "no key": (lambda frame: frame.drop("id"), SchemaMismatch, "lack its key 'id'"),
    "a row without time": (lambda frame: frame.with_columns(at=pl.when(pl.col("id") != 199).then("at")),
                           SchemaMismatch, "have no 'at'"),
    "no time": (lambda frame: frame.drop("at"), SchemaMismatch, "lack its time column"),
    "another type": (lambda frame: frame.with_columns(x=pl.col("x").cast(pl.String)), SchemaMismatch, "'x'"),
    "a value that does not fit": (lambda frame: frame.with_columns(id=pl.col("id") + 0.5), SchemaMismatch, "'id'"),
    "times of another zone": (lambda frame: frame.with_columns(pl.col("at").dt.replace_time_zone("UTC")),
                              SchemaMismatch, "timestamp"),
    "no rows": (lambda frame: frame.clear(), Misuse, "no rows"),
    "an empty struct": (lambda frame: frame.with_columns(s=pl.Series([{}] * frame.height, dtype=pl.Struct({}))),
                        UnsupportedValue, "'s'"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_source_is_refused_before_anything_is_committed(store: Store, tmp_path: Path, name: str) -> None:
    change, error, message = BAD[name]
    commit_rows(store, SPEC, rows(days=1))
    frame = change(rows())  # type: ignore[no-untyped-call]
    value = frame
    with pytest.raises(error, match=message):
        imported(store, value)
    assert (read(store).height, len(store.catalog.tables.list_commits("readings"))) == (20, 1)
    assert list((store.settings.state / FOLDER).iterdir()) == []


def test_pieces_of_unlike_columns_become_one_table(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    pl.DataFrame({"id": [1], "x": [None], "old": ["a"]}).write_parquet(folder / "a.parquet")
    pl.DataFrame({"id": [2], "x": [1]}).write_parquet(folder / "b.parquet")
    pl.DataFrame({"id": [3], "x": [2.5], "new": [True]}).write_parquet(folder / "c.parquet")
    imported(store, folder, TIMELESS)
    assert read(store).to_dict(as_series=False) == {
        "id": [1, 2, 3], "x": [None, 1.0, 2.5], "old": ["a", None, None], "new": [None, None, True],
    }  # fmt: skip


def test_pieces_that_clash_are_refused_by_column(store: Store, tmp_path: Path) -> None:
    for name, value in (("a", 1), ("b", "x")):
        pl.DataFrame({"id": [1], "x": [value]}).write_parquet(tmp_path / f"{name}.parquet")
    with pytest.raises(UnsupportedValue, match=r"Column 'x' of .* is int64 in some rows and string in others"):
        imported(store, str(tmp_path / "*.parquet"), TIMELESS)


def start(folder: Path, file: Path, failpoint: str = "") -> subprocess.Popen[str]:
    """An import as a process of its own; its commits come line by line."""
    environ = {**os.environ, "TRIVIUM_FAILPOINT": failpoint}
    command = [sys.executable, str(IMPORTER), str(folder), str(file)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ)


def check_goes_on(folder: Path, file: Path) -> None:
    """The same import again makes the table whole, and nothing is there twice."""
    again = start(folder, file)
    assert again.communicate()[1] == ""
    with connect(folder, actor="ada") as store:
        assert_frame_equal(read(store), rows().sort("id"))
        versions = [commit.version for commit in store.catalog.tables.list_commits("readings", limit=100)]
        assert versions == list(range(10, 0, -1))
        assert store.catalog.events.verify().problems == ()
        assert list((store.settings.state / FOLDER).iterdir()) == []


@pytest.mark.parametrize(
    ("failpoint", "done"),
    [("commit:staged@1", 0), ("commit:staged@4", 3), ("catalog:after_commit@6", None), ("import:group@3", 3)],
)
def test_an_import_that_was_killed_goes_on_where_it_stopped(
    tmp_path: Path, file: Path, failpoint: str, done: int | None
) -> None:
    killed = start(tmp_path / "project", file, failpoint)
    killed.communicate()
    assert killed.returncode == KILLED
    if done is not None:
        with connect(tmp_path / "project", actor="ada") as store:
            assert len(store.catalog.tables.list_commits("readings")) == done
    check_goes_on(tmp_path / "project", file)


@pytest.mark.parametrize("seed", range(2))
def test_an_import_that_was_killed_at_any_moment_goes_on(tmp_path: Path, file: Path, seed: int) -> None:
    killed = start(tmp_path / "project", file)
    assert killed.stdout is not None
    for _ in range(random.Random(seed).randint(0, 8)):
        killed.stdout.readline()
    killed.kill()
    killed.communicate()
    check_goes_on(tmp_path / "project", file)


def test_an_interrupted_import_leaves_nothing_behind_but_its_commits(store: Store, file: Path) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.commits == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        imported(store, file, tell=interrupt)
    assert (read(store).height, list((store.settings.state / FOLDER).iterdir())) == (80, [])
    assert imported(store, file).known == 2
    assert read(store).height == 200


def test_an_error_of_the_import_is_ours(store: Store, tmp_path: Path) -> None:
    with pytest.raises(TriviumError):
        imported(store, tmp_path / "nothing.parquet")
