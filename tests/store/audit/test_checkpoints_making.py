"""When checkpoints are made, by whom, and what stays when a process dies."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from tests.store.audit.conftest import Watch, add_events, faults, the_file

from trivium.store.audit.checkpoints import make_checkpoint
from trivium.store.audit.due import CheckpointNotMade, checkpoint_if_due
from trivium.store.audit.verify import verify_audit
from trivium.store.audit.witness_file import read_lines
from trivium.store.store import Store
from trivium.triggers.worker import tick

Opener = Callable[..., Store]
MAKE = """
import sys
from pathlib import Path
from trivium.settings import load_settings
from trivium.store.audit.checkpoints import make_checkpoint
from trivium.store.store import open_store
root, times = Path(sys.argv[1]), int(sys.argv[2])
settings = load_settings(root, environ={"TRIVIUM_ROOT": str(root)}, durability="fast",
    checkpoints=str(root.parent / "apart"), audit_key=str(root.parent / "key"))
store = open_store(settings)
for number in range(times):
    store.catalog.events.append("drill.made", "model", {}, actor="ada")
    print(make_checkpoint(store).seq, flush=True)
"""


def run(store: Store, times: int = 1, *, failpoint: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-c", MAKE, str(store.settings.root), str(times)]
    environ = {**os.environ, "TRIVIUM_FAILPOINT": failpoint}
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)


def test_one_is_made_an_hour_and_only_when_something_happened(project: Store, watch: Watch) -> None:
    made = checkpoint_if_due(project)
    assert made is not None
    assert (made.seq, made.events, made.at) == (8, 8, watch.now)
    watch.pass_by(minutes=59)
    add_events(project, 1)
    assert checkpoint_if_due(project) is None
    watch.pass_by(minutes=1)
    assert checkpoint_if_due(project, since=9) is None
    later = checkpoint_if_due(project, since=8)
    assert later is not None
    assert later.seq == 9


def test_a_checkpoint_makes_no_event(project: Store, watch: Watch) -> None:
    for _ in range(3):
        make_checkpoint(project)
        checkpoint_if_due(project)
        watch.pass_by(hours=2)
    assert project.catalog.events.newest_number() == 8


def test_a_clock_that_was_wrong_once_does_not_end_the_checkpoints(project: Store, watch: Watch) -> None:
    watch.pass_by(days=30_000)
    assert checkpoint_if_due(project)
    watch.now -= timedelta(days=30_000)
    add_events(project, 1)
    assert checkpoint_if_due(project)
    assert faults(project) == ()


def test_the_triggers_worker_makes_them(project: Store) -> None:
    tick(project, [])
    assert verify_audit(project).through == 8


def test_they_can_be_given_up(open_project: Opener) -> None:
    store = open_project("other", checkpoints="off")
    add_events(store, 1)
    assert checkpoint_if_due(store) is None
    assert verify_audit(store).proof == "none"
    assert store.catalog.audit.find_project_id() is None


@pytest.mark.parametrize("setting", ["checkpoints", "audit_key"])
def test_a_checkpoint_that_cannot_be_made_is_a_warning(open_project: Opener, tmp_path: Path, setting: str) -> None:
    (tmp_path / "file").write_text("")
    store = open_project("other", **{setting: str(tmp_path / "file" / "below")})
    add_events(store, 1)
    with pytest.warns(CheckpointNotMade, match=str(tmp_path / "file")):
        assert checkpoint_if_due(store) is None


def test_a_log_that_was_changed_is_noticed_when_the_next_one_is_due(
    project: Store, watch: Watch, tmp_path: Path
) -> None:
    make_checkpoint(project)
    before = the_file(project).read_bytes()
    with project.catalog.events.database.write() as tx:  # type: ignore[attr-defined]
        tx.execute("DELETE FROM events WHERE seq > 5")
    watch.pass_by(hours=1)
    with pytest.warns(CheckpointNotMade, match=r"event 8 as it was.*audit verify"):
        checkpoint_if_due(project)
    assert the_file(project).read_bytes() == before


def test_a_log_with_a_gap_is_not_signed(project: Store, watch: Watch) -> None:
    with project.catalog.events.database.write() as tx:  # type: ignore[attr-defined]
        tx.execute("DELETE FROM events WHERE seq = 5")
    with pytest.warns(CheckpointNotMade, match="7 events up to the one with number 8"):
        checkpoint_if_due(project)


@pytest.mark.parametrize(("failpoint", "stored"), [("checkpoint:before_add", 2), ("checkpoint:added", 3)])
def test_a_kill_between_event_and_checkpoint_or_after_it_harms_neither(
    project: Store, failpoint: str, stored: int
) -> None:
    killed = run(project, 5, failpoint=f"{failpoint}@3")
    assert (killed.returncode, killed.stdout.split()) == (-9, ["9", "10"])
    report = verify_audit(project)
    assert (report.problems, report.events, report.checkpoints) == ((), 11, stored)
    assert run(project).stdout.split() == ["12"]
    assert verify_audit(project).through == 12


def test_checkpoints_of_many_processes_at_once_are_one_chain(project: Store) -> None:
    with ThreadPoolExecutor(4) as pool:
        ends = list(pool.map(lambda _: run(project, 8), range(4)))
    assert [(end.returncode, end.stderr) for end in ends] == [(0, "")] * 4
    report = verify_audit(project)
    assert (report.problems, report.notes, report.checkpoints) == ((), (), 32)
    said = [line.signed.checkpoint.seq for line in read_lines(the_file(project)) if line.signed]
    assert said == sorted(said)
    assert said[-1] == report.events == 40


def test_what_signs_is_loaded_when_a_checkpoint_is_made_and_not_before() -> None:
    script = "import sys, trivium.triggers.worker, trivium.cli.project; print('cryptography' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "False\n"
    )


def test_on_postgresql_it_is_the_same(open_project: Opener, postgres_url: str) -> None:
    store, colleague = open_project(store=postgres_url), open_project("colleagues", store=postgres_url)
    add_events(store, 5)
    make_checkpoint(store)
    add_events(colleague, 1)
    make_checkpoint(colleague)
    report = verify_audit(store)
    assert (report.problems, report.checkpoints, report.proof, report.through) == ((), 2, "trusted", 6)
    with store.catalog.events.database.write() as tx:  # type: ignore[attr-defined]
        tx.execute("UPDATE events SET actor = 'eve' WHERE seq = 2")
        tx.execute("DELETE FROM events WHERE seq = 6")
    assert [fault.kind for fault in faults(colleague)] == ["edit", "cut tail"]
