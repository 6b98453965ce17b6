"""How long the examination of an audit log of a million events with 100 checkpoints takes, and in how much memory.

`python benchmarks/audit/verify.py [EVENTS]`. The goal: a million in less than 30 seconds, memory that does not grow
with the log (compare with a tenth of the events).
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from trivium.settings import load_settings
from trivium.store.audit.checkpoints import make_checkpoint
from trivium.store.audit.verify import verify_audit
from trivium.store.catalog.sql.chain import FIRST, event_hash
from trivium.store.sqlite import open_sqlite
from trivium.store.store import Store, open_store

EVENTS = 1_000_000
PIECES = 100
START = datetime(2024, 1, 1, tzinfo=UTC)
DETAIL = '{"version":%d,"rows":1000,"partitions":["2024-01-01"],"state":"valid","alerts":[],"run":"01hxyz"}'


def make_events(first: int, count: int, before: str) -> Iterator[tuple[object, ...]]:
    """Links of a chain like those that commits write."""
    for seq in range(first, first + count):
        at = (START + timedelta(seconds=seq)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        fields = {"seq": seq, "at": at, "actor": "ada", "kind": "table.committed", "subject": "flights"}
        before = event_hash(before, {**fields, "detail": DETAIL % seq})
        yield *fields.values(), DETAIL % seq, before


def fill(store: Store, events: int) -> None:
    """The log has this many events, and a checkpoint after each hundredth of them."""
    database = open_sqlite(store.settings.state / "catalog.db", synchronous="NORMAL", patience=60)
    for piece in range(PIECES):
        newest = database.execute("SELECT hash FROM events ORDER BY seq DESC LIMIT 1").fetchone()
        rows = make_events(piece * events // PIECES + 1, events // PIECES, newest[0] if newest else FIRST)
        database.execute("BEGIN")
        database.executemany(
            "INSERT INTO events (seq, at, actor, kind, subject, detail, hash) VALUES (?, ?, ?, ?, ?, ?, ?)", rows
        )
        database.execute("COMMIT")
        make_checkpoint(store)
    database.close()


def main() -> None:
    """The measured times."""
    events = int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "project"
        root.mkdir()
        apart = {"checkpoints": f"{folder}/apart", "audit_key": f"{folder}/key"}
        store = open_store(load_settings(root, environ={"TRIVIUM_ROOT": str(root)}, durability="fast", **apart))
        fill(store, events)
        began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        report = verify_audit(store)
        seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.perf_counter()
        make_checkpoint(store)
        checkpoint = time.perf_counter() - began
        store.close()
    print(f"events {report.events:,}  checkpoints {report.checkpoints}  problems {len(report.problems)}")
    print(f"verify {seconds:.1f} s  peak memory {after / 1024:.0f} MiB (before: {before / 1024:.0f})")
    print(f"a checkpoint {checkpoint * 1000:.0f} ms")


if __name__ == "__main__":
    main()
