"""Whoever changes the log behind Trivium's back is found, and told by name. Nothing is found in a log left alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.store.audit.conftest import Shell, add_events, faults, kinds

from trivium.store.audit.checkpoints import make_checkpoint
from trivium.store.audit.verify import verify_audit
from trivium.store.catalog.sql.chain import event_hash
from trivium.store.store import Store

Act = Callable[[Shell], None]


@pytest.fixture
def sealed(open_project: Callable[..., Store]) -> Store:
    """A project of nine events, with checkpoints of the fourth and the eighth."""
    store = open_project()
    for count in (4, 4):
        add_events(store, count)
        make_checkpoint(store)
    add_events(store, 1)
    return store


@pytest.fixture
def project(sealed: Store) -> Store:
    """What the shell is at."""
    return sealed


def edit(seq: int) -> Act:
    return lambda shell: shell.run("UPDATE events SET actor = 'eve' WHERE seq = ?", seq)


def edit_with_its_hash(shell: Shell) -> None:
    rows = shell.rows()
    rows[4]["actor"] = "eve"
    rows[4]["hash"] = event_hash(str(rows[3]["hash"]), rows[4])
    shell.write(rows)


def delete(*seqs: int) -> Act:
    def act(shell: Shell) -> None:
        for seq in seqs:
            shell.run("DELETE FROM events WHERE seq = ?", seq)

    return act


def delete_and_number_anew(shell: Shell) -> None:
    rows = [row for row in shell.rows() if row["seq"] != 3]
    for number, row in enumerate(rows, 1):
        row["seq"] = number
    shell.write(rows)


def insert(shell: Shell, *, fitting: bool) -> None:
    """An event of Eve's comes between the fourth and the fifth, which is now the sixth."""
    rows = shell.rows()
    made: dict[str, object] = {**rows[4], "actor": "eve"}
    made["hash"] = event_hash(str(rows[3]["hash"]), made) if fitting else "0" * 64
    shell.write([*rows[:4], made, *({**row, "seq": number} for number, row in enumerate(rows[4:], 6))])


def reorder(shell: Shell) -> None:
    rows = shell.rows()
    shell.write([{**row, "seq": 10 - number} for number, row in enumerate(rows, 1)])


def swap(first: int, second: int, *, with_hash: bool) -> Act:
    def act(shell: Shell) -> None:
        rows = shell.rows()
        one, other = rows[first - 1], rows[second - 1]
        for name in ("at", "actor", "kind", "subject", "detail", *(["hash"] if with_hash else [])):
            one[name], other[name] = other[name], one[name]
        shell.write(rows)

    return act


def cut(seq: int) -> Act:
    return lambda shell: shell.run("DELETE FROM events WHERE seq >= ?", seq)


def rewrite(seq: int) -> Act:
    def act(shell: Shell) -> None:
        edit(seq)(shell)
        shell.hash_anew()

    return act


TAMPERINGS: list[tuple[str, Act, int | None]] = [
    ("edit", edit(1), 1),
    ("edit", edit(5), 5),
    ("edit", edit(9), 9),
    ("edit", edit_with_its_hash, 6),
    ("delete", delete(1), 1),
    ("delete", delete(4, 5), 4),
    ("delete", delete_and_number_anew, 3),
    ("insert", lambda shell: insert(shell, fitting=True), 5),
    ("insert", lambda shell: insert(shell, fitting=False), 5),
    ("insert", lambda shell: shell.run("INSERT INTO events SELECT 4.5, at, actor, kind, subject, detail, hash "
                                       "FROM events WHERE seq = 4"), None),
    ("insert", lambda shell: shell.run("INSERT INTO events SELECT 0, at, actor, kind, subject, detail, hash "
                                       "FROM events WHERE seq = 4"), None),
    ("insert", lambda shell: shell.run("INSERT INTO events SELECT NULL, at, actor, kind, subject, detail, hash "
                                       "FROM events WHERE seq = 4"), None),
    ("reorder", reorder, 1),
    ("swap", swap(2, 3, with_hash=True), 2),
    ("swap", swap(2, 7, with_hash=True), 2),
    ("swap", swap(2, 7, with_hash=False), 2),
    ("swap", swap(8, 9, with_hash=True), 8),
    ("cut tail", cut(8), 8),
    ("cut tail", cut(4), 4),
    ("cut tail", cut(1), 1),
    ("rewrite", rewrite(1), 1),
    ("rewrite", rewrite(4), 1),
    ("rewrite", rewrite(5), 5),
    ("rewrite", rewrite(8), 5),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "act", "first"), TAMPERINGS)
def test_every_tampering_is_found_and_named(
    sealed: Store, shell: Shell, kind: str, act: Act, first: int | None
) -> None:
    assert faults(sealed) == ()
    act(shell)
    (fault,) = [each for each in faults(sealed) if each.kind == kind]
    assert fault.first == first
    assert fault.message.endswith(".")
    assert "restore it from a back-up" in fault.next


def test_a_log_left_alone_holds_also_while_it_grows(sealed: Store) -> None:
    for _ in range(3):
        add_events(sealed, 2)
        make_checkpoint(sealed)
        report = verify_audit(sealed)
        assert (report.problems, report.notes) == ((), ())
    assert (report.events, report.checkpoints, report.proof, report.through) == (15, 5, "trusted", 15)


@pytest.mark.parametrize("act", [edit(9), delete(6), swap(2, 7, with_hash=True), edit_with_its_hash])
def test_one_tampering_is_told_once(sealed: Store, shell: Shell, act: Act) -> None:
    act(shell)
    assert len(kinds(sealed)) == 1


def test_a_rewrite_is_narrowed_down_to_between_two_checkpoints(sealed: Store, shell: Shell) -> None:
    rewrite(6)(shell)
    (fault,) = faults(sealed)
    assert "after event 4, up to event 8" in fault.message
    assert (fault.first, fault.last) == (5, 8)


def test_a_log_that_was_cut_and_went_on_was_rewritten(sealed: Store, shell: Shell) -> None:
    cut(7)(shell)
    add_events(sealed, 5)
    assert kinds(sealed) == ["rewrite"]


def test_a_tail_that_no_checkpoint_covers_can_be_cut_unseen(sealed: Store, shell: Shell) -> None:
    cut(9)(shell)
    report = verify_audit(sealed)
    assert report.holds
    assert report.through == report.events == 8  # which is what the report claims, and no more


def test_without_checkpoints_the_report_claims_the_chain_alone(open_project: Callable[..., Store]) -> None:
    store = open_project("other")
    assert verify_audit(store).proof == "none"
    add_events(store, 3)
    report = verify_audit(store)
    assert (report.holds, report.events, report.proof, report.through) == (True, 3, "none", 0)


def test_an_examination_of_a_project_without_checkpoints_writes_nothing(open_project: Callable[..., Store]) -> None:
    store = open_project("other")
    verify_audit(store)
    assert store.catalog.audit.find_project_id() is None
    assert not store.catalog.events.list_events()


def test_every_event_edited_is_one_long_problem_not_a_thousand(sealed: Store, shell: Shell) -> None:
    add_events(sealed, 100)
    shell.run("UPDATE events SET actor = 'eve'")
    found = faults(sealed)
    assert 1 < len(found) < 4
    assert "Events 1 to 24" in found[0].message
    assert "85 more events" in found[-1].message


def test_text_that_is_no_text_is_found_like_any_edit(sealed: Store, shell: Shell) -> None:
    shell.run("UPDATE events SET subject = CAST(x'ff00' AS TEXT) WHERE seq = 5")
    (fault,) = faults(sealed)
    assert (fault.kind, fault.first) == ("edit", 5)


def test_bytes_that_json_spells_as_the_text_did_are_found(sealed: Store, shell: Shell) -> None:
    shell.run("UPDATE events SET actor = 'YWRh' WHERE seq = 1")
    shell.hash_anew()
    shell.run("UPDATE events SET actor = x'616461' WHERE seq = 1")
    assert "edit" in kinds(sealed)


@pytest.mark.parametrize("number", ["x", b"x", 10**15])
def test_an_event_after_all_others_with_an_impossible_number_is_found(
    sealed: Store, shell: Shell, number: object
) -> None:
    shell.run("UPDATE events SET seq = ? WHERE seq = 9", number)
    assert kinds(sealed)
