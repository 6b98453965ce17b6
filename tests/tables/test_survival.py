"""Many writers at once, and writers that are killed: nothing acknowledged is lost, nothing is half there."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from trivium.store.store import Store, connect
from trivium.tables.read import read_version

WRITER = Path(__file__).with_name("append_rows.py")
KILLED = -9


def start(folder: Path, writer: str, commits: int, failpoint: str = "") -> subprocess.Popen[str]:
    """A writer as a process of its own; its acknowledgements come line by line."""
    environ = {**os.environ, "TRIVIUM_FAILPOINT": failpoint}
    command = [sys.executable, str(WRITER), str(folder), writer, str(commits)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ)


def acknowledged(output: str) -> list[int]:
    """The commits that a writer said were done; a line that the kill cut short says nothing."""
    return [int(line.split()[0]) for line in output.splitlines(keepends=True) if line.endswith("\n")]


def commits_in(store: Store) -> set[int]:
    """The numbers of writer w's commits that are there, each whole: both rows, event, judgement, file and version."""
    table = store.catalog.tables.find_spec("readings")
    listed = store.catalog.tables.list_commits("readings", limit=10_000) if table else []
    assert sorted(commit.version or 0 for commit in listed) == list(range(1, len(listed) + 1))
    assert store.catalog.events.verify().problems == ()
    events = store.catalog.events.list_events(kind="table.committed", limit=10_000)
    assert {event.detail["commit"] for event in events} == {commit.id for commit in listed}
    for commit in listed:
        assert len(store.catalog.tables.judgements(commit.id)) == 1
        for file in commit.added:
            store.lake.verify(file)
    if not listed:
        return set()
    rows = read_version(store, "readings").collect()
    assert rows.height == listed[0].rows == 2 * len(listed)
    assert rows["id"].n_unique() == rows.height
    return set(rows["x"].to_list())


def check_after_kill(folder: Path, output: str) -> None:
    """The store opens and has all that was acknowledged, at most one commit more; repeating everything adds nothing."""
    done = acknowledged(output)
    with connect(folder, actor="ada") as store:
        there = commits_in(store)
    assert there >= set(done)
    assert there == set(range(len(there)))
    assert len(there) <= len(done) + 1
    again = start(folder, "w", len(there) + 1)
    assert again.communicate()[1] == ""
    with connect(folder, actor="ada") as store:
        assert commits_in(store) == set(range(len(there) + 1))


@pytest.mark.parametrize(
    ("failpoint", "acked"),
    [("commit:staged@1", 0), ("commit:staged@4", 3), ("catalog:before_commit@1", 0), ("catalog:before_commit@2", 0),
     ("catalog:before_commit@5", 3), ("catalog:after_commit@2", 0), ("catalog:after_commit@5", 3)],
)  # fmt: skip
def test_a_writer_killed_at_a_named_place_loses_nothing(tmp_path: Path, failpoint: str, acked: int) -> None:
    writer = start(tmp_path, "w", 8, failpoint)
    output, errors = writer.communicate()
    assert (writer.returncode, errors, len(acknowledged(output))) == (KILLED, "", acked)
    check_after_kill(tmp_path, output)


def kill_at_random(folder: Path, seed: int) -> None:
    """A writer is killed at any moment around its first commits."""
    writer = start(folder, "w", 1000)
    assert writer.stdout is not None
    first = [writer.stdout.readline() for _ in range(random.Random(seed).randint(0, 5))]
    try:
        writer.wait(timeout=random.Random(seed).random() * 0.03)
    except subprocess.TimeoutExpired:
        writer.kill()
    with writer:  # communicate() would not see the lines that readline() has read ahead
        output = "".join(first) + writer.stdout.read()
    check_after_kill(folder, output)


@pytest.mark.parametrize("seed", range(3))
def test_a_writer_killed_at_any_moment_loses_nothing(tmp_path: Path, seed: int) -> None:
    kill_at_random(tmp_path, seed)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_writer_killed_two_hundred_times_loses_nothing(tmp_path: Path) -> None:
    for seed in range(200):
        kill_at_random(tmp_path / str(seed), seed)


def test_writers_at_once_get_versions_without_gaps_or_errors(tmp_path: Path) -> None:
    writers = [start(tmp_path, f"w{number}", 25) for number in range(4)]
    outputs = [writer.communicate() for writer in writers]
    assert [errors for _, errors in outputs] == [""] * 4
    versions = [int(line.split()[1]) for output, _ in outputs for line in output.splitlines()]
    assert sorted(versions) == list(range(1, 101))
    with connect(tmp_path, actor="ada") as store:
        rows = read_version(store, "readings").collect()
        assert store.catalog.tables.get_commit(store.catalog.tables.list_latest()[0].id).rows == 200
        assert store.catalog.events.verify().problems == ()
    expected = {f"w{writer}-{number}-{row}" for writer in range(4) for number in range(25) for row in "ab"}
    assert set(rows["id"].to_list()) == expected
    assert rows.height == 200


def test_a_version_being_read_stays_while_others_write(tmp_path: Path) -> None:
    with connect(tmp_path, actor="ada") as store:
        start(tmp_path, "w", 2).communicate()
        before = read_version(store, "readings", 2)
        start(tmp_path, "v", 2).communicate()
        assert before.select(pl.len()).collect().item() == 4
        assert read_version(store, "readings").select(pl.len()).collect().item() == 8
