"""Tasks with packages of their own on Ray: built where the task runs, by a process that sees what the task's sees."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from trivium.errors import TaskFailed
from trivium.pipelines.environments.build import environment_folder, environments_folder
from trivium.pipelines.environments.resolve import resolve_environment
from trivium.pipelines.environments.spec import env
from trivium.pipelines.results import load_result
from trivium.store.store import Store, connect

Module = Callable[..., ModuleType]
Index = Callable[[Path], None]
HEAD = """
import os
import sys
import trivium as tv

@tv.task(OPTIONS)
def greet(n: int) -> list[str]:
    import tvgreeting
    print("greeting", n)
    return [tvgreeting.__version__, sys.prefix, os.environ["VIRTUAL_ENV"]]
"""
MANY = """
@tv.pipeline
def whole():
    return greet.map([1, 2, 3])
"""
ONE = """
@tv.pipeline
def whole():
    return greet(1)
"""


@pytest.fixture
def on_ray(own_ray: None, tmp_path: Path, index: Index, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Its environments are its own, so that they have to be built."""
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with connect(tmp_path / "project", actor="ada", durability="fast", executor="ray") as opened:
        yield opened


def test_the_environment_is_built_once_where_the_tasks_run(on_ray: Store, module: Module) -> None:
    user = module(HEAD.replace("OPTIONS", 'env=tv.env("tvgreeting<2"), cpus=0.5') + MANY)
    run = user.whole.run(store=on_ray)
    folder = environment_folder(resolve_environment(env("tvgreeting<2"), on_ray).digest)
    assert load_result(on_ray, run.id) == [["1.0", str(folder), str(folder)]] * 3
    assert [each.name for each in environments_folder().iterdir() if each.is_dir()] == [folder.name]
    (task,) = [each for each in on_ray.catalog.runs.list_tasks(run.id) if each.node.endswith("[1]")]
    assert task.log == "greeting 2\n"
    assert user.whole.run(store=on_ray, on="local").executed == 0


def test_an_image_means_nothing_on_this_machine(on_ray: Store, module: Module) -> None:
    user = module(HEAD.replace("OPTIONS", 'env=tv.env("tvgreeting<2", image="example.org/none:1")') + ONE)
    assert load_result(on_ray, user.whole.run(store=on_ray).id)[0] == "1.0"


def test_the_workers_of_a_task_have_its_environment(on_ray: Store, module: Module) -> None:
    user = module(HEAD.replace("OPTIONS", 'env=tv.env("tvgreeting"), workers=2, cpus=0.5') + ONE)
    run = user.whole.run(store=on_ray)
    assert load_result(on_ray, run.id)[0] == "2.0"
    (task,) = on_ray.catalog.runs.list_tasks(run.id)
    assert sorted(task.log.splitlines()) == ["[0] greeting 1", "[1] greeting 1"]


def test_a_machine_without_uv_says_so(
    on_ray: Store, module: Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment was locked by another process; this one sees a PATH without uv, and a package uv without one."""
    resolve_environment(env("tvgreeting<2"), on_ray)
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / "uv.py").write_text("raise ImportError('there is none')\n")
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent / "none"))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "hidden"))
    user = module(HEAD.replace("OPTIONS", 'env=tv.env("tvgreeting<2")') + ONE)
    with pytest.raises(TaskFailed, match=r"built with uv, which is not here: .*install the program"):
        user.whole.run(store=on_ray)


def test_what_cannot_be_installed_fails_the_task_with_the_reason(
    on_ray: Store, module: Module, tmp_path: Path, index: Index
) -> None:
    user = module(HEAD.replace("OPTIONS", 'env=tv.env("tvgreeting<2")') + ONE)
    resolve_environment(env("tvgreeting<2"), on_ray)
    (tmp_path / "empty").mkdir()
    index(tmp_path / "empty")
    with pytest.raises(TaskFailed, match=r"The locked packages cannot be installed: \w+"):
        user.whole.run(store=on_ray)
    assert not any(each.is_dir() for each in environments_folder().iterdir())


def test_a_changed_file_is_read_again_by_a_process_that_had_read_it(on_ray: Store, module: Module) -> None:
    source = HEAD.replace("OPTIONS", 'env=tv.env("tvgreeting<2")') + ONE
    name, folder = "greeting_that_changes", "changes"
    assert load_result(on_ray, module(source, name, folder).whole.run(store=on_ray).id)[0] == "1.0"
    sys.modules.pop(name, None)
    changed = source.replace("tvgreeting.__version__, ", "tvgreeting.WORD, ")
    assert load_result(on_ray, module(changed, name, folder).whole.run(store=on_ray).id)[0] == "hello"
