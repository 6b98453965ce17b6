"""Whoever changes the audit log behind the catalog's back is found. What a chain alone cannot show, a cut tail or a
rewrite of everything, is not claimed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from trivium.clock import system_clock
from trivium.digest import canonical_json
from trivium.store.catalog import Catalog, open_catalog
from trivium.store.catalog.sql.chain import FIRST, event_hash

COLUMNS = "at, actor, kind, subject, detail, hash"
WITHOUT_HASH = "at, actor, kind, subject, detail"


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    """A catalog with eight events."""
    opened = open_catalog(tmp_path / "catalog.db", clock=system_clock, durability="fast")
    for number in range(1, 9):
        opened.events.append("drill.made", f"model-{number}", {"number": number}, actor="ada")
    yield opened
    opened.close()


@pytest.fixture
def file(tmp_path: Path, catalog: Catalog) -> Iterator[sqlite3.Connection]:
    """The same file, as somebody with an SQLite shell has it."""
    connection = sqlite3.connect(tmp_path / "catalog.db", isolation_level=None)
    yield connection
    connection.close()


def problems(catalog: Catalog) -> str:
    return "\n".join(catalog.events.verify().problems)


@pytest.mark.parametrize(
    "change",
    ["at = '2020-01-01T00:00:00.000000Z'", "actor = 'bob'", "kind = 'review.made'", "subject = 'other'",
     "detail = '{\"number\":99}'", "hash = replace(hash, substr(hash, 1, 1), 'x')"],
)  # fmt: skip
@pytest.mark.parametrize("seq", [1, 4, 8])
def test_an_edited_event_is_found_by_its_number(
    catalog: Catalog, file: sqlite3.Connection, change: str, seq: int
) -> None:
    file.execute(f"UPDATE events SET {change} WHERE seq = ?", (seq,))
    assert f"event {seq} (" in problems(catalog)


@pytest.mark.parametrize("seq", [1, 4, 7])
def test_a_deleted_event_is_found(catalog: Catalog, file: sqlite3.Connection, seq: int) -> None:
    file.execute("DELETE FROM events WHERE seq = ?", (seq,))
    assert f"event {seq} is missing" in problems(catalog)


@pytest.mark.parametrize("seq", [1, 4, 7])
def test_a_deleted_event_is_found_also_when_the_rest_is_renumbered(
    catalog: Catalog, file: sqlite3.Connection, seq: int
) -> None:
    file.execute("DELETE FROM events WHERE seq = ?", (seq,))
    for later in range(seq + 1, 9):
        file.execute("UPDATE events SET seq = seq - 1 WHERE seq = ?", (later,))
    assert f"event {seq} (" in problems(catalog)


def test_a_copied_event_at_the_end_is_found(catalog: Catalog, file: sqlite3.Connection) -> None:
    file.execute(f"INSERT INTO events (seq, {COLUMNS}) SELECT 9, {COLUMNS} FROM events WHERE seq = 3")
    assert "event 9 (" in problems(catalog)


@pytest.mark.parametrize("seq", [1, 4, 8])
def test_an_inserted_event_is_found(catalog: Catalog, file: sqlite3.Connection, seq: int) -> None:
    for later in range(8, seq - 1, -1):
        file.execute("UPDATE events SET seq = seq + 1 WHERE seq = ?", (later,))
    before = file.execute("SELECT hash FROM events WHERE seq = ?", (seq - 1,)).fetchone()
    fields = {"seq": seq, "at": "2024", "actor": "eve", "kind": "x", "subject": "y", "detail": "{}"}
    digest = event_hash(before[0] if before else FIRST, fields)
    file.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)", (*fields.values(), digest))
    assert f"event {seq + 1} (" in problems(catalog)


def test_an_event_before_the_first_is_found(catalog: Catalog, file: sqlite3.Connection) -> None:
    file.execute(f"INSERT INTO events (seq, {COLUMNS}) SELECT 0, {COLUMNS} FROM events WHERE seq = 1")
    assert problems(catalog)


@pytest.mark.parametrize("columns", [COLUMNS, WITHOUT_HASH])
@pytest.mark.parametrize("pair", [(1, 2), (3, 7), (7, 8)])
def test_swapped_events_are_found(
    catalog: Catalog, file: sqlite3.Connection, columns: str, pair: tuple[int, int]
) -> None:
    rows = {seq: file.execute(f"SELECT {columns} FROM events WHERE seq = ?", (seq,)).fetchone() for seq in pair}
    for seq, other in (pair, pair[::-1]):
        marks = ", ".join(f"{name} = ?" for name in columns.split(", "))
        file.execute(f"UPDATE events SET {marks} WHERE seq = ?", (*rows[other], seq))
    assert f"event {pair[0]} (" in problems(catalog)


def test_reordered_events_are_found(catalog: Catalog, file: sqlite3.Connection) -> None:
    file.execute("UPDATE events SET seq = -seq")
    file.execute("UPDATE events SET seq = 9 + seq")
    assert "event 1 (" in problems(catalog)


def test_an_edit_with_a_hash_made_to_match_is_found_at_the_next_event(
    catalog: Catalog, file: sqlite3.Connection
) -> None:
    before = file.execute("SELECT hash FROM events WHERE seq = 3").fetchone()[0]
    fields = dict(
        zip(("seq", "at", "actor", "kind", "subject"),
            file.execute("SELECT seq, at, actor, kind, subject FROM events WHERE seq = 4").fetchone(), strict=True),
        detail="{}",
    )  # fmt: skip
    file.execute("UPDATE events SET detail = '{}', hash = ? WHERE seq = 4", (event_hash(before, fields),))
    assert catalog.events.verify().problems == ("event 5 (drill.made model-5) does not match its hash",)


def test_writing_on_after_an_edit_does_not_hide_it(catalog: Catalog, file: sqlite3.Connection) -> None:
    file.execute("UPDATE events SET actor = 'bob' WHERE seq = 8")
    catalog.events.append("drill.made", "more", {}, actor="ada")
    assert "event 8 (" in problems(catalog)


def test_many_problems_are_cut_short(catalog: Catalog, file: sqlite3.Connection) -> None:
    for _ in range(30):
        catalog.events.append("drill.made", "more", {}, actor="ada")
    file.execute("UPDATE events SET actor = 'eve'")
    assert len(catalog.events.verify().problems) == 20


def test_the_hash_of_an_event_is_fixed_for_ever() -> None:
    fields = {
        "seq": 1,
        "at": "2024-01-01T00:00:00.000000Z",
        "actor": "ada",
        "kind": "k",
        "subject": "s",
        "detail": "{}",
    }
    assert canonical_json(fields) == (
        b'{"actor":"ada","at":"2024-01-01T00:00:00.000000Z","detail":"{}","kind":"k","seq":1,"subject":"s"}'
    )
    assert event_hash(FIRST, fields) == "8c181a247c5e40a24def3606910d9304964b517bdef4728bd073fe8c9ca0e8ce"
