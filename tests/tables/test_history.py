"""Any sequence of changes: every version reads as a plain dictionary says it should, through every door."""

from __future__ import annotations

import tempfile
from pathlib import Path

import polars as pl
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

import trivium as tv
from trivium.errors import NotFound
from trivium.store.catalog.content import content_digest, sum_content
from trivium.store.store import connect
from trivium.tables.compact import compact_table
from trivium.tables.gc import collect_garbage

PEOPLE = tv.Table("people", key="id", watch="off")
KEYS = st.sets(st.integers(0, 7), min_size=1, max_size=4)
Rows = dict[int, str]


class Lives(RuleBasedStateMachine):
    """A table beside its model: the rows of each version, and which versions were given up."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.prepare(Path(self.folder.name))
        self.opened = connect(Path(self.folder.name), actor="ada", durability="fast")
        self.store = self.opened.__enter__()
        self.versions: list[Rows] = [{}]
        self.collected: set[int] = set()
        self.number = 0

    def prepare(self, project: Path) -> None:
        """The project's settings are written: none, so that everything is in its folder."""

    def teardown(self) -> None:
        self.opened.__exit__(None, None, None)
        self.folder.cleanup()

    @property
    def now(self) -> Rows:
        return self.versions[-1]

    def frame(self, keys: set[int]) -> pl.DataFrame:
        self.number += 1
        return pl.DataFrame({"id": sorted(keys), "name": [f"{key}-{self.number}" for key in sorted(keys)]})

    @rule(keys=KEYS)
    def upsert(self, keys: set[int]) -> None:
        rows = self.frame(keys)
        PEOPLE.upsert(rows, store=self.store)
        self.versions.append({**self.now, **dict(rows.rows())})

    @rule(keys=KEYS)
    def append_absent_keys(self, keys: set[int]) -> None:
        fresh = keys - set(self.now)
        if fresh:
            rows = self.frame(fresh)
            PEOPLE.append(rows, store=self.store)
            self.versions.append({**self.now, **dict(rows.rows())})

    @precondition(lambda self: len(self.versions) > 1)
    @rule(least=st.integers(0, 8))
    def delete(self, least: int) -> None:
        left = {key: name for key, name in self.now.items() if key < least}
        PEOPLE.delete(f"id >= {least}", store=self.store)
        if left != self.now:
            self.versions.append(left)

    @precondition(lambda self: len(self.versions) > 1)
    @rule(keys=KEYS)
    def overwrite(self, keys: set[int]) -> None:
        rows = self.frame(keys)
        PEOPLE.overwrite(rows, store=self.store)
        self.versions.append(dict(rows.rows()))

    @precondition(lambda self: len(self.versions) > 1)
    @rule(place=st.integers(0, 100))
    def restore(self, place: int) -> None:
        version = place % (len(self.versions) - 1) + 1
        if version in self.collected:
            return
        newest = PEOPLE.get_latest(store=self.store).version
        if PEOPLE.restore(version, store=self.store).version != newest:
            self.versions.append(dict(self.versions[version]))

    @rule()
    def compact(self) -> None:
        compact_table(self.store, "people")

    @precondition(lambda self: len(self.versions) > 1)
    @rule(key=st.integers(0, 7))
    def erase(self, key: int) -> None:
        held = any(key in rows for number, rows in enumerate(self.versions) if number not in self.collected)
        PEOPLE.erase(f"id = {key}", because="asked for", store=self.store)
        if held:
            self.versions = [{at: name for at, name in rows.items() if at != key} for rows in self.versions]
            self.versions.append(dict(self.now))

    @precondition(lambda self: len(self.versions) > 2)
    @rule()
    def collect(self) -> None:
        collect_garbage(self.store, older_than="0h")
        self.collected |= set(range(1, len(self.versions) - 1))

    @invariant()
    def every_version_reads_as_it_was(self) -> None:
        for version, rows in enumerate(self.versions):
            if version in self.collected or version == 0:
                continue
            read = PEOPLE.read(version, store=self.store).collect()
            assert dict(read.rows()) == rows
            assert read.height == len(rows)
            commit = PEOPLE.at(version, store=self.store).commit
            assert commit.rows == len(rows)
            assert commit.digest == content_digest(sum_content(self.store.catalog.tables.files("people", version)))

    @invariant()
    def what_was_given_up_says_so(self) -> None:
        for version in sorted(self.collected)[:1]:
            try:
                PEOPLE.read(version, store=self.store)
            except NotFound as error:
                assert "were given up" in str(error)  # noqa: PT017
            else:
                raise AssertionError(f"version {version} was read")

    @precondition(lambda self: len(self.versions) > 1)
    @invariant()
    def lookups_see_the_newest_version(self) -> None:
        found = PEOPLE.lookup(list(range(8)), store=self.store)
        assert {place: each.values["name"] for place, each in enumerate(found) if each.values} == self.now


Lives.TestCase.settings = settings(max_examples=12, stateful_step_count=14, deadline=None)
test_any_life_of_a_table = Lives.TestCase
