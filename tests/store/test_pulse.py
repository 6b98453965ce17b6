"""Whether anything was committed since somebody looked."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from trivium.store.pulse import SharedPulse, TimedPulse
from trivium.store.store import Store


def beat(path: Path, times: int) -> None:
    pulse = SharedPulse(path)
    for _ in range(times):
        pulse.rise()
        pulse.fall()


def test_a_value_changes_with_each_commit_and_stays_without_one(tmp_path: Path) -> None:
    pulse = SharedPulse(tmp_path / "pulse")
    seen = [pulse.value()]
    assert pulse.value() == seen[0]
    for _ in range(300):
        beat(tmp_path / "pulse", 1)
        seen.append(pulse.value())
    assert None not in seen
    assert len(set(seen)) == len(seen)


def test_while_a_commit_is_under_way_only_the_catalog_knows(tmp_path: Path) -> None:
    pulse, writer = SharedPulse(tmp_path / "pulse"), SharedPulse(tmp_path / "pulse")
    before = pulse.value()
    writer.rise()
    assert pulse.value() is None
    writer.fall()
    assert pulse.value() not in {None, before}


def test_a_writer_that_died_is_outlived_by_the_next(tmp_path: Path) -> None:
    pulse = SharedPulse(tmp_path / "pulse")
    before = pulse.value()
    pulse.rise()
    beat(tmp_path / "pulse", 1)
    assert pulse.value() not in {None, before}


def test_another_process_is_noticed(tmp_path: Path) -> None:
    pulse = SharedPulse(tmp_path / "pulse")
    before = pulse.value()
    process = multiprocessing.get_context("spawn").Process(target=beat, args=(tmp_path / "pulse", 5))
    process.start()
    process.join()
    assert process.exitcode == 0
    assert pulse.value() not in {None, before}


def test_of_another_machine_ones_own_commits_are_noticed_at_once_and_others_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    pulse = TimedPulse(2.0)
    before = pulse.value()
    now[0] = 101.5
    assert pulse.value() == before
    now[0] = 102.0
    later = pulse.value()
    assert later != before
    pulse.rise()
    pulse.fall()
    assert pulse.value() != later


def test_every_commit_to_the_catalog_is_told(store: Store) -> None:
    pulse = store.catalog.pulse
    before = pulse.value()
    assert before is not None
    store.catalog.events.list_events()
    assert pulse.value() == before
    store.catalog.events.append("test.happened", "x", {}, actor="ada")
    assert pulse.value() not in {None, before}
