"""Files come to wherever a task runs, and back, by what is in them."""

from __future__ import annotations

from pathlib import Path

from tests.pipelines.executors.failed import Module

from trivium.pipelines.results import load_output, load_result
from trivium.store.store import Store


def test_files_come_to_another_process_and_back(store: Store, module: Module, tmp_path: Path) -> None:
    user = module("""
@tv.task
def made(source: Path, aside: str) -> Path:
    file = Path(aside) / f"{os.getpid()}.txt"
    file.write_text(source.read_text() * 2)
    return file

@tv.task
def doubled(file: Path) -> str:
    return file.read_text() * 2 + file.suffix

@tv.pipeline
def whole(source: Path, aside: str):
    return doubled(made(source, aside))
""")
    (tmp_path / "source.txt").write_text("ab")
    run = user.whole.run(store=store, source=tmp_path / "source.txt", aside=str(tmp_path))
    assert load_result(store, run.id) == "abababab.txt"
    assert load_output(store, run.id, "made").read_text() == "abab"
