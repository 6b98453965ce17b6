"""Files as arguments and results of tasks: it is what is in them that counts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest
from msgspec.structs import replace

import trivium as tv
from trivium.digest import digest_bytes
from trivium.errors import CorruptObject, NotFound, TaskFailed, UnsupportedValue
from trivium.pipelines import path_content
from trivium.pipelines.artifacts import decode, encode, forget_damaged
from trivium.pipelines.copies import PREFIX, Copies
from trivium.pipelines.path_content import digest_path, files_in
from trivium.pipelines.pipeline import pipeline
from trivium.pipelines.results import load_output, load_result
from trivium.pipelines.stored_files import StoredFiles, read_manifest
from trivium.pipelines.task import task
from trivium.store.store import Store, use_store


def statuses(store: Store, run: str) -> dict[str, str]:
    return {each.node: each.status for each in store.catalog.runs.list_tasks(run)}


@task
def sized(file: Path) -> int:
    return sum(each.stat().st_size for each in [file, *file.rglob("*")] if each.is_file())


@pipeline
def measured(file: Path) -> int:
    return sized(file)


def test_a_file_that_a_task_is_given_is_compared_by_what_is_in_it(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("a\n1\n")
    first = measured.run(store=store, file=file)
    file.write_text("a\n1\n")
    assert statuses(store, measured.run(store=store, file=file).id) == {"sized": "cached"}
    file.write_text("a\n12\n")
    (step,) = measured.plan(store=store, file=file).steps
    assert (step.action, str(step.why).startswith(f"input file changed: {file} (")) == ("run", True)
    again = measured.run(store=store, file=file)
    assert (load_result(store, first.id), load_result(store, again.id)) == (4, 5)


def test_lineage_finds_who_was_given_a_file_by_what_is_in_it(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("a\n1\n")
    runs = [measured.run(store=store, file=file).id for _ in range(2)]
    digest = digest_path(file)
    assert digest is not None
    found = {(each.run, each.node) for each in store.catalog.lineage.blob_readers(digest)}
    assert found == {(run, "sized") for run in runs}


class Source:
    """An object of which nothing is known but that it can be pickled."""

    def __init__(self, *files: Path) -> None:
        self.files = files


def test_a_file_in_an_object_of_any_kind_is_compared_by_what_is_in_it(store: Store, tmp_path: Path) -> None:
    @task
    def measure(source: Any) -> int:
        return sum(len(file.read_text()) for file in source.files)

    @pipeline
    def whole() -> int:
        return measure(Source(tmp_path / "rows.csv"))

    def made(text: str) -> tuple[int, str]:
        (tmp_path / "rows.csv").write_text(text)
        run = whole.run(store=store)
        return load_result(store, run.id), statuses(store, run.id)["measure"]

    assert [made(text) for text in ("1", "1", "23")] == [(1, "executed"), (1, "cached"), (2, "executed")]


def test_a_file_under_another_name_is_another_argument(store: Store, tmp_path: Path) -> None:
    one, other = tmp_path / "2013-01-01.csv", tmp_path / "2013-01-02.csv"
    for each in (one, other):
        each.write_text("a\n1\n")
    measured.run(store=store, file=one)
    assert statuses(store, measured.run(store=store, file=other).id) == {"sized": "executed"}


def test_a_folder_is_compared_by_the_names_and_bytes_of_all_that_is_in_it(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "days"
    (folder / "january").mkdir(parents=True)
    (folder / "january" / "1.csv").write_text("a")
    (folder / "around").symlink_to(folder)
    seen = {digest_path(folder)}
    (folder / "january" / "1.csv").write_text("b")
    seen.add(digest_path(folder))
    (folder / "january" / "1.csv").rename(folder / "january" / "2.csv")
    seen.add(digest_path(folder))
    (folder / "empty").write_text("")
    seen.add(digest_path(folder))
    assert len(seen) == 4
    moved = shutil.copytree(folder, tmp_path / "moved", symlinks=True)
    (moved / "around").unlink()
    (folder / "around").unlink()
    assert digest_path(moved) == digest_path(folder)
    assert load_result(store, measured.run(store=store, file=moved).id) == 1


def test_a_folder_that_is_linked_twice_counts_twice(tmp_path: Path) -> None:
    folder = tmp_path / "days"
    for name in ("a", "c"):
        (folder / name).mkdir(parents=True)
        (folder / name / "rows.csv").write_text("1")
    for name in ("b", "d"):
        (folder / name).symlink_to("a")
    (folder / "c" / "around").symlink_to(folder)
    assert sorted(files_in(folder)) == [f"{name}/rows.csv" for name in "abcd"]


def test_a_name_that_is_not_utf8_keeps_a_task_from_being_cached_and_says_so(store: Store, tmp_path: Path) -> None:
    (tmp_path / "n\udcff").write_text("1")

    @pipeline
    def of_one() -> None:
        sized(next(tmp_path.iterdir()))

    for run in (measured.run(store=store, file=tmp_path), of_one.run(store=store)):
        (done,) = store.catalog.runs.list_tasks(run.id)
        assert done.reason.startswith("cannot be cached: The name of the file")
        assert done.reason.endswith("n\\udcff' is not UTF-8; give it another one.")


def test_a_file_that_goes_while_its_folder_is_compared_leaves_no_key(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").write_text("1")
    monkeypatch.setattr(path_content, "files_in", lambda folder: iter(["gone", "gone before"]))
    run = measured.run(store=store, file=tmp_path)
    (done,) = store.catalog.runs.list_tasks(run.id)
    assert done.reason == f"cannot be cached: {tmp_path} cannot be read to be compared (No such file or directory)."


def test_what_comes_through_a_pipe_is_never_taken_for_what_came_before(store: Store, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for _ in range(2):
        run = measured.run(store=store, file=tmp_path / "pipe")
        (done,) = store.catalog.runs.list_tasks(run.id)
        assert done.reason.startswith(f"cannot be cached: {tmp_path / 'pipe'} is a pipe or a device")


@pytest.mark.parametrize("name", ["no\0name", "file/in a file"])
def test_a_path_at_which_nothing_can_be_is_a_name(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert digest_path(tmp_path / name) is None


def test_a_change_that_leaves_size_and_time_as_they_were_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("1")
    os.utime(file, (0, 0))
    before = digest_path(file)
    file.write_text("2")
    os.utime(file, (0, 0))
    assert digest_path(file) != before


def test_a_process_remembers_only_so_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(path_content, "_known", {})
    monkeypatch.setattr(path_content, "MOST_KNOWN", 3)
    for number in range(5):
        (tmp_path / str(number)).write_text(str(number))
    monkeypatch.setattr(path_content, "SETTLED", -1.0)
    assert [digest_path(tmp_path / str(number)) for number in range(5)] == [digest_bytes(b"%d" % n) for n in range(5)]
    assert [Path(path).name for path in path_content._known] == ["3", "4"]


def test_a_path_at_which_nothing_is_is_a_name(store: Store, tmp_path: Path) -> None:
    @task
    def named(file: Path) -> str:
        return file.name

    @pipeline
    def whole(file: Path) -> str:
        return named(file)

    assert load_result(store, whole.run(store=store, file=tmp_path / "absent.csv").id) == "absent.csv"


def test_a_folder_of_too_many_files_is_not_compared_and_says_so(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trivium.pipelines.path_content.MOST_FILES", 2)
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(3):
        (folder / str(number)).write_text("")
    run = measured.run(store=store, file=folder)
    (done,) = store.catalog.runs.list_tasks(run.id)
    assert (done.status, "cannot be cached" in done.reason) == ("executed", True)
    assert f"{folder} holds more than 2 files" in done.reason


def test_a_result_of_a_file_that_changed_meanwhile_is_never_reused(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("1")

    @task
    def slow(file: Path) -> str:
        text = file.read_text()
        file.write_text("23")  # as somebody else may, while this goes on
        return text

    @pipeline
    def whole(file: Path) -> str:
        return slow(file)

    run = whole.run(store=store, file=file)
    (done,) = store.catalog.runs.list_tasks(run.id)
    assert done.reason.startswith(f"cannot be cached: {file} (")
    assert done.reason.endswith("was changed while it ran")
    file.write_text("1")
    assert statuses(store, whole.run(store=store, file=file).id) == {"slow": "executed"}


@task
def named(text: str) -> str:
    return text


@task
def counted(given: list[Any]) -> int:
    Path(given[0]).write_text("23")
    return len(given)


@pipeline
def counted_both(file: Path) -> int:
    return counted([file, named("a")])


def test_a_file_that_is_given_beside_what_a_task_made_is_looked_after_as_well(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("1")
    run = counted_both.run(store=store, file=file)
    done = next(each for each in store.catalog.runs.list_tasks(run.id) if each.node == "counted")
    assert done.reason.endswith("was changed while it ran")
    assert statuses(store, counted_both.run(store=store, file=file).id)["counted"] == "executed"
    file.write_text("1")
    assert counted_both.plan(store=store, file=file).steps[-1].why.startswith(f"input given changed: named, {file} (")


@task
def written(text: str, folder: str) -> Path:
    file = Path(folder) / "report.txt"
    file.write_text(text)
    return file


@task
def shouted(file: Path) -> str:
    text = file.read_text().upper()
    file.write_text("spoiled")
    return f"{file.name}: {text}"


@pipeline
def reported(text: str, folder: str) -> str:
    file = written(text, folder)
    shouted(file)
    return shouted(file)


def test_a_file_that_a_task_returns_comes_to_each_reader_as_a_copy(store: Store, tmp_path: Path) -> None:
    run = reported.run(store=store, text="few", folder=str(tmp_path))
    assert load_result(store, run.id) == "report.txt: FEW"
    assert load_output(store, run.id, "shouted") == "report.txt: FEW"
    (tmp_path / "report.txt").unlink()
    file = load_output(store, run.id, "written")
    assert (file.name, file.read_text()) == ("report.txt", "few")
    file.write_text("spoiled")
    assert load_output(store, run.id, "written").read_text() == "few"


def test_what_a_run_made_can_be_read_by_the_run_its_id_or_the_beginning_of_that(store: Store, tmp_path: Path) -> None:
    run = reported.run(store=store, text="few", folder=str(tmp_path))
    with use_store(store):
        assert [tv.read_output(each) for each in (run, run.id, run.id[:20])] == ["report.txt: FEW"] * 3
        assert tv.read_output(run, "written").read_text() == "few"


@task
def halves(text: str) -> tuple[str, str]:
    return text[:2], text[2:]


@pipeline
def halved() -> tuple[str, str]:
    return halves("abcd")


@pytest.mark.parametrize("node", [None, "halves"])
def test_one_of_several_outputs_is_read_by_its_index(store: Store, node: str | None) -> None:
    run = halved.run(store=store)
    with use_store(store):
        assert [tv.read_output(run, node, index=index) for index in (None, 0, 1)] == [("ab", "cd"), "ab", "cd"]
        for index in (2, -1):
            with pytest.raises(NotFound, match=f"2 outputs, counted from 0, so there is none at index {index}"):
                tv.read_output(run, node, index=index)


def test_copies_are_gone_after_the_task(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    aside = tmp_path / "aside"
    aside.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(aside))
    reported.run(store=store, text="few", folder=str(tmp_path))
    assert list(aside.iterdir()) == []


def test_copies_that_a_killed_process_left_go_with_the_next_ones_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    killed = "import os; from trivium.pipelines.copies import Copies; Copies().new_folder(); os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", killed], check=False)
    (left,) = tmp_path.iterdir()
    mine, more = Copies(), Copies()
    folders = [mine.new_folder(), mine.new_folder(), more.new_folder()]
    assert not left.exists()
    assert all(folder.is_dir() for folder in folders)
    mine.remove()
    more.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_forked_process_leaves_the_copies_of_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    copies = Copies()
    folder = copies.new_folder()
    if (child := os.fork()) == 0:
        copies.remove()
        os._exit(0)
    os.waitpid(child, 0)
    assert folder.is_dir()
    copies.remove()


def test_a_folder_that_a_task_returns_is_all_that_is_in_it(store: Store, tmp_path: Path) -> None:
    @task
    def pages(folder: str) -> Path:
        site = Path(folder) / "site"
        (site / "pictures").mkdir(parents=True)
        (site / "index.html").write_text("<html>")
        (site / "pictures" / "roc.svg").write_text("<svg>")
        return site

    @task
    def listed(site: Path) -> list[str]:
        return [site.name, *sorted(each.relative_to(site).as_posix() for each in site.rglob("*.*"))]

    @pipeline
    def whole(folder: str) -> list[str]:
        return listed(pages(folder))

    run = whole.run(store=store, folder=str(tmp_path))
    assert load_result(store, run.id) == ["site", "index.html", "pictures/roc.svg"]


def test_what_is_in_a_file_counts_and_not_the_name_that_was_made_up_for_it(store: Store, tmp_path: Path) -> None:
    @task(cache=False)
    def drawn(folder: str) -> Path:
        file = Path(folder) / f"{os.urandom(4).hex()}.txt"
        file.write_text("few")
        return file

    @task
    def length(file: Path) -> int:
        return len(file.read_text())

    @pipeline
    def whole(folder: str) -> int:
        return length(drawn(folder))

    whole.run(store=store, folder=str(tmp_path))
    again = whole.run(store=store, folder=str(tmp_path))
    assert statuses(store, again.id) == {"drawn": "executed", "length": "cached"}


def test_files_in_lists_can_be_mapped_over_and_are_read_one_by_one(store: Store, tmp_path: Path) -> None:
    @task
    def parts(folder: str) -> list[Path]:
        for number in range(3):
            (Path(folder) / f"{number}.txt").write_text("x" * number)
        return [Path(folder) / f"{number}.txt" for number in range(3)]

    @pipeline
    def whole(folder: str) -> list[int]:
        return sized.map(parts(folder))

    assert load_result(store, whole.run(store=store, folder=str(tmp_path)).id) == [0, 1, 2]


def test_a_path_to_nothing_is_no_result(store: Store, tmp_path: Path) -> None:
    @task
    def promised() -> dict[str, Path]:
        return {"report": Path("no/such/report.txt")}

    @pipeline
    def whole() -> dict[str, Path]:
        return promised()

    told = r"holds a pathlib\.PosixPath at \['report'\].*there is none at 'no/such/report\.txt'; return str\(path\)"
    with pytest.raises(TaskFailed, match=told):
        whole.run(store=store)


def test_a_file_that_is_gone_from_the_store_is_made_again(store: Store, tmp_path: Path) -> None:
    run = reported.run(store=store, text="few" * 5000, folder=str(tmp_path))
    made = load_output(store, run.id, "written")
    digest = digest_path(made)
    assert digest is not None
    store.blobs.delete(digest)
    again = reported.run(store=store, text="few" * 5000, folder=str(tmp_path))
    assert statuses(store, again.id)["written"] == "executed"
    assert load_output(store, again.id, "written").read_text() == "few" * 5000


@task
def exported(rows: pl.DataFrame, folder: str) -> list[Path]:
    file = Path(folder) / "people.csv"
    rows.write_csv(file)
    return [file]


PEOPLE = tv.Table("people", key="id", watch="off")


@pipeline
def exports(folder: str, inside: bool = False) -> Path | list[Path]:
    files = exported(PEOPLE, folder)
    return alone(files) if inside else files


@task
def alone(files: list[Path]) -> Path:
    return files[0]


@pytest.mark.parametrize("inside", [True, False])
def test_rows_that_are_erased_are_in_no_file_that_a_task_made_of_them(
    store: Store, tmp_path: Path, inside: bool
) -> None:
    with use_store(store):
        PEOPLE.append(pl.DataFrame({"id": [1, 2], "name": ["ann", "bob"]}), store=store)
        exports.run(store=store, folder=str(tmp_path), inside=inside)
        stored = digest_bytes((tmp_path / "people.csv").read_bytes())
        assert store.blobs.has(stored)
        PEOPLE.erase("id = 1", because="asked for", store=store)
    assert not store.blobs.has(stored)
    again = exports.run(store=store, folder=str(tmp_path), inside=inside)
    assert again.executed == 1 + inside


def test_a_damaged_file_of_a_folder_of_very_many_is_forgotten(store: Store, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("1" * 5000)
    made = encode(tmp_path / "rows.csv", store.blobs)
    ((_, file),) = read_manifest(made, store.blobs).files.items()
    listed = store.blobs.put_text(msgspec.json.encode(StoredFiles(False, {str(n): file for n in range(15_000)})))
    store.blobs.path(file.digest).write_bytes(b"2" * 5000)
    forget_damaged(replace(made, digest=listed), store.blobs)
    assert not store.blobs.has(file.digest)


@pytest.mark.parametrize("given", [".", "n\udcff"])
def test_a_result_with_a_name_that_is_not_utf8_is_refused(store: Store, tmp_path: Path, given: str) -> None:
    (tmp_path / "n\udcff").write_text("1")
    with pytest.raises(UnsupportedValue, match="is not UTF-8; give it another one"):
        encode(tmp_path / given, store.blobs)


def test_a_folder_that_is_named_by_one_within_it_has_its_own_name(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "days"
    (folder / "january").mkdir(parents=True)
    (folder / "rows.csv").write_text("1")
    copy = decode(encode(folder / "january" / "..", store.blobs), store.blobs)
    assert (copy.name, [each.name for each in copy.iterdir()]) == ("days", ["rows.csv"])
    assert copy.parent.parent.name.startswith(PREFIX)


@pytest.mark.parametrize("name", ["../rows.csv", "a/../../rows.csv", "{}/rows.csv"])
def test_a_stored_name_that_leads_out_of_its_folder_is_not_copied(store: Store, tmp_path: Path, name: str) -> None:
    (tmp_path / "rows.csv").write_text("1")
    made = encode(tmp_path / "rows.csv", store.blobs)
    (file,) = read_manifest(made, store.blobs).files.values()
    hostile = msgspec.json.encode(StoredFiles(False, {name.format(tmp_path / "there"): file}))
    for ref in (
        replace(made, facts={**made.facts, "name": name.format(tmp_path / "there")}),
        replace(made, digest=store.blobs.put_text(hostile)),
    ):
        with pytest.raises(CorruptObject, match="leads out of its folder"):
            decode(ref, store.blobs)
    assert not (tmp_path / "there").exists()
