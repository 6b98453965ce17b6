"""Snapshots, garbage collection and erasure: what of the past stays, and what goes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta
from typing import Any

import polars as pl
import pytest

import trivium as tv
from trivium.errors import Misuse, NotFound
from trivium.store.store import Store
from trivium.tables.gc import collect_garbage
from trivium.tables.snapshot import record_snapshot
from trivium.tables.upsert import upsert_rows
from trivium.values.models import ModelVersion

PEOPLE = tv.Table("people", key="id", watch="off")
CANARY = "zq-canary-7f3a@example.org"


def people(*rows: tuple[int, str]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"id": pl.Int64, "name": pl.String}, orient="row")


@pytest.fixture
def three(store: Store) -> Store:
    """Three versions, of which each replaced the row of the one before."""
    for name in ("ada", "bea", "cyd"):
        PEOPLE.upsert(people((1, name)), store=store)
    return store


def files_of(store: Store) -> set[str]:
    return {file.name for file in store.lake.list_paths("people")}


def rows_of(store: Store, name: str) -> str:
    """The rows of a stored object, when it is a frame."""
    data = store.blobs.get(name.rsplit("/", maxsplit=1)[-1])
    return str(pl.read_parquet(data).rows()) if data[:4] == b"PAR1" else ""


def traces(store: Store, text: str) -> list[str]:
    """Where a text is found: in the bytes of any file of the project, or in the rows or statistics of its tables."""
    found = [
        str(path) for path in store.settings.root.rglob("*") if path.is_file() and text.encode() in path.read_bytes()
    ]
    for path in store.settings.root.rglob("*.parquet"):
        if text in str(pl.read_parquet(path).rows()):
            found.append(f"rows of {path}")
    return found


def test_a_snapshot_names_versions_of_several_tables_for_ever(three: Store) -> None:
    tv.Table("other", watch="off").append(people((1, "x")), store=three)
    snapshot = record_snapshot(three, "q1", {"people": 2, "other": None}, because="the exam of spring")
    assert snapshot.versions == {"people": 2, "other": 1}
    assert PEOPLE.at(snapshot="q1", store=three).read().collect().rows() == [(1, "bea")]
    assert record_snapshot(three, "q1", {"people": 2, "other": 1}) == snapshot
    with pytest.raises(Misuse, match="stands for people version 2, other version 1 already"):
        record_snapshot(three, "q1", {"people": 3})
    with pytest.raises(NotFound, match="no version 9"):
        record_snapshot(three, "q2", {"people": 9})
    with pytest.raises(NotFound, match="does not hold table 'visits'"):
        tv.Table("visits").at(snapshot="q1", store=three)


def test_without_a_word_no_version_is_given_up(three: Store) -> None:
    assert [(each.versions, each.files) for each in collect_garbage(three)] == [((), ())]
    assert PEOPLE.read(1, store=three).collect().rows() == [(1, "ada")]


def test_old_versions_are_given_up_with_their_files_and_say_so(three: Store) -> None:
    before = files_of(three)
    would = collect_garbage(three, older_than="0h", dry_run=True)[0]
    assert files_of(three) == before
    did = collect_garbage(three, older_than="0h")[0]
    assert (did.versions, did.files, did.bytes) == ((1, 2), would.files, would.bytes)
    assert files_of(three) == before - set(did.files)
    with pytest.raises(NotFound, match="The rows of version 1 of table 'people' were given up"):
        PEOPLE.read(1, store=three)
    assert PEOPLE.read(store=three).collect().rows() == [(1, "cyd")]
    with pytest.raises(NotFound):
        PEOPLE.restore(1, store=three)


def test_what_a_snapshot_names_stays(three: Store) -> None:
    record_snapshot(three, "q1", {"people": 1})
    did = collect_garbage(three, older_than="0h")[0]
    assert (did.versions, did.kept) == ((2,), {1: "snapshot 'q1' names it"})
    assert PEOPLE.read(1, store=three).collect().rows() == [(1, "ada")]
    with pytest.raises(Misuse, match="has to stay"):
        three.catalog.retention.collect("people", [1], because="so", actor="ada")
    with pytest.raises(Misuse, match="is the newest one"):
        three.catalog.retention.collect("people", [3], because="so", actor="ada")


def test_a_dry_run_tells_what_is_then_collected_when_a_restored_version_shares_files(three: Store) -> None:
    PEOPLE.restore(1, store=three)
    would = collect_garbage(three, older_than="0h", dry_run=True)
    did = collect_garbage(three, older_than="0h")
    assert [(each.versions, each.files) for each in would] == [(each.versions, each.files) for each in did]
    (told,) = three.catalog.events.list_events(kind="table.collected", subject="people")
    assert told.detail["files"] == len(did[0].files) == 2


def test_files_that_nobody_names_are_collected_after_a_day(three: Store) -> None:
    orphan = three.lake.write("people", "all", people((9, "nobody")))
    assert collect_garbage(three)[0].files == ()
    assert collect_garbage(three, grace=timedelta(seconds=-5))[0].files == (orphan.path,)
    assert not three.lake.has(orphan)
    assert PEOPLE.read(1, store=three).collect().height == 1


def test_files_in_quarantine_stay_and_those_of_discarded_commits_go(store: Store) -> None:
    strict = tv.Table("people", key="id", watch="off", checks=[tv.rule("id > 0")])
    kept, thrown = (strict.append(people((-n, "bad")), store=store) for n in (1, 2))
    store.catalog.tables.settle(thrown.id, release=False, because="no", actor="ada")
    assert collect_garbage(store, grace=timedelta(seconds=-5))[0].files == (thrown.added[0].path,)
    assert store.lake.has(kept.added[0])


def test_an_erased_row_is_in_no_version_no_statistic_and_no_byte(store: Store) -> None:
    watched = tv.Table("people", key="id", checks=[tv.one_of("name", ["ada", "bob"], severity="warn")])
    watched.append(people((1, "ada"), (2, CANARY)), store=store)
    watched.append(people((3, CANARY + "x"), (4, "bob")), store=store)
    watched.lookup([2], store=store)
    watched.upsert(people((4, "ada")), store=store)
    watched.delete("id = 2", store=store)
    assert traces(store, CANARY)
    did = watched.erase(f"name LIKE '{CANARY}%'", because="asked for by the person, ticket 12", store=store)
    assert did.rows >= 2
    assert traces(store, CANARY) == []
    assert [sorted(watched.read(version, store=store).collect()["id"].to_list()) for version in (1, 2, 3, 4, 5)] == [
        [1],
        [1, 4],
        [1, 4],
        [1, 4],
        [1, 4],
    ]
    assert [commit.rows for commit in reversed(store.catalog.tables.list_commits("people"))] == [1, 2, 2, 2, 2]
    assert watched.lookup([2], store=store)[0].values is None
    assert store.catalog.events.verify().problems == ()


def test_erasing_finds_rows_under_the_names_that_columns_had_then(store: Store) -> None:
    PEOPLE.append(people((1, "ada"), (2, CANARY)), store=store)
    PEOPLE.rename({"name": "called"}, store=store)
    PEOPLE.append(people((3, "x")).rename({"name": "called"}), store=store)
    PEOPLE.erase(f"called = '{CANARY}'", because="asked for", store=store)
    assert traces(store, CANARY) == []
    assert PEOPLE.read(1, store=store).collect().to_dicts() == [{"id": 1, "name": "ada"}]


def test_erasing_reaches_commits_in_quarantine(store: Store) -> None:
    PEOPLE.append(people((1, "ada")), store=store)
    strict = tv.Table("people", key="id", watch="off", checks=[tv.rule("id > 0")])
    strict.append(people((-1, CANARY)), store=store)
    PEOPLE.erase(f"name = '{CANARY}'", because="asked for", store=store)
    assert traces(store, CANARY) == []


def test_erasing_reaches_numbers_that_were_kept_aside_as_text(store: Store) -> None:
    watched = tv.Table("people", key="id")
    watched.append(people((1, "ada"), (2, CANARY)), store=store)
    watched.append(pl.DataFrame({"id": ["2", "3"], "name": [CANARY, "cyd"]}), store=store)
    assert watched.erase("id = 2", because="asked for", store=store).rows == 2
    assert traces(store, CANARY) == []


def test_a_condition_that_does_not_fit_what_was_kept_aside_is_refused_with_the_commit(store: Store) -> None:
    watched = tv.Table("people", key="id")
    watched.append(people((1, "ada")), store=store)
    kept = watched.append(pl.DataFrame({"id": ["x"], "name": ["bob"]}), store=store)
    assert kept.state == "quarantined"
    with pytest.raises(Misuse, match=f"In commit {kept.id}, which was kept aside, id is text"):
        watched.erase("id = 1", because="asked for", store=store)
    assert watched.erase("TRY_CAST(id AS BIGINT) = 1", because="asked for", store=store).rows == 1


def test_an_erasure_that_died_half_way_is_finished_by_the_next_act(store: Store) -> None:
    PEOPLE.append(people((1, "ada"), (2, CANARY)), store=store)
    erase = f"import trivium as tv; tv.Table('people').erase(\"name = '{CANARY}'\", because='asked for')"
    dead = subprocess.run(
        [sys.executable, "-c", erase],
        cwd=store.settings.root,
        env={**os.environ, "TRIVIUM_FAILPOINT": "erase:recorded"},
        check=False,
    )
    assert dead.returncode == -signal.SIGKILL
    assert traces(store, CANARY)
    collect_garbage(store)
    assert traces(store, CANARY) == []


def test_erasing_nothing_makes_no_version(three: Store) -> None:
    assert PEOPLE.erase("id = 99", because="asked for", store=three).rows == 0
    assert PEOPLE.get_latest(store=three).version == 3


def test_the_table_goes_on_after_an_erasure(three: Store) -> None:
    PEOPLE.erase("name = 'bea'", because="asked for", store=three)
    upsert_rows(three, PEOPLE.spec, people((2, "dot")))
    assert sorted(PEOPLE.read(store=three).collect().rows()) == [(1, "cyd"), (2, "dot")]
    assert PEOPLE.restore(1, store=three).rows == 1
    assert PEOPLE.read(2, store=three).collect().rows() == []


def test_a_model_that_learnt_from_erased_rows_is_marked_retrain_due(store: Store) -> None:
    PEOPLE.append(people((1, "ada"), (2, CANARY)), store=store)

    @tv.task
    def count(rows: pl.DataFrame) -> dict[str, Any]:
        return {"rows": rows, "height": rows.height}

    @tv.pipeline
    def learn() -> Any:
        return count(PEOPLE)

    run = learn.run(store=store)
    store.catalog.models.register(
        ModelVersion(
            name="counter", version=0, artifact="a" * 64, report="r" * 64, run=run.id, author="ada",
            registered_at=store.clock(), signature=(), metrics={},
        )
    )  # fmt: skip
    PEOPLE.append(people((3, "bea")), store=store)
    assert collect_garbage(store, older_than="0h")[0].kept == {1: "model counter version 1 was trained on it"}
    did = PEOPLE.erase(f"name = '{CANARY}'", because="asked for", store=store)
    assert did.retrain == (("counter", 1),)
    assert not [blob.name for blob in store.blobs.list_digests() if CANARY in rows_of(store, blob.name)]
    alert = store.catalog.alerts.list_alerts(table="people", state="open")[0]
    assert (alert.check, alert.partition) == ("retrain_due", "counter@1")
    assert store.catalog.events.list_events(kind="model.retrain_due")[0].subject == "counter"
