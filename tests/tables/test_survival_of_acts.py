"""Every act, killed at every place: what was acknowledged is there, nothing is half there, and repeating goes on."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable
from tests.tables.change_rows import Model, follow_acts, make_acts

from trivium.store.catalog.content import content_digest, sum_content
from trivium.store.store import Store, connect
from trivium.tables.delta_mirror import mirror_table
from trivium.tables.gc import collect_garbage
from trivium.tables.lookup import lookup_rows
from trivium.tables.read import read_version

SCRIPT = Path(__file__).with_name("change_rows.py")
PLACES = (
    "file:written", "commit:staged", "catalog:before_commit", "catalog:after_commit", "mirror:writing",
    "compact:written", "erase:written", "erase:recorded", "erase:deleted", "erase:forgotten", "gc:collected",
)  # fmt: skip


def start(folder: Path, seed: int, first: int, end: int, place: str = "") -> subprocess.Popen[str]:
    """The acts from `first` to `end` in a process of their own, which dies at this place ("NAME@ACT")."""
    command = [sys.executable, str(SCRIPT), str(folder), str(seed), str(first), str(end), place]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ))


def acknowledged(output: str) -> int:
    """How many acts the process said were done; a line that the kill cut short says nothing."""
    return sum(line.endswith("\n") and line[0].isdigit() for line in output.splitlines(keepends=True))


def check_copy(folder: Path, seed: int, done: int, end: int) -> None:
    """A copy of the project, as it was left, has `done` acts or one more, and is sound; the project is left alone."""
    aside = folder.with_name("copy")
    shutil.copytree(folder, aside)
    with connect(aside, actor="ada") as store:
        acts = make_acts(seed, end)
        expected = next(
            (model for model in (follow_acts(acts[: done + more]) for more in (0, 1)) if is_there(store, model)), None
        )
        assert expected is not None, f"the rows are neither those after act {done} nor those after the next one"
        check_versions(store, expected)
        collect_garbage(store, grace=timedelta(0))
        check_versions(store, expected)
        check_mirror(store, expected)
    shutil.rmtree(aside)


def is_there(store: Store, model: Model) -> bool:
    """Whether both tables are what the model says: number of versions, rows, and the rows of what was together."""
    if store.catalog.tables.newest_version("readings") != len(model.versions) - 1:
        return False
    other = read_version(store, "other").collect()["id"].to_list() if model.other else []
    return sorted(other) == sorted(model.other) and newest_rows(store, model) == model.rows


def newest_rows(store: Store, model: Model) -> dict[int, str]:
    if len(model.versions) == 1:
        return {}
    return dict(read_version(store, "readings").select("id", model.name).collect().rows())


def check_versions(store: Store, model: Model) -> None:
    """Versions have no gaps, each has its rows in whole files, and the audit chain holds."""
    assert store.catalog.events.verify().problems == ()
    for version, (rows, name) in enumerate(model.versions):
        commit = store.catalog.tables.find_version("readings", version)
        assert (commit is None) == (version == 0)
        if commit is None or version <= model.collected:
            continue
        if commit.collected_at is not None:  # of a collection that was killed
            continue
        read = read_version(store, "readings", version).collect()
        assert dict(read.select("id", name).rows()) == rows
        assert read.height == commit.rows == len(rows)
        files = store.catalog.tables.files("readings", version)
        assert commit.digest == content_digest(sum_content(files))
        for file in files:
            store.lake.verify(file)
    if len(model.versions) > 1:
        found = lookup_rows(store, "readings", [*model.rows, 1])
        assert [each.values and each.values[model.name] for each in found] == [*model.rows.values(), None]


def check_mirror(store: Store, model: Model) -> None:
    """Other engines see the newest version, and each that is still kept."""
    if len(model.versions) == 1:
        return
    mirror_table(store, "readings")
    for version in range(1, len(model.versions)):
        commit = store.catalog.tables.find_version("readings", version)
        assert commit is not None
        if commit.collected_at is None:
            rows, name = model.versions[version]
            seen = pl.DataFrame(DeltaTable(store.lake.root / "readings", version=version).to_pyarrow_table())
            assert dict(seen.select("id", name).rows()) == rows


def kill_at(folder: Path, seed: int, first: int, end: int, place: str) -> int:
    """The acts go on and die at this place, if they pass it; returns how many are acknowledged then."""
    process = start(folder, seed, first, end, place)
    output, errors = process.communicate()
    assert errors == ""
    assert process.returncode in (0, -signal.SIGKILL)
    done = first + acknowledged(output)
    if process.returncode:
        check_copy(folder, seed, done, end)
    else:
        assert done == end
    return done


def finish(folder: Path, seed: int, first: int, end: int) -> None:
    """Without a kill all acts get done, and nothing is doubled."""
    assert kill_at(folder, seed, first, end, "") == end
    check_copy(folder, seed, end, end)


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_acts_that_are_killed_lose_nothing_and_go_on(tmp_path: Path, seed: int) -> None:
    done, end, chance = 0, 20, random.Random(seed)
    acts = make_acts(seed, end)
    for place in chance.sample(PLACES, len(PLACES)):
        kind = {"compact": "compact", "erase": "erase", "gc": "collect"}.get(place.partition(":")[0])
        later = [act.number for act in acts[done:] if kind in (None, act.kind)]
        if later:
            done = kill_at(tmp_path / "project", seed, done, end, f"{place}@{later[0]}")
    finish(tmp_path / "project", seed, done, end)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", [3, 4])
def test_every_act_is_killed_at_every_place(tmp_path: Path, seed: int) -> None:
    done, end = 0, 20
    for number in range(end):
        for place in PLACES:
            reached = kill_at(tmp_path / "project", seed, done, number + 1, f"{place}@{number}")
            done = min(reached, number)  # the same act again, as if its acknowledgement had been lost
        done = number + 1
    finish(tmp_path / "project", seed, done, end)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_acts_that_are_killed_two_hundred_times_at_any_moment_lose_nothing(tmp_path: Path) -> None:
    kills, end, seed = 0, 60, 10
    while kills < 200:
        folder, done = tmp_path / str(seed), 0
        while done < end:
            process, chance = start(folder, seed, done, end), random.Random(kills)
            assert process.stdout is not None
            assert process.stderr is not None
            first = [process.stdout.readline() for _ in range(1 + chance.randint(0, 4))]
            try:
                process.wait(timeout=chance.random() * 0.06)
            except subprocess.TimeoutExpired:
                process.kill()
            with process:  # communicate() would not see the lines that readline() has read ahead
                output, errors = process.stdout.read(), process.stderr.read()
            assert errors == ""
            kills += process.returncode == -signal.SIGKILL
            done += acknowledged("".join(first) + output)
            check_copy(folder, seed, done, end)
        seed += 1
