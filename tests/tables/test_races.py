"""What happens between two steps of an act: another process acts exactly there, and no fact of either is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable

import trivium as tv
from trivium.errors import Misuse, NotFound, SchemaMismatch, VersionConflict
from trivium.ids import new_id
from trivium.settings import load_settings
from trivium.store.store import Store, open_store
from trivium.tables.compact import compact_table
from trivium.tables.delta_log import entry_name
from trivium.tables.delta_mirror import forget_mirror, mirror_table
from trivium.tables.gc import collect_garbage
from trivium.tables.replace_partition import replace_partition
from trivium.tables.together import Part, commit_parts
from trivium.values.tables import Commit

PEOPLE = tv.Table("people", key="id", watch="off")
DAILY = tv.Table("daily", time="day", watch="off")
STRICT = tv.Table("people", key="id", watch="off", checks=[tv.rule("id > 0")])
Act = Callable[[Store], object]


def people(*rows: tuple[int, str]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"id": pl.Int64, "name": pl.String}, orient="row")


def rows_of(store: Store, version: int | None = None) -> list[tuple[object, ...]]:
    return sorted(PEOPLE.read(version, store=store).collect().rows())


class Meanwhile:
    """Ids for a store; asked for the `after`-th one, it lets another process act first."""

    def __init__(self, other: Store) -> None:
        self.other = other
        self.left = 0
        self.act: Act = lambda store: None

    def __call__(self) -> str:
        self.left -= 1
        if self.left == 0:
            self.act(self.other)
        return new_id()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Store]:
    """The store as another process has it open."""
    opened = open_store(load_settings(tmp_path, environ={"TRIVIUM_ROOT": str(tmp_path)}, actor="bob"))
    yield opened
    opened.close()


@pytest.fixture
def meanwhile(other: Store) -> Meanwhile:
    """What the other process does while ours makes its next id."""
    return Meanwhile(other)


@pytest.fixture
def slow(tmp_path: Path, meanwhile: Meanwhile) -> Iterator[Store]:
    """Our own store, which the other process may interrupt when it names a file or a commit."""
    settings = load_settings(tmp_path, environ={"TRIVIUM_ROOT": str(tmp_path)}, actor="ada")
    opened = open_store(settings, ids=meanwhile)
    yield opened
    opened.close()


def interrupt(meanwhile: Meanwhile, act: Act, *, at: int = 1) -> None:
    """The other process acts when our next id, or the `at`-th one, is made."""
    meanwhile.act, meanwhile.left = act, at


def bytes_left(store: Store) -> bytes:
    """What is in every Parquet file of the table, whether a version names it or not, as text."""
    return b"".join(str(pl.read_parquet(path).rows()).encode() for path in (store.lake.root / "people").rglob("*.par*"))


def test_two_first_upserts_at_once_leave_one_row_of_each_key(slow: Store, meanwhile: Meanwhile) -> None:
    interrupt(meanwhile, lambda store: PEOPLE.upsert(people((1, "bob"), (2, "bob")), store=store))
    commit = PEOPLE.upsert(people((1, "ada")), store=slow)
    assert (commit.version, rows_of(slow)) == (2, [(1, "ada"), (2, "bob")])


def test_a_first_upsert_released_after_another_one_is_refused(slow: Store) -> None:
    kept = STRICT.upsert(people((-1, "bad"), (1, "bad")), store=slow)
    STRICT.upsert(people((1, "good")), store=slow)
    with pytest.raises(VersionConflict, match="went from version 0 to 1"):
        slow.catalog.tables.settle(kept.id, release=True, because="so", actor="ada")
    assert rows_of(slow) == [(1, "good")]


def test_an_erasure_reaches_a_file_that_was_merged_meanwhile(slow: Store, meanwhile: Meanwhile) -> None:
    for number in range(3):
        PEOPLE.append(people((number, f"name {number}")), store=slow)
    PEOPLE.append(people((8, "asked"), (9, "other")), store=slow)
    interrupt(meanwhile, lambda store: compact_table(store, "people"))
    PEOPLE.erase("id = 8", because="asked for", store=slow)
    assert [row[0] for row in rows_of(slow)] == [0, 1, 2, 9]
    assert b"asked" not in bytes_left(slow)


def test_an_erasure_reaches_a_commit_that_was_kept_aside_meanwhile(slow: Store, meanwhile: Meanwhile) -> None:
    PEOPLE.append(people((1, "asked"), (2, "other")), store=slow)
    interrupt(meanwhile, lambda store: STRICT.append(people((-1, "asked")), store=store))
    PEOPLE.erase("name = 'asked'", because="asked for", store=slow)
    assert b"asked" not in bytes_left(slow)


def of_a_day(name: str) -> pl.DataFrame:
    return pl.DataFrame({"day": [date(2024, 5, 1)], "name": [name]})


def replace_day(store: Store, rows: pl.DataFrame | None, key: str) -> Commit | None:
    return replace_partition(store, DAILY.spec, "2024-05-01", rows, idempotency_key=key)


@pytest.mark.parametrize("theirs", [of_a_day("bob"), None], ids=["rows", "emptied"])
@pytest.mark.parametrize("ours", [of_a_day("ada"), None], ids=["rows", "emptied"])
def test_of_two_who_replace_a_partition_at_once_both_succeed_and_the_last_ones_rows_stay(
    slow: Store, meanwhile: Meanwhile, ours: pl.DataFrame | None, theirs: pl.DataFrame | None
) -> None:
    replace_day(slow, of_a_day("before"), "k0")
    interrupt(meanwhile, lambda store: replace_day(store, theirs, "bob"))
    replace_day(slow, ours, "ada")
    assert meanwhile.left <= 0
    assert DAILY.read(store=slow).collect()["name"].to_list() == ([] if ours is None else ["ada"])
    assert slow.catalog.tables.find_commit("daily", "bob") is not None
    versions = slow.catalog.tables.newest_version("daily")
    assert replace_day(slow, ours, "ada") == slow.catalog.tables.find_commit("daily", "ada")
    assert slow.catalog.tables.newest_version("daily") == versions
    named = {each.file.path for each in slow.catalog.retention.list_spans("daily")}
    assert {file.name for file in slow.lake.list_paths("daily")} == named


def test_a_partition_that_others_replace_each_time_is_given_up_in_the_end(slow: Store, meanwhile: Meanwhile) -> None:
    replace_day(slow, of_a_day("before"), "k0")
    keys = iter(range(100))

    def again(store: Store) -> None:
        replace_day(store, of_a_day("bob"), f"bob {next(keys)}")
        meanwhile.left = 2  # our commit has an id, and then the file of the next attempt

    interrupt(meanwhile, again)
    with pytest.raises(VersionConflict, match="2024-05-01 was written to"):
        replace_day(slow, of_a_day("ada"), "ada")
    assert next(keys) == 20
    assert DAILY.read(store=slow).collect()["name"].to_list() == ["bob"]


def test_an_act_that_an_erasure_overtook_leaves_no_erased_row_on_the_disk(slow: Store, meanwhile: Meanwhile) -> None:
    for name in ("asked", "other"):
        PEOPLE.append(people((len(name), name), (len(name) + 10, name)), store=slow)
    interrupt(meanwhile, lambda store: PEOPLE.erase("name = 'asked'", because="asked for", store=store))
    assert compact_table(slow, "people") == 0
    assert b"asked" not in bytes_left(slow)
    PEOPLE.append(people((7, "asked again"), (8, "other")), store=slow)
    interrupt(meanwhile, lambda store: PEOPLE.erase("name = 'asked again'", because="asked for", store=store))
    PEOPLE.delete("id = 8", store=slow)
    assert b"asked again" not in bytes_left(slow)


def test_a_version_that_is_given_up_while_it_is_restored_is_not_restored(slow: Store, meanwhile: Meanwhile) -> None:
    for name in ("ada", "bea"):
        PEOPLE.upsert(people((1, name)), store=slow)
    interrupt(meanwhile, lambda store: collect_garbage(store, older_than="0h"))
    with pytest.raises(NotFound, match="were given up"):
        PEOPLE.restore(1, store=slow)
    assert rows_of(slow) == [(1, "bea")]


def test_a_commit_has_the_moment_of_its_version_and_not_of_its_draft(slow: Store, meanwhile: Meanwhile) -> None:
    PEOPLE.append(people((1, "ada")), store=slow)
    moments = []

    def overtake(store: Store) -> None:
        PEOPLE.append(people((2, "bob")), store=store)
        moments.append(datetime.now(UTC))

    interrupt(meanwhile, overtake)
    PEOPLE.append(people((3, "cyd")), store=slow)
    at = [PEOPLE.at(version, store=slow).commit.committed_at for version in (1, 2, 3)]
    assert at == sorted(at)
    assert PEOPLE.at(time=moments[0], store=slow).version == 2


def test_a_released_commit_is_of_the_moment_when_it_was_released(slow: Store) -> None:
    PEOPLE.append(people((1, "ada")), store=slow)
    aside = STRICT.append(people((-1, "bad")), store=slow)
    PEOPLE.append(people((2, "bob")), store=slow)
    before = datetime.now(UTC)
    released = slow.catalog.tables.settle(aside.id, release=True, because="so", actor="ada")
    assert released.version == 3
    assert released.committed_at >= before
    assert PEOPLE.at(time=aside.committed_at, store=slow).version == 1
    assert PEOPLE.at(time=before, store=slow).version == 2


def test_tables_that_are_committed_together_are_so_at_any_moment(slow: Store) -> None:
    other = tv.Table("other", watch="off")
    commits = commit_parts(slow, [Part(PEOPLE.spec, people((1, "ada"))), Part(other.spec, people((1, "ada")))])
    assert len({commit.committed_at for commit in commits}) == 1


def test_a_common_commit_whose_key_one_table_had_alone_is_refused_whole(slow: Store) -> None:
    PEOPLE.append(people((1, "ada")), idempotency_key="k", store=slow)
    other = tv.Table("other", watch="off")
    parts = [Part(PEOPLE.spec, people((2, "bob"))), Part(other.spec, people((2, "bob")))]
    with pytest.raises(Misuse, match="key 'k' stands for another commit of table 'people'"):
        commit_parts(slow, parts, idempotency_key="k")
    assert slow.catalog.tables.find_version("other") is None
    assert rows_of(slow) == [(1, "ada")]
    assert [each.version for each in commit_parts(slow, parts, idempotency_key="both")] == [2, 1]
    assert [each.version for each in commit_parts(slow, parts, idempotency_key="both")] == [2, 1]


def test_a_key_of_one_operation_does_not_pass_for_another(slow: Store) -> None:
    PEOPLE.append(people((1, "ada"), (2, "bob")), idempotency_key="monday", store=slow)
    acts: tuple[Callable[[], object], ...] = (
        lambda: PEOPLE.delete("id = 1", idempotency_key="monday", store=slow),
        lambda: PEOPLE.upsert(people((1, "bea")), idempotency_key="monday", store=slow),
        lambda: PEOPLE.overwrite(people((3, "cyd")), idempotency_key="monday", store=slow),
    )
    for act in acts:
        with pytest.raises(Misuse, match=r"'monday' stands for the append .*give this one a key of its own"):
            act()
    assert rows_of(slow) == [(1, "ada"), (2, "bob")]


def test_a_commit_in_quarantine_does_not_bring_back_a_name_that_was_changed(slow: Store) -> None:
    PEOPLE.append(people((1, "ada")), store=slow)
    aside = STRICT.append(people((-1, "bad")), store=slow)
    PEOPLE.rename({"name": "called"}, store=slow)
    with pytest.raises(SchemaMismatch, match=r"'name' of table 'people' is called 'called' by now.*discard"):
        slow.catalog.tables.settle(aside.id, release=True, because="so", actor="ada")
    assert PEOPLE.read(store=slow).collect().columns == ["id", "called"]
    slow.catalog.tables.settle(aside.id, release=False, because="so", actor="ada")


def test_an_erasure_finds_rows_whose_column_was_renamed_and_restored(slow: Store) -> None:
    PEOPLE.append(people((1, "asked"), (2, "bob")), store=slow)
    aside = STRICT.append(people((-1, "bad")), store=slow)
    PEOPLE.rename({"name": "called"}, store=slow)
    PEOPLE.append(people((3, "asked")).rename({"name": "called"}), store=slow)
    PEOPLE.restore(1, store=slow)
    assert PEOPLE.erase("name = 'asked'", because="asked for", store=slow).rows == 3
    assert b"asked" not in bytes_left(slow)
    assert slow.catalog.tables.settle(aside.id, release=True, because="so", actor="ada").version == 6


def test_an_append_during_a_rename_or_a_widening_is_made_anew(slow: Store, meanwhile: Meanwhile) -> None:
    small = pl.DataFrame({"id": [1], "n": [1]}, schema={"id": pl.Int64, "n": pl.Int32})
    PEOPLE.append(small, store=slow)
    interrupt(meanwhile, lambda store: PEOPLE.widen("n", "int64", store=store))
    PEOPLE.append(small.with_columns(id=pl.lit(2, dtype=pl.Int64)), store=slow)
    read = PEOPLE.read(store=slow).collect()
    assert (sorted(read.rows()), read.schema["n"]) == ([(1, 1), (2, 1)], pl.Int64())


def test_a_draft_that_is_refused_leaves_no_file(slow: Store, meanwhile: Meanwhile) -> None:
    PEOPLE.append(people((1, "ada"), (2, "bob")), store=slow)
    before = {file.name for file in slow.lake.list_paths("people")}
    interrupt(meanwhile, lambda store: PEOPLE.append(people((3, "cyd")).with_columns(x=pl.lit(1)), store=store))
    with pytest.raises(SchemaMismatch):
        PEOPLE.append(people((4, "dot")).with_columns(x=pl.lit("text")), store=slow)
    interrupt(meanwhile, lambda store: PEOPLE.append(people((5, "eve")), store=store))
    PEOPLE.delete("id = 1", store=slow)
    named = {each.file.path for each in slow.catalog.retention.list_spans("people")}
    assert {file.name for file in slow.lake.list_paths("people")} == named > before


def test_of_two_with_one_key_the_later_leaves_no_file(slow: Store, meanwhile: Meanwhile) -> None:
    interrupt(meanwhile, lambda store: PEOPLE.append(people((1, "ada")), idempotency_key="k", store=store))
    commit = PEOPLE.append(people((1, "ada")), idempotency_key="k", store=slow)
    assert commit.version == 1
    assert {file.name for file in slow.lake.list_paths("people")} == {commit.added[0].path}


def test_what_other_engines_read_is_collected_only_after_the_next_version(slow: Store) -> None:
    for number in range(4):
        PEOPLE.append(people((number, "x")), store=slow)
    assert compact_table(slow, "people") == 4
    collect_garbage(slow, older_than="0h")
    assert DeltaTable(slow.lake.root / "people").to_pyarrow_table().num_rows == 4
    PEOPLE.erase("id = 0", because="asked for", store=slow)
    assert DeltaTable(slow.lake.root / "people").to_pyarrow_table().num_rows == 3
    PEOPLE.append(people((4, "x")), store=slow)
    assert len(collect_garbage(slow, older_than="0h")[0].files) == 3
    assert DeltaTable(slow.lake.root / "people").to_pyarrow_table().num_rows == 4


def test_the_mirror_hears_of_versions_before_they_are_collected(slow: Store, other: Store) -> None:
    PEOPLE.upsert(people((1, "ada")), store=slow)
    PEOPLE.upsert(people((1, "bea")), store=slow)
    other.lake.delete(entry_name("people", 2))  # its process died before it could write it
    collect_garbage(other, older_than="0h")
    mirror_table(slow, "people")
    PEOPLE.append(people((2, "cyd")), store=slow)
    assert DeltaTable(slow.lake.root / "people").to_pyarrow_table().num_rows == 2


def test_a_mirror_with_a_gap_is_mended(slow: Store, other: Store) -> None:
    for number in range(4):
        PEOPLE.append(people((number, "x")), store=slow)
    for version in (0, 1, 2):
        other.lake.delete(entry_name("people", version))
    mirror_table(other, "people")
    for version in (1, 2, 3, 4):
        assert DeltaTable(slow.lake.root / "people", version=version).to_pyarrow_table().num_rows == version


def test_an_entry_from_before_an_erasure_does_not_stay_in_the_mirror(slow: Store, other: Store) -> None:
    PEOPLE.append(people((1, "asked"), (2, "bob")), store=slow)
    name = entry_name("people", 1)
    stale = slow.lake.storage.get(name)
    PEOPLE.erase("id = 1", because="asked for", store=slow)
    forget_mirror(slow, "people")
    slow.lake.storage.put(name, stale, derived=True)  # a writer that was slow to mirror its commit
    mirror_table(other, "people", anew=True)
    assert DeltaTable(slow.lake.root / "people").to_pyarrow_table().to_pylist() == [{"id": 2, "name": "bob"}]
