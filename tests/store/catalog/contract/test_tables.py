"""What every catalog guarantees about tables."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from trivium.errors import InvalidName, Misuse, NotFound, SchemaMismatch, VersionConflict
from trivium.store.catalog import Catalog
from trivium.store.catalog.tables import Draft
from trivium.values.alerts import Alert, CheckResult, ColumnProfile, Judgement, Profile
from trivium.values.tables import CheckSpec, Column, Commit, DataFile, Severity, State, TableSpec

AtOnce = Callable[[int, Callable[[Catalog, int], Any]], list[Any]]
NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
SPEC = TableSpec("flights", key=("id",), time="at", checks=(CheckSpec("far", "rule", arguments={"sql": "x > 0"}),))


def file(name: str, day: str = "2024-01-01", rows: int = 10) -> DataFile:
    return DataFile(f"flights/{day}/{name}.parquet", day, rows, 100, "d" * 64)


def draft(
    name: str, *files: DataFile, state: State = "valid", key: str | None = None, base: int | None = None, **more: Any
) -> Draft:
    """A commit `name` of these files (one file of ten rows without any), judged, with an alert unless it is valid."""
    added = files or (file(name),)
    days = tuple(sorted({each.partition for each in added}))
    commit = Commit(
        id=name, table="flights", version=None, state=state, operation="append", partitions=days, rows=0,
        columns=(Column("id", "int64"),), added=added, removed=(), idempotency_key=key, actor="ada", run=None,
        committed_at=NOON, base=base,
    )  # fmt: skip
    commit = replace(commit, **more)
    judgements = tuple(Judgement(day, state, profile(day, name), (result(day, state),)) for day in days)
    alerts = () if state == "valid" else tuple(alert(name, day, state) for day in days)
    return Draft(commit, judgements, alerts)


def profile(day: str, name: str) -> Profile:
    return Profile("flights", day, 10, (ColumnProfile(name, "int64", {"mean": 1.5}, {"7": 1.0}),), {"duplicates": 0.0})


def result(day: str, state: State) -> CheckResult:
    return CheckResult("far", "rule", "x", day, state == "valid", "block", "3 rows are near", observed=3.0)


def alert(commit: str, day: str, state: State) -> Alert:
    severity: Severity = "block" if state == "quarantined" else "warn"
    return Alert(
        f"{commit}-{day}", "flights", "x", day, "far", "rule", severity, "open", "near", {"rows": 3}, commit, NOON
    )


def publish(catalog: Catalog, name: str, *files: DataFile, **more: Any) -> Commit:
    return catalog.tables.publish(draft(name, *files, **more), actor="ada")


def live(catalog: Catalog, version: int) -> list[str]:
    return [each.path.split("/")[-1].removesuffix(".parquet") for each in catalog.tables.files("flights", version)]


def states(catalog: Catalog) -> dict[str, str]:
    return {each.id: each.state for each in catalog.alerts.list_alerts(table="flights")}


def kinds(catalog: Catalog) -> list[str]:
    return [event.kind for event in catalog.events.list_events()]


def test_a_declaration_is_read_as_it_was_made(catalog: Catalog) -> None:
    assert catalog.tables.declare(SPEC, actor="ada") == SPEC
    assert catalog.tables.get_spec("flights") == SPEC
    assert catalog.tables.find_spec("weather") is None


def test_repeating_a_declaration_changes_nothing(catalog: Catalog) -> None:
    catalog.tables.declare(SPEC, actor="ada")
    catalog.tables.declare(SPEC, actor="bob")
    assert kinds(catalog) == ["table.declared"]


def test_a_changed_declaration_replaces_the_old_one_and_is_an_event(catalog: Catalog) -> None:
    catalog.tables.declare(SPEC, actor="ada")
    catalog.tables.declare(replace(SPEC, owner="bob"), actor="ada")
    assert catalog.tables.get_spec("flights").owner == "bob"
    assert kinds(catalog) == ["table.declared", "table.changed"]


@pytest.mark.parametrize("changed", [{"time": "landed_at"}, {"time": None}, {"every": "1h"}])
def test_the_partitions_of_a_table_cannot_be_declared_anew(catalog: Catalog, changed: dict[str, Any]) -> None:
    catalog.tables.declare(SPEC, actor="ada")
    with pytest.raises(Misuse, match=r"partitioned by 'at' every '1d'.* Declare it with time='at' and every='1d'"):
        catalog.tables.declare(replace(SPEC, **changed), actor="ada")
    assert catalog.tables.get_spec("flights") == SPEC


def test_a_name_that_could_be_a_path_is_not_declared(catalog: Catalog) -> None:
    with pytest.raises(InvalidName, match=r"'\.\./flights' cannot name a table"):
        catalog.tables.declare(replace(SPEC, name="../flights"), actor="ada")


def test_declarations_are_listed_by_name(catalog: Catalog) -> None:
    for name in ("weather", "flights", "planes"):
        catalog.tables.declare(TableSpec(name), actor="ada")
    assert [spec.name for spec in catalog.tables.list_specs()] == ["flights", "planes", "weather"]


def test_an_unknown_table_is_not_found_and_the_message_names_those_that_are(catalog: Catalog) -> None:
    with pytest.raises(NotFound, match=r"There is no table 'weather'\. Tables: none yet\."):
        catalog.tables.get_spec("weather")
    catalog.tables.declare(SPEC, actor="ada")
    with pytest.raises(NotFound, match="Tables: flights"):
        catalog.tables.get_spec("weather")


def test_versions_count_without_gaps_over_quarantined_commits(catalog: Catalog) -> None:
    versions = [
        publish(catalog, "a").version,
        publish(catalog, "b", state="quarantined").version,
        publish(catalog, "c", state="flagged").version,
        publish(catalog, "d").version,
    ]
    assert versions == [1, None, 2, 3]


def test_writers_at_once_get_versions_without_gaps(catalog: Catalog, at_once: AtOnce) -> None:
    at_once(4, lambda each, n: [publish(each, f"{n}-{i}") for i in range(5)])
    versions = [commit.version for commit in catalog.tables.list_commits("flights", limit=100)]
    assert sorted(version or 0 for version in versions) == list(range(1, 21))
    assert len(live(catalog, 20)) == 20


def test_each_table_counts_its_own_versions(catalog: Catalog) -> None:
    publish(catalog, "a")
    assert publish(catalog, "b", DataFile("w/1", "all", 1, 1, "d" * 64), table="weather").version == 1
    assert [each.table for each in catalog.tables.list_latest()] == ["flights", "weather"]


def test_a_published_commit_is_read_as_it_was_made(catalog: Catalog) -> None:
    published = publish(catalog, "a", file("a1"), file("a2", "2024-01-02", rows=5), key="k", run="r1")
    assert published == replace(draft("a", file("a1"), file("a2", "2024-01-02", rows=5), key="k", run="r1").commit,
                                version=1, rows=15, digest=published.digest,
                                committed_at=published.committed_at)  # fmt: skip
    assert published.committed_at != NOON  # that was when it was drafted
    assert catalog.tables.get_commit("a") == published
    assert catalog.tables.find_version("flights") == published
    assert catalog.tables.find_version("flights", 1) == published


def test_rows_count_the_whole_table_after_each_commit(catalog: Catalog) -> None:
    assert publish(catalog, "a", file("a", rows=10)).rows == 10
    assert publish(catalog, "b", file("b", "2024-01-02", rows=5)).rows == 15
    assert publish(catalog, "c", file("c", rows=2), removed=(file("a").path,), operation="overwrite").rows == 7


def test_rows_of_a_quarantined_commit_count_its_own_rows(catalog: Catalog) -> None:
    publish(catalog, "a")
    kept = publish(catalog, "b", file("b", rows=3), state="quarantined")
    assert kept.rows == 3
    assert catalog.tables.get_commit("b").rows == 3


def test_what_is_not_there_is_not_found(catalog: Catalog) -> None:
    publish(catalog, "a")
    assert catalog.tables.find_version("flights", 2) is None
    assert catalog.tables.find_version("weather") is None
    assert catalog.tables.find_commit("flights", "k") is None
    with pytest.raises(NotFound, match="There is no commit 'zz'"):
        catalog.tables.get_commit("zz")
    with pytest.raises(NotFound, match="There is no commit 'zz'"):
        catalog.tables.settle("zz", release=True, because="why", actor="bob")


def test_an_idempotency_key_names_one_commit_for_ever(catalog: Catalog) -> None:
    first = publish(catalog, "a", key="day-1")
    publish(catalog, "b")
    before = kinds(catalog)
    assert publish(catalog, "c", state="flagged", key="day-1") == first
    assert catalog.tables.find_commit("flights", "day-1") == first
    assert (kinds(catalog), live(catalog, 2), states(catalog)) == (before, ["a", "b"], {})


def test_an_idempotency_key_also_names_a_quarantined_commit(catalog: Catalog) -> None:
    first = publish(catalog, "a", key="day-1", state="quarantined")
    assert publish(catalog, "b", key="day-1") == first
    assert catalog.tables.find_version("flights") is None


def test_an_idempotency_key_belongs_to_one_table(catalog: Catalog) -> None:
    publish(catalog, "a", key="day-1")
    other = publish(catalog, "b", DataFile("w/1", "all", 1, 1, "d" * 64), table="weather", key="day-1")
    assert other.id == "b"


def test_one_of_many_commits_at_once_under_one_key_is_made(catalog: Catalog, at_once: AtOnce) -> None:
    made = at_once(6, lambda each, n: publish(each, f"c{n}", key="day-1"))
    assert len({commit.id for commit in made}) == 1
    assert len(catalog.tables.list_commits("flights")) == 1
    assert len(live(catalog, 1)) == 1


def test_a_commit_made_from_an_old_version_conflicts_and_leaves_nothing(catalog: Catalog) -> None:
    publish(catalog, "a")
    publish(catalog, "b", base=1)
    before = kinds(catalog)
    with pytest.raises(VersionConflict, match="went from version 1 to 2 meanwhile"):
        publish(catalog, "c", state="flagged", base=1)
    assert kinds(catalog) == before
    assert states(catalog) == {}
    assert live(catalog, 2) == ["a", "b"]
    assert catalog.tables.judgements("c") == []


def test_one_of_two_overwrites_at_once_wins(catalog: Catalog, at_once: AtOnce) -> None:
    publish(catalog, "a")
    made = at_once(2, lambda each, n: publish(each, f"o{n}", base=1, removed=(file("a").path,), operation="overwrite"))
    assert sorted(type(each).__name__ for each in made) == ["Commit", "VersionConflict"]
    assert len(live(catalog, 2)) == 1


def test_a_version_is_the_files_added_and_not_yet_removed(catalog: Catalog) -> None:
    publish(catalog, "a")
    publish(catalog, "b", file("b", "2024-01-02"))
    publish(catalog, "c", removed=(file("a").path,), operation="overwrite")
    assert [live(catalog, version) for version in (1, 2, 3)] == [["a"], ["a", "b"], ["c", "b"]]


def test_files_are_ordered_by_partition_then_by_age(catalog: Catalog) -> None:
    publish(catalog, "b", file("b", "2024-01-02"))
    publish(catalog, "z", file("z", "2024-01-01"))
    publish(catalog, "a", file("a", "2024-01-01"))
    assert live(catalog, 3) == ["z", "a", "b"]


def test_a_quarantined_commit_is_in_no_version(catalog: Catalog) -> None:
    publish(catalog, "a")
    publish(catalog, "b", state="quarantined")
    publish(catalog, "c")
    assert live(catalog, 2) == ["a", "c"]
    assert [each.table for each in catalog.tables.profiles("flights")] == ["flights"]
    assert catalog.tables.get_commit("b").state == "quarantined"


def test_a_commit_brings_judgements_alerts_and_event_with_it(catalog: Catalog) -> None:
    made = draft("a", file("a1"), file("a2", "2024-01-02"), state="flagged")
    catalog.tables.publish(made, actor="ada")
    assert catalog.tables.judgements("a") == list(made.judgements)
    assert catalog.alerts.list_alerts(table="flights") == list(reversed(made.alerts))
    assert kinds(catalog) == ["table.committed", "alert.opened", "alert.opened"]
    event = catalog.events.list_events(kind="table.committed", subject="flights")[0]
    assert event.detail == {
        "commit": "a", "version": 1, "state": "flagged", "operation": "append",
        "partitions": ["2024-01-01", "2024-01-02"], "rows": 20, "run": None,
    }  # fmt: skip


def test_a_quarantined_commit_is_an_event_of_its_own(catalog: Catalog) -> None:
    publish(catalog, "a", state="quarantined")
    assert kinds(catalog) == ["table.quarantined", "alert.opened"]


def test_a_profile_of_a_single_row_keeps_its_undefined_facts(catalog: Catalog) -> None:
    made = draft("a")
    judged = replace(made.judgements[0], profile=replace(made.judgements[0].profile, facts={"std": float("nan")}))
    catalog.tables.publish(replace(made, judgements=(judged,)), actor="ada")
    assert catalog.tables.judgements("a")[0].profile.facts["std"] != 0.0
    assert len(catalog.tables.profiles("flights")) == 1


def test_publishing_a_partition_again_resolves_its_open_alerts_only(catalog: Catalog) -> None:
    publish(catalog, "a", file("a"), file("a2", "2024-01-02"), state="quarantined")
    publish(catalog, "b", file("b"))
    assert states(catalog) == {"a-2024-01-01": "resolved", "a-2024-01-02": "open"}
    resolved = catalog.alerts.get_alert("a-2024-01-01")
    assert "committed again as valid (version 1)" in str(resolved.resolved_because)
    assert resolved.resolved_at is not None
    assert kinds(catalog)[-2:] == ["alert.resolved", "table.committed"]


def test_a_quarantined_commit_resolves_nothing(catalog: Catalog) -> None:
    publish(catalog, "a", state="flagged")
    publish(catalog, "b", state="quarantined")
    assert states(catalog) == {"a-2024-01-01": "open", "b-2024-01-01": "open"}


def test_an_append_leaves_the_alerts_of_rows_that_are_still_there(catalog: Catalog) -> None:
    publish(catalog, "a", state="flagged")
    publish(catalog, "b")
    assert states(catalog) == {"a-2024-01-01": "open"}


def test_a_flagged_overwrite_replaces_the_alerts_of_the_partition_with_its_own(catalog: Catalog) -> None:
    publish(catalog, "a", state="flagged")
    publish(catalog, "b", state="flagged", operation="overwrite", base=1)
    assert states(catalog) == {"a-2024-01-01": "resolved", "b-2024-01-01": "open"}


def test_a_released_commit_is_published_as_flagged(catalog: Catalog) -> None:
    publish(catalog, "a")
    publish(catalog, "b", file("b", rows=3), state="quarantined")
    released = catalog.tables.settle("b", release=True, because="a real storm", actor="bob")
    assert (released.version, released.state, released.rows) == (2, "flagged", 13)
    assert catalog.tables.get_commit("b") == released
    assert live(catalog, 2) == ["a", "b"]
    assert states(catalog) == {"b-2024-01-01": "resolved"}
    assert catalog.events.list_events(kind="table.released")[0].detail["because"] == "a real storm"
    assert [each.columns[0].name for each in catalog.tables.profiles("flights")] == ["b"]


def test_a_discarded_commit_is_published_never(catalog: Catalog) -> None:
    publish(catalog, "a", state="quarantined")
    discarded = catalog.tables.settle("a", release=False, because="upstream was broken", actor="bob")
    assert (discarded.version, discarded.state) == (None, "discarded")
    assert catalog.tables.find_version("flights") is None
    assert catalog.tables.profiles("flights") == []
    assert states(catalog) == {"a-2024-01-01": "resolved"}
    assert kinds(catalog)[-1] == "table.discarded"


@pytest.mark.parametrize("release", [True, False])
def test_a_commit_is_settled_once(catalog: Catalog, release: bool) -> None:
    publish(catalog, "a", state="quarantined")
    catalog.tables.settle("a", release=release, because="so", actor="bob")
    with pytest.raises(Misuse, match="only a quarantined one is settled"):
        catalog.tables.settle("a", release=True, because="so", actor="bob")


def test_a_valid_commit_cannot_be_settled(catalog: Catalog) -> None:
    publish(catalog, "a")
    with pytest.raises(Misuse, match="Commit a of flights is valid"):
        catalog.tables.settle("a", release=False, because="so", actor="bob")


def test_an_overwrite_is_not_released_once_its_partition_was_written_again(catalog: Catalog) -> None:
    publish(catalog, "a")
    publish(catalog, "q", state="quarantined", operation="overwrite", removed=(file("a").path,), base=1)
    publish(catalog, "b", operation="overwrite", removed=(file("a").path,), base=1)
    with pytest.raises(VersionConflict, match="2024-01-01"):
        catalog.tables.settle("q", release=True, because="late", actor="bob")
    assert [live(catalog, version) for version in (1, 2)] == [["a"], ["b"]]
    assert catalog.tables.get_commit("q").state == "quarantined"


def test_an_overwrite_is_released_when_only_other_partitions_changed(catalog: Catalog) -> None:
    publish(catalog, "a")
    publish(catalog, "q", state="quarantined", operation="overwrite", removed=(file("a").path,), base=1)
    publish(catalog, "b", file("b", "2024-01-02"))
    catalog.tables.settle("q", release=True, because="a real storm", actor="bob")
    assert live(catalog, 3) == ["q", "b"]


def test_a_commit_adds_its_new_columns_to_those_of_the_newest_version(catalog: Catalog) -> None:
    publish(catalog, "a", columns=(Column("id", "int64"),))
    publish(catalog, "b", columns=(Column("id", "int64"), Column("x", "string")))
    after = publish(catalog, "c", columns=(Column("id", "int64"), Column("y", "string")))
    assert after.columns == (Column("id", "int64"), Column("x", "string"), Column("y", "string"))


def test_a_column_that_somebody_else_added_in_another_type_meanwhile_is_refused(catalog: Catalog) -> None:
    publish(catalog, "a", columns=(Column("id", "int64"), Column("x", "string")))
    with pytest.raises(SchemaMismatch, match="'x' of table 'flights' is string; these rows have int64"):
        publish(catalog, "b", columns=(Column("id", "int64"), Column("x", "int64")))
    assert live(catalog, 1) == ["a"]


def test_a_quarantined_commit_in_another_type_is_not_released(catalog: Catalog) -> None:
    publish(catalog, "a")
    publish(catalog, "q", state="quarantined", columns=(Column("id", "string"),))
    with pytest.raises(SchemaMismatch, match="'id' of table 'flights' is int64; these rows have string"):
        catalog.tables.settle("q", release=True, because="so", actor="bob")
    catalog.tables.settle("q", release=False, because="so", actor="bob")


def test_a_column_without_any_value_takes_the_type_of_its_first_values(catalog: Catalog) -> None:
    publish(catalog, "a", columns=(Column("id", "int64"), Column("x", "null")))
    assert publish(catalog, "b", columns=(Column("x", "string"),)).columns[1] == Column("x", "string")
    assert publish(catalog, "c", columns=(Column("x", "null"),)).columns[1] == Column("x", "string")


def test_commits_are_listed_newest_first_and_page_by_page(catalog: Catalog) -> None:
    for name in "abcde":
        publish(catalog, name)
    assert [each.id for each in catalog.tables.list_commits("flights", limit=2)] == ["e", "d"]
    assert [each.id for each in catalog.tables.list_commits("flights", limit=2, before="d")] == ["c", "b"]


def test_there_is_one_profile_for_each_partition_the_one_written_last(catalog: Catalog) -> None:
    publish(catalog, "a", file("a"), file("a2", "2024-01-02"))
    publish(catalog, "b", file("b", "2024-01-03"))
    publish(catalog, "c", file("c"))
    found = [(each.partition, each.columns[0].name) for each in catalog.tables.profiles("flights")]
    assert found == [("2024-01-01", "c"), ("2024-01-02", "a"), ("2024-01-03", "b")]


def test_a_release_counts_as_the_last_writing_of_its_partition(catalog: Catalog) -> None:
    publish(catalog, "a", state="quarantined")
    publish(catalog, "b")
    catalog.tables.settle("a", release=True, because="so", actor="bob")
    assert [each.columns[0].name for each in catalog.tables.profiles("flights")] == ["a"]


def test_profiles_are_limited_to_the_newest_and_to_later_commits(catalog: Catalog) -> None:
    for number in range(1, 6):
        publish(catalog, f"c{number}", file(f"c{number}", f"2024-01-0{number}"))
    newest = catalog.tables.profiles("flights", limit=2)
    assert [each.partition for each in newest] == ["2024-01-04", "2024-01-05"]
    assert [each.partition for each in catalog.tables.profiles("flights", after=4)] == ["2024-01-05"]


def test_the_latest_versions_are_listed_one_for_each_table(catalog: Catalog) -> None:
    publish(catalog, "a")
    newest = publish(catalog, "b")
    publish(catalog, "c", state="quarantined")
    assert catalog.tables.list_latest() == [newest]


def test_commits_that_renamed_columns_are_found_oldest_first(catalog: Catalog) -> None:
    catalog.tables.declare(SPEC, actor="ada")
    publish(catalog, "c1")
    publish(catalog, "c2", file("b"), operation="rename", renamed={"id": "key"})
    publish(catalog, "c3", file("c"))
    publish(catalog, "c4", file("c1"), operation="restore", renamed={"key": "id"})
    assert [each.id for each in catalog.tables.list_renaming("flights")] == ["c2", "c4"]
    assert catalog.tables.list_renaming("weather") == []
    assert catalog.tables.find_reshape("flights", after=2) == 4
    assert catalog.tables.find_reshape("flights", after=4) is None
