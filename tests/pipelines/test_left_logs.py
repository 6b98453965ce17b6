"""Long logs go when nobody follows them any more; their ends stay on record."""

from __future__ import annotations

import os
import time
from pathlib import Path

from trivium.pipelines.left_logs import KEPT_FOR, collect_logs
from trivium.pipelines.live_log import logs_of
from trivium.pipelines.pipeline import pipeline
from trivium.pipelines.task import task
from trivium.store.store import connect


@task
def talks() -> int:
    print("something")
    return 1


@pipeline
def talk() -> int:
    return talks()


def grow_old(folder: Path, days: int) -> None:
    then = time.time() - days * 86_400
    for file in folder.iterdir():
        os.utime(file, (then, then))


def test_files_of_what_was_printed_long_ago_are_deleted_and_their_ends_stay_on_record(tmp_path: Path) -> None:
    with connect(tmp_path, executor="local") as store:
        old, recent = (talk.run(store=store, key=key).id for key in ("old", "recent"))
        (logs_of(store, recent)).mkdir(exist_ok=True)
        (logs_of(store, recent) / "talks.log").write_text("something\n")
        grow_old(logs_of(store, old), KEPT_FOR.days + 1)
        grow_old(logs_of(store, recent), KEPT_FOR.days - 1)
        assert collect_logs(store, dry_run=True) == collect_logs(store) == len("something\n")
        assert not logs_of(store, old).exists()
        assert logs_of(store, recent).exists()
        assert store.catalog.runs.list_tasks(old)[0].log == "something\n"


def test_those_of_a_run_that_is_going_on_stay_however_old(tmp_path: Path) -> None:
    with connect(tmp_path, executor="local") as store:
        run = talk.run(store=store)
        store.catalog.runs.reopen(run.id, actor="ada", code=run.code)
        grow_old(logs_of(store, run.id), 100)
        assert collect_logs(store) == 0
