"""A project whose catalog is on PostgreSQL works like any other."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import polars as pl

from trivium.store.store import connect
from trivium.tables.commit import commit_rows

WRITER = Path(__file__).with_name("append_rows.py")
READ = """
import sys
import trivium as tv
with tv.connect(sys.argv[1]):
    print(sorted(tv.Table("readings", key="id", watch="off").read().collect()["id"]))
"""


def test_what_processes_committed_to_one_table_is_read_by_another(tmp_path: Path, postgres_url: str) -> None:
    (tmp_path / "trivium.toml").write_text(f'store = "{postgres_url}"\n')
    writers = [subprocess.Popen([sys.executable, WRITER, tmp_path, name, "3"], stdout=subprocess.PIPE) for name in "ab"]
    versions = [line.split()[1] for writer in writers for line in writer.communicate()[0].decode().splitlines()]
    assert Counter(versions) == Counter(str(version) for version in range(1, 7))
    assert not (tmp_path / ".trivium" / "catalog.db").exists()
    with connect(tmp_path, actor="ada") as store:
        spec = store.catalog.tables.get_spec("readings")
        commit = commit_rows(store, spec, pl.DataFrame({"id": ["c"], "x": [7]}), idempotency_key="c")
        assert commit.version == 7
        assert store.catalog.events.verify().problems == ()
    reader = subprocess.run([sys.executable, "-c", READ, tmp_path], capture_output=True, text=True, check=True)
    assert reader.stdout.strip() == str(
        sorted([f"{w}-{n}-{half}" for w in "ab" for n in range(3) for half in "ab"] + ["c"])
    )
