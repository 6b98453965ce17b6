from __future__ import annotations

from pathlib import Path

import pytest

from trivium.errors import Misuse, NotFound
from trivium.pipelines.environments.spec import env, find_spec
from trivium.pipelines.task import task
from trivium.settings import load_settings
from trivium.values.environments import EnvironmentSpec


def test_an_environment_is_a_value_that_says_what_was_asked_for() -> None:
    asked = env("torch>=2", "numpy[dev]; python_version<'3.13'", python="3.12", image="images.example/team/torch:1")
    assert asked == EnvironmentSpec(
        ("torch>=2", "numpy[dev]; python_version<'3.13'"), "3.12", image="images.example/team/torch:1"
    )
    assert hash(asked)


@pytest.mark.parametrize(
    "bad", ["./here", "-r other.txt", "--index-url https://x", "git+https://x/y.git", "a b", "", 3]
)
def test_what_is_no_requirement_by_name_is_refused(bad: str) -> None:
    with pytest.raises(Misuse, match="is no requirement by name"):
        env(bad)


def test_an_address_with_a_password_is_refused_and_not_repeated() -> None:
    with pytest.raises(Misuse) as refused:
        env("torch @ https://ada:hunter2@wheels.example/torch.whl")
    assert "hunter2" not in str(refused.value)


def test_an_environment_that_asks_for_nothing_is_refused() -> None:
    with pytest.raises(Misuse, match="asks for nothing"):
        env()


def test_requirements_and_a_lock_together_are_refused() -> None:
    with pytest.raises(Misuse, match="give one of them"):
        env("torch", lock="torch.lock")


@pytest.mark.parametrize(
    ("python", "why"), [("three", "no version of Python"), ("3.9", "3.11 or later"), ("2.7.1", "3.11")]
)
def test_a_python_that_cannot_be_is_refused(python: str, why: str) -> None:
    with pytest.raises(Misuse, match=why):
        env("torch", python=python)


def test_a_task_takes_an_environment_or_the_name_of_one_and_nothing_else() -> None:
    @task(env="torch")
    def train() -> int:
        return 1

    assert train.using(env=env("torch")).options.env == env("torch")
    with pytest.raises(Misuse, match="is no environment"):
        train.using(env=["torch"])
    with pytest.raises(Misuse, match="asks for nothing"):
        train.using(env=EnvironmentSpec())


def test_a_name_is_looked_up_in_the_settings(tmp_path: Path) -> None:
    (tmp_path / "trivium.toml").write_text('[env.torch]\nrequirements = ["torch>=2"]\npython = "3.12"\n')
    settings = load_settings(tmp_path, environ={})
    assert find_spec("torch", settings) == env("torch>=2", python="3.12")
    with pytest.raises(NotFound, match=r"no environment 'jax'; the project's settings have: torch"):
        find_spec("jax", settings)


def test_a_wrong_word_in_the_settings_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.trivium.env.torch]\npackages = ["torch>=2"]\n')
    with pytest.raises(Misuse, match="packages"):
        load_settings(tmp_path, environ={})
