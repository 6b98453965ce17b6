"""Files of what tasks printed, long ago: their ends are on record, the rest is for those who follow a run."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from trivium.errors import NotFound
from trivium.pipelines.live_log import LOGS
from trivium.store.store import Store

KEPT_FOR = timedelta(days=30)


def collect_logs(store: Store, *, dry_run: bool = False) -> int:
    """The bytes of log files that were deleted: of runs that have ended, or are not known here, and of which nobody
    has printed for 30 days. dry_run: nothing is deleted."""
    folder = store.settings.state / LOGS
    total = 0
    for run in sorted(folder.iterdir()) if folder.is_dir() else ():
        files = [file for file in run.rglob("*") if file.is_file()]
        if not _is_left(store, run, files):
            continue
        total += sum(file.stat().st_size for file in files)
        if not dry_run:
            shutil.rmtree(run, ignore_errors=True)
    return total


def _is_left(store: Store, run: Path, files: list[Path]) -> bool:
    newest = max((file.stat().st_mtime for file in files), default=run.stat().st_mtime)
    if datetime.fromtimestamp(newest, UTC) > store.clock() - KEPT_FOR:
        return False
    try:
        return store.catalog.runs.find_status(run.name) not in ("running", "cancelling")
    except NotFound:
        return True
