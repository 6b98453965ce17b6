"""Tasks in environments of their own, resolved and built by uv from a folder of wheels."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from msgspec.structs import replace

from trivium.errors import EnvironmentUnavailable, MissingExtra, Misuse, TaskFailed
from trivium.pipelines.cancel import cancel_run
from trivium.pipelines.environment import make_environment
from trivium.pipelines.environments.build import LOCK, environment_folder, environments_folder, is_built, python_of
from trivium.pipelines.environments.resolve import EVENT, lock_of, resolve_environment
from trivium.pipelines.environments.spec import env
from trivium.pipelines.environments.uv import find_uv
from trivium.pipelines.registry import import_file
from trivium.pipelines.reproduce import reproduce_run
from trivium.pipelines.results import load_result
from trivium.store.store import Store, connect
from trivium.values.runs import Environment, Run

Module = Callable[..., ModuleType]
Index = Callable[[Path], None]
HEAD = """
import sys
import trivium as tv

@tv.task
def first(n: int) -> int:
    return n
"""
GREET = """
@tv.task(env={env})
def greet(n: int) -> list[str]:
    import tvgreeting
    print("greeting")
    return [tvgreeting.__version__, sys.prefix]

@tv.pipeline
def whole(n: int = 1):
    return greet(first(n))
"""


@pytest.fixture
def local(local: Store, index: Index) -> Store:
    return local


def greeting(module: Module, asked: str = 'tv.env("tvgreeting<2")') -> ModuleType:
    return module(HEAD + GREET.format(env=asked))


def own(store: Store, run: Run, node: str = "greet") -> Environment:
    task = store.catalog.runs.find_task(run.id, node)
    assert task is not None
    return store.catalog.runs.get_environment(task.environment)


def test_a_task_runs_in_the_packages_that_it_asks_for(local: Store, module: Module) -> None:
    run = greeting(module).whole.run(store=local)
    version, prefix = load_result(local, run.id)
    found = own(local, run)
    assert version == "1.0"
    assert Path(prefix) == environment_folder(found.digest)
    assert found.packages["tvgreeting"] == "1.0"
    assert found.packages["polars"]
    assert "tvgreeting==1.0 \\\n    --hash=sha256:" in lock_of(found, local)
    tasks = {task.node: task for task in local.catalog.runs.list_tasks(run.id)}
    assert tasks["first"].environment == ""
    assert tasks["greet"].log == "greeting\n"


def test_nothing_of_this_process_but_trivium_can_be_imported_there(local: Store, module: Module) -> None:
    user = module(
        HEAD
        + """
@tv.task(env=tv.env("tvgreeting"))
def look() -> list[str]:
    import importlib.util, os, subprocess
    found = [name for name in ("pytest", "pyarrow", "mypy", "trivium", "polars") if importlib.util.find_spec(name)]
    child = subprocess.run([sys.executable, "-c", "import tvgreeting, trivium"], check=True)
    return [*found, sys.prefix, os.environ["VIRTUAL_ENV"], __import__("shutil").which("python")]

@tv.pipeline
def whole():
    return look()
"""
    )
    run = user.whole.run(store=local)
    *found, prefix, variable, program = load_result(local, run.id)
    assert found == ["trivium", "polars"]
    assert prefix == variable == str(environment_folder(own(local, run, "look").digest))
    assert program == f"{prefix}/bin/python"


def test_the_inline_executor_gives_such_a_task_a_process(store: Store, module: Module, index: Index) -> None:
    assert store.settings.executor == "inline"
    run = greeting(module).whole.run(store=store)
    assert load_result(store, run.id)[0] == "1.0"


def test_items_of_a_map_run_there_and_are_on_record_with_it(local: Store, module: Module) -> None:
    user = module(
        HEAD
        + """
@tv.task(env=tv.env("tvgreeting<2"))
def greet(n: int) -> str:
    import tvgreeting
    return f"{tvgreeting.WORD} {n}"

@tv.pipeline
def whole():
    return greet.map([1, 2, 3])
"""
    )
    run = user.whole.run(store=local)
    assert load_result(local, run.id) == ["hello 1", "hello 2", "hello 3"]
    assert len({task.environment for task in local.catalog.runs.list_tasks(run.id)} - {""}) == 1


def test_the_lock_is_part_of_the_key_and_a_plan_names_the_package(local: Store, module: Module) -> None:
    user = greeting(module)
    user.whole.run(store=local)
    assert user.whole.run(store=local).cached == 2
    other = greeting(module, 'tv.env("tvgreeting>=2")')
    (step,) = [each for each in other.whole.plan(store=local).steps if each.node == "greet"]
    assert (step.action, step.why) == ("run", "environment changed: tvgreeting 1.0 -> 2.0")


def test_a_lock_does_not_drift_until_it_is_upgraded(local: Store, index: Index, wheels: Path, tmp_path: Path) -> None:
    newer = tmp_path / "newer"
    shutil.copytree(wheels, newer, copy_function=os.link, symlinks=True)
    (newer / "tvgreeting-2.0-py3-none-any.whl").unlink()
    index(newer)
    first = resolve_environment(env("tvgreeting"), local)
    index(wheels)
    assert first.packages["tvgreeting"] == "1.0"
    assert resolve_environment(env("tvgreeting"), local) == first
    assert len(local.catalog.events.list_events(kind=EVENT)) == 1
    assert resolve_environment(env("tvgreeting"), local, upgrade=True).packages["tvgreeting"] == "2.0"
    assert resolve_environment(env("tvgreeting"), local).packages["tvgreeting"] == "2.0"


def test_a_newer_trivium_with_other_needs_keeps_the_pins(
    local: Store, index: Index, wheels: Path, tmp_path: Path
) -> None:
    older = tmp_path / "older"
    shutil.copytree(wheels, older, copy_function=os.link, symlinks=True)
    (older / "tvgreeting-2.0-py3-none-any.whl").unlink()
    index(older)
    first = resolve_environment(env("tvgreeting"), local)
    index(wheels)
    (event,) = local.catalog.events.list_events(kind=EVENT)
    before = {**event.detail, "needs": ["msgspec"]}
    local.catalog.events.append(EVENT, event.subject, before, actor="ada")
    assert resolve_environment(env("tvgreeting"), local) == first
    assert len(local.catalog.events.list_events(kind=EVENT)) == 3


def test_what_cannot_be_resolved_is_refused_before_anything_runs(local: Store, module: Module) -> None:
    user = greeting(module, 'tv.env("tvgreeting>=2", "tvstubborn")')
    with pytest.raises(EnvironmentUnavailable, match=r"tvstubborn.*Change the requirements") as refused:
        user.whole.run(store=local)
    assert "The environment of tvgreeting>=2, tvstubborn for Python" in str(refused.value)
    assert local.catalog.runs.list_runs() == []


def test_a_package_that_nobody_knows_is_named(local: Store) -> None:
    with pytest.raises(EnvironmentUnavailable, match="tvunknown"):
        resolve_environment(env("tvunknown"), local)


def test_a_lock_file_is_taken_as_it_is_and_completed(local: Store, module: Module, tmp_path: Path) -> None:
    whole = lock_of(resolve_environment(env("tvgreeting<2"), local), local)
    start = whole.index("tvgreeting==")
    mine = local.settings.root / "mine.lock"
    mine.write_text(f"# mine\n{whole[start:]}".partition("typer==")[0])
    run = greeting(module, 'tv.env(lock="mine.lock")').whole.run(store=local)
    assert load_result(local, run.id)[0] == "1.0"
    assert lock_of(own(local, run), local) == whole


def test_a_lock_file_that_cannot_be_used_is_refused(local: Store) -> None:
    with pytest.raises(Misuse, match=r"nowhere\.lock cannot be read"):
        resolve_environment(env(lock="nowhere.lock"), local)
    (local.settings.root / "bare.lock").write_text("tvgreeting==1.0\n")
    with pytest.raises(Misuse, match=r"bare\.lock: tvgreeting==1\.0 has no hash"):
        resolve_environment(env(lock="bare.lock"), local)


def test_a_lock_file_that_trivium_cannot_run_with_is_refused(local: Store) -> None:
    (local.settings.root / "old.lock").write_text(f"msgspec==0.1 --hash=sha256:{'a' * 64}\n")
    with pytest.raises(EnvironmentUnavailable, match=r"old\.lock cannot be completed by what Trivium needs.*msgspec"):
        resolve_environment(env(lock="old.lock"), local)


def test_files_that_are_not_those_of_the_lock_fail_the_task(local: Store, module: Module) -> None:
    whole = lock_of(resolve_environment(env("tvgreeting"), local), local)
    lines = whole.splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("tvgreeting=="))
    lines[place + 1] = f"    --hash=sha256:{'0' * 64}"
    (local.settings.root / "forged.lock").write_text("\n".join(lines))
    user = greeting(module, 'tv.env(lock="forged.lock")')
    with pytest.raises(TaskFailed, match=r"'greet'.*The locked packages cannot be installed.*tvgreeting"):
        user.whole.run(store=local)


def test_a_name_is_that_of_the_settings(local: Store, module: Module, tmp_path: Path) -> None:
    (tmp_path / "project" / "trivium.toml").write_text('[env.polite]\nrequirements = ["tvgreeting<2"]\n')
    with connect(tmp_path / "project", durability="fast") as again:
        run = greeting(module, '"polite"').whole.run(store=again)
        assert load_result(again, run.id)[0] == "1.0"


def test_without_uv_it_says_how_to_get_it(local: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setitem(sys.modules, "uv", None)
    with pytest.raises(MissingExtra, match=r"trivium\[env\]"):
        find_uv()


def test_a_password_of_an_index_is_neither_told_nor_recorded(
    local: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("UV_CONFIG_FILE")
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://ada:hunter2@127.0.0.1:9/simple")
    with pytest.raises(EnvironmentUnavailable, match=r"127\.0\.0\.1") as refused:
        resolve_environment(env("tvgreeting"), local)
    assert "hunter2" not in str(refused.value)
    assert "Does the package index answer?" in str(refused.value)


def test_a_python_that_is_not_there_fails_the_task(local: Store, module: Module) -> None:
    user = greeting(module, 'tv.env("tvgreeting<2", python="3.99")')
    with pytest.raises(TaskFailed, match=r"Python 3\.99 cannot be set up"):
        user.whole.run(store=local)


def test_a_cache_that_cannot_be_written_fails_the_task(
    local: Store, module: Module, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cache: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("UV_CACHE_DIR", str(cache / "uv"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(TaskFailed, match=r"Environments are kept in .*file/trivium/environments, which cannot be used"):
        greeting(module).whole.run(store=local)


def test_a_run_that_is_cancelled_ends_the_build(local: Store, module: Module, tmp_path: Path) -> None:
    """A uv that never ends stands for a large download."""
    resolve_environment(env("tvgreeting<2", image="slow"), local)
    slow = tmp_path / "bin" / "uv"
    slow.parent.mkdir()
    slow.write_text(f"#!/bin/sh\ntouch {tmp_path / 'begun'}\nexec sleep 600\n")
    slow.chmod(0o755)
    script = tmp_path / "script.py"
    script.write_text(
        HEAD
        + GREET.format(env='tv.env("tvgreeting<2", image="slow")')
        + "if __name__ == '__main__':\n    whole.run()\n"
    )
    environ = {
        **os.environ, "PATH": f"{slow.parent}:{os.environ['PATH']}", "TRIVIUM_ROOT": str(local.settings.root),
        "TRIVIUM_EXECUTOR": "local",
    }  # fmt: skip
    going = subprocess.Popen([sys.executable, script], env=environ, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "begun").exists():
        assert going.poll() is None
    (run,) = local.catalog.runs.list_runs()
    cancel_run(local, run.id)
    assert "was cancelled" in going.communicate(timeout=60)[1]
    assert not list(marked_by_path(str(slow.parent)))


def marked_by_path(folder: str) -> Iterator[int]:
    """Processes that found their programs in this folder first."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"PATH={folder}:".encode() in (process / "environ").read_bytes():
                yield int(process.name)
        except OSError:
            continue


@pytest.mark.parametrize("place", ["environment:begun", "environment:built"])
def test_what_a_killed_build_left_is_never_used(local: Store, place: str) -> None:
    found = resolve_environment(env("tvgreeting<2", image=place.replace(":", "-")), local)
    arguments = [found.digest, found.python, str(local.blobs.local_path(found.lock)), str(local.settings.root)]
    command = [sys.executable, "-m", "trivium.pipelines.environments.build", *arguments]
    killed = subprocess.run(command, env={**os.environ, "TRIVIUM_FAILPOINT": place}, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not is_built(found.digest)
    assert len(list(environments_folder().glob(f".{environment_folder(found.digest).name}.*"))) == 1
    two = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    assert [each.communicate()[1] for each in two] == ["", ""]
    assert is_built(found.digest)
    assert not list(environments_folder().glob(f".{environment_folder(found.digest).name}.*"))
    subprocess.run([python_of(found.digest), "-c", "import tvgreeting"], check=True)
    assert (environment_folder(found.digest) / LOCK).read_text() == lock_of(found, local)


def test_code_that_is_not_the_same_there_is_refused_by_name(local: Store, module: Module) -> None:
    user = module(
        HEAD
        + """
try:
    import tvgreeting as polite
except ImportError:
    polite = None

@tv.task(env=tv.env("tvgreeting<2"))
def greet() -> bool:
    return polite is None

@tv.pipeline
def whole():
    return greet()
"""
    )
    with pytest.raises(TaskFailed, match=r"the code of 'greet' is not the same: polite\..*import such packages inside"):
        user.whole.run(store=local)


def test_a_module_that_only_imports_there_counts_in_the_key(local: Store, module: Module, tmp_path: Path) -> None:
    source = """
from helper_of_greet import say

@tv.task(env=tv.env("tvgreeting<2"))
def greet() -> str:
    from polite_words import word
    return word()

@tv.pipeline
def whole():
    return greet()
"""
    folder = tmp_path / "folder0"
    folder.mkdir()
    words = folder / "polite_words.py"
    words.write_text("import tvgreeting\ndef word():\n    return tvgreeting.WORD\n")
    (folder / "helper_of_greet.py").write_text("def say(): ...\n")
    user = module(HEAD + source, folder="folder0")
    run = user.whole.run(store=local)
    assert load_result(local, run.id) == "hello"
    assert user.whole.run(store=local).cached == 1
    words.write_text("import tvgreeting\ndef word():\n    return tvgreeting.WORD + '!'\n")
    again = user.whole.run(store=local)
    assert again.executed == 1
    assert load_result(local, again.id) == "hello!"


def test_reproducing_takes_the_lock_of_the_run(local: Store, tmp_path: Path, index: Index, wheels: Path) -> None:

    older = tmp_path / "older"
    shutil.copytree(wheels, older, copy_function=os.link, symlinks=True)
    (older / "tvgreeting-2.0-py3-none-any.whl").unlink()
    index(older)
    path = local.settings.root / "flow_of_greeting.py"
    path.write_text(HEAD + GREET.format(env='tv.env("tvgreeting")').replace(", sys.prefix", ""))
    run = import_file(path, path.parent).whole.run(store=local)
    index(wheels)
    resolve_environment(env("tvgreeting"), local, upgrade=True)
    found = reproduce_run(local, run.id)
    assert found.same
    assert own(local, local.catalog.runs.get_run(found.again)) == own(local, run)


def test_a_run_is_reproduced_in_its_recorded_packages(local: Store, wheels: Path) -> None:

    path = local.settings.root / "flow_of_words.py"
    path.write_text(HEAD + "@tv.pipeline\ndef whole(n: int = 2):\n    return first(n)\n")
    user = import_file(path, path.parent)
    run = user.whole.run(store=local)
    needs = own_packages(local)
    recorded = make_environment(
        ".".join(map(str, sys.version_info[:3])), {**needs, "tvgreeting": "1.0", "tvlost": "3.0", "trivium": "0.1.0"}
    )
    again = local.catalog.runs.start(
        Run(
            id=local.ids(), pipeline="whole", status="running", parameters=run.parameters, inputs=(), code=run.code,
            environment=recorded.digest, actor="ada", started_at=local.clock(),
        ),
        recorded,
    )  # fmt: skip
    for task in local.catalog.runs.list_tasks(run.id):
        local.catalog.runs.record_task(replace(task, run=again.id))
    local.catalog.runs.finish(again.id, status="succeeded", at=local.clock())
    found = reproduce_run(local, again.id, exact_environment=True)
    assert found.same
    assert found.notes == ("tvlost 3.0 cannot be had any more",)
    assert found.packages == {"tvlost": ("3.0", "absent")}


def own_packages(store: Store) -> dict[str, str]:
    """What Trivium needs, by version."""
    packages = dict(resolve_environment(env("tvgreeting<2"), store).packages)
    del packages["tvgreeting"]
    return packages
