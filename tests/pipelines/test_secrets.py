from __future__ import annotations

import base64
import dataclasses
import os
import pickle
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote

import msgspec
import polars as pl
import pytest

import trivium as tv
from trivium.errors import Misuse, SecretUnavailable, TaskFailed
from trivium.pipelines.reproduce import reproduce_run
from trivium.pipelines.results import load_output, load_result
from trivium.pipelines.resume import resume_run
from trivium.pipelines.secrets import find_secret
from trivium.settings import load_settings
from trivium.store.store import Store, connect

VALUE = "hunter2/+c0rrect"
PASSWORD = tv.secret("DB_PASSWORD")


class Database(msgspec.Struct, frozen=True):
    host: str
    password: tv.Secret


@dataclasses.dataclass(frozen=True)
class Service:
    token: tv.Secret
    retries: int = 2


@tv.task
def length(password: str) -> int:
    return len(password)


@tv.task
def first_letter(password: tv.Secret) -> str:
    return password.reveal()[0]


@tv.task
def of_records(database: Database, service: Service) -> list[int]:
    return [len(database.password.reveal()), len(service.token.reveal())]


@tv.task(secrets=("DB_PASSWORD",))
def from_surroundings() -> list[int]:
    context = tv.current_task()
    assert context is not None
    return [len(os.environ["DB_PASSWORD"]), len(context.secret("DB_PASSWORD"))]


@tv.task(secrets=("DB_PASSWORD",))
def talkative(fail: bool) -> str:
    password = os.environ["DB_PASSWORD"]
    print(f"password={password}, basic {base64.b64encode(b'ada:' + password.encode()).decode()}")
    print("https://db/?p=" + quote(password, safe=""), file=sys.stderr)
    for piece in password:
        sys.stdout.write(piece)
    tv.tag(used=f"{password}!")
    tv.log_metric(f"of {password}", 1.0)
    if fail:
        raise ConnectionError(f"cannot connect as ada:{password}")
    return "done"


@tv.pipeline
def lengths(password: tv.Secret = PASSWORD) -> int:
    return length(password)


@tv.pipeline
def talk(fail: bool = False) -> str:
    return talkative(fail)


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_PASSWORD", VALUE)


def bytes_of(store: Store) -> bytes:
    """Everything that is kept: the catalog with its log, row by row, and each file."""
    state = store.settings.state
    files = b"\n".join(path.read_bytes() for path in sorted(state.rglob("*")) if path.is_file())
    with sqlite3.connect(state / "catalog.db") as catalog:
        rows = "\n".join(catalog.iterdump())
    catalog.close()
    return files + rows.encode()


def assert_nowhere(store: Store, value: str = VALUE) -> None:
    kept = bytes_of(store)
    assert b"DB_PASSWORD" in kept
    encoded = base64.b64encode(b"ada:" + value.encode())
    for spelled in (value.encode(), encoded[4:-4], quote(value, safe="").encode(), value.encode().hex().encode()):
        assert spelled not in kept


def test_a_secret_is_a_text_in_the_task_and_a_name_everywhere_else(store: Store) -> None:
    run = lengths.run()
    assert load_result(store, run.id) == len(VALUE)
    assert run.parameters == {"password": "secret:DB_PASSWORD"}
    (task,) = store.catalog.runs.list_tasks(run.id)
    assert task.secrets == ("DB_PASSWORD",)
    assert_nowhere(store)


def test_a_task_after_one_with_a_secret_was_not_given_it(store: Store) -> None:
    @tv.task(cache=False)
    def before(password: str) -> int:
        return len(password)

    @tv.task(cache=False)
    def after(n: int) -> int:
        return n

    @tv.pipeline
    def both() -> int:
        return after(before(tv.secret("DB_PASSWORD")))

    run = both.run(store=store)
    found = {each.node: each.secrets for each in store.catalog.runs.list_tasks(run.id)}
    assert found == {"before": ("DB_PASSWORD",), "after": ()}


def test_a_task_that_wants_the_reference_gets_it_and_reveals_it(store: Store) -> None:
    @tv.pipeline
    def letters() -> tuple[str, list[int]]:
        secret = tv.secret("DB_PASSWORD")
        letter = first_letter(secret)
        return letter, of_records(Database("db", secret), Service(secret))

    run = letters.run()
    assert load_output(store, run.id, "first_letter") == "h"
    assert load_output(store, run.id, "of_records") == [len(VALUE), len(VALUE)]
    assert [task.secrets for task in store.catalog.runs.list_tasks(run.id)] == [("DB_PASSWORD",)] * 2
    assert_nowhere(store)


def test_a_declared_secret_is_a_variable_and_in_the_context(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DB_PASSWORD")
    write_secrets(store.settings.root / "secrets.toml", f'DB_PASSWORD = "{VALUE}"')
    (store.settings.root / "trivium.toml").write_text('secrets = "secrets.toml"\n')

    @tv.pipeline
    def surroundings() -> list[int]:
        return from_surroundings()

    with connect(store.settings.root, durability="fast") as opened:
        assert load_result(opened, surroundings.run().id) == [len(VALUE), len(VALUE)]
        assert "DB_PASSWORD" not in os.environ
        assert_nowhere(opened)


@pytest.mark.parametrize("fail", [False, True])
def test_nothing_that_is_kept_of_a_talkative_task_has_the_value(
    store: Store, fail: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    if fail:
        with pytest.raises(TaskFailed, match=r"cannot connect as ada:\[secret DB_PASSWORD\]") as failed:
            talk.run(fail=True)
        assert VALUE not in str(failed.value)
    else:
        assert talk.run().status == "succeeded"
    (run,) = store.catalog.runs.list_runs()
    (task,) = store.catalog.runs.list_tasks(run.id)
    assert task.log.count("[secret DB_PASSWORD]") >= 4
    assert task.log.startswith("password=[secret DB_PASSWORD], basic ")
    assert run.tags["used"] == "[secret DB_PASSWORD]!"
    shown = capsys.readouterr()
    assert VALUE not in shown.out + shown.err
    assert "[secret DB_PASSWORD]" in shown.out
    assert_nowhere(store)


@pytest.mark.parametrize(
    "give_back",
    [
        lambda value: value,
        lambda value: {"a": [value.encode()]},
        lambda value: pl.DataFrame({"a": ["x", f"<{value}>"]}),
        lambda value: pl.LazyFrame({"a": [{"b": [value]}]}),
        lambda value: pl.DataFrame({"a": [value.encode()]}),
        lambda value: pl.DataFrame({value: [1]}),
        lambda value: pl.DataFrame({"a": pl.Series([value], dtype=pl.Categorical)}),
        lambda value: {"inner": pl.DataFrame({"a": [value]})},
    ],
)
def test_a_task_cannot_return_its_secret(store: Store, give_back: Callable[[str], Any]) -> None:
    @tv.task
    def leak(password: str) -> Any:
        return give_back(password)

    @tv.pipeline
    def leaking() -> Any:
        return leak(tv.secret("DB_PASSWORD"))

    with pytest.raises(TaskFailed, match=r"holds the value of the secret 'DB_PASSWORD', which is never stored"):
        leaking.run()
    assert_nowhere(store)


def test_a_task_with_a_secret_returns_a_frame_without_it(store: Store) -> None:
    @tv.task(secrets=("DB_PASSWORD",))
    def rows() -> pl.DataFrame:
        return pl.DataFrame({"a": ["x", None], "b": [[1], [2]], "c": [b"x", None], "d": [1.5, None]})

    @tv.pipeline
    def reading() -> pl.DataFrame:
        return rows()

    assert load_result(store, reading.run().id)["d"].sum() == 1.5


def test_another_value_is_the_same_key_and_another_name_is_not(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    lengths.run()
    monkeypatch.setenv("DB_PASSWORD", "rotated-since-then")
    monkeypatch.setenv("OTHER", "another")
    reused = lengths.run()
    assert (reused.executed, reused.cached) == (0, 1)
    assert store.catalog.runs.list_tasks(reused.id)[0].secrets == ()
    other = lengths.run(password=tv.secret("OTHER"))
    assert other.executed == 1
    reason = store.catalog.runs.list_tasks(other.id)[0].reason
    assert reason == "parameter password changed: secret('DB_PASSWORD') -> secret('OTHER')"


def test_a_declared_secret_of_another_name_is_another_key(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    @tv.pipeline
    def surroundings(name: str) -> list[int]:
        return tv.task(lambda: 1, name="declares").using(secrets=(name,))()  # type: ignore[call-overload,no-any-return]

    monkeypatch.setenv("OTHER", "another")
    assert surroundings.run(name="DB_PASSWORD").executed == 1
    assert surroundings.run(name="OTHER").executed == 1
    assert surroundings.run(name="OTHER").executed == 0


def test_a_run_is_resumed_and_reproduced_with_the_reference(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DB_PASSWORD")
    with pytest.raises(TaskFailed, match="There is no secret 'DB_PASSWORD' here: the variable DB_PASSWORD is not set"):
        lengths.run()
    (failed,) = store.catalog.runs.list_runs()
    monkeypatch.setenv("DB_PASSWORD", VALUE)
    run = resume_run(store, failed.id, pipeline=lengths)
    assert (run.status, load_result(store, run.id)) == ("succeeded", len(VALUE))
    assert reproduce_run(store, run.id, pipeline=lengths).same


def test_a_missing_secret_is_not_looked_for_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DB_PASSWORD")

    @tv.pipeline
    def patient() -> int:
        return length.using(retries=5, backoff=60)(tv.secret("DB_PASSWORD"))

    with pytest.raises(TaskFailed, match="There is no secret"):
        patient.run()


def test_a_secret_that_the_task_was_not_given_is_refused(store: Store) -> None:
    @tv.task
    def sneaky() -> int:
        return len(tv.secret("DB_PASSWORD").reveal())

    @tv.pipeline
    def sneaking() -> int:
        return sneaky()

    with pytest.raises(TaskFailed, match="was not given the secret 'DB_PASSWORD'"):
        sneaking.run()


def test_a_pipelines_function_cannot_reveal_a_secret(store: Store) -> None:
    @tv.pipeline
    def early() -> int:
        return length(tv.secret("DB_PASSWORD").reveal())

    with pytest.raises(Misuse, match="revealed where a task runs"):
        early.run()


def test_a_task_called_bare_gets_the_value(store: Store) -> None:
    assert length(tv.secret("DB_PASSWORD")) == len(VALUE)
    assert first_letter(password=tv.secret("DB_PASSWORD")) == "h"


def test_secrets_reach_the_items_of_a_map(store: Store) -> None:
    @tv.task
    def joined(item: int, password: str) -> int:
        return item + len(password)

    @tv.pipeline
    def mapped() -> list[int]:
        return joined.map([1, 2], password=tv.secret("DB_PASSWORD"))

    assert load_result(store, mapped.run().id) == [1 + len(VALUE), 2 + len(VALUE)]
    assert_nowhere(store)


@pytest.mark.parametrize("name", ["", "hunter2!", "a b", "1A", 7])
def test_what_is_no_name_is_refused_and_not_repeated(name: Any) -> None:
    with pytest.raises(Misuse, match="by its name, not by its value") as refused:
        tv.secret(name)
    assert "hunter2" not in str(refused.value)


def test_one_text_is_not_several_names() -> None:
    with pytest.raises(Misuse, match="with a comma"):
        tv.task(secrets="DB_PASSWORD")  # type: ignore[call-overload]


def test_a_secret_is_no_number() -> None:
    @tv.task
    def double(n: int) -> int:
        return 2 * n

    @tv.pipeline
    def doubling() -> int:
        return double(tv.secret("N"))

    with pytest.raises(Misuse, match="'n' of task 'double' is annotated int, but a secret is given"):
        doubling.graph()


def test_two_references_are_equal_by_name_and_travel() -> None:
    assert pickle.loads(pickle.dumps(tv.secret("A"))) == tv.secret("A") != tv.secret("B")
    assert len({tv.secret("A"), tv.secret("A")}) == 1


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "secrets.toml"
    file.write_text('TOKEN = "from the file"')
    settings = msgspec.structs.replace(load_settings(tmp_path), secrets="secrets.toml")
    for mode in (0o644, 0o640, 0o604, 0o620):
        file.chmod(mode)
        with pytest.raises(SecretUnavailable, match=rf"can be read by others \(mode {mode:04o}\): `chmod 600"):
            find_secret("TOKEN", settings, {})
    file.chmod(0o400)
    assert find_secret("TOKEN", settings, {}) == "from the file"
    assert find_secret("TOKEN", settings, {"TOKEN": "from the variable"}) == "from the variable"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("TOKEN = 7", "is a int, not a text"),
        ("TOKEN: hunter2", "not valid TOML"),
        ('OTHER = "x"', "There is no secret"),
    ],
)
def test_a_file_without_the_secret_says_what_is_wrong_and_not_what_is_in_it(
    tmp_path: Path, content: str, message: str
) -> None:
    write_secrets(tmp_path / "secrets.toml", content)
    settings = msgspec.structs.replace(load_settings(tmp_path), secrets="secrets.toml")
    with pytest.raises(SecretUnavailable, match=message) as refused:
        find_secret("TOKEN", settings, {})
    assert "hunter2" not in str(refused.value)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    settings = msgspec.structs.replace(load_settings(tmp_path), secrets="gone.toml")
    with pytest.raises(SecretUnavailable, match=r"gone\.toml .* is not there"):
        find_secret("TOKEN", settings, {})


def test_an_installed_package_can_offer_secrets(
    module: Callable[..., ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path / "installed"))  # first, so that the path is afterwards as it was
    module('def get(name): return {"TOKEN": "from the vault"}.get(name)', name="my_vault", folder="installed")
    info = tmp_path / "installed" / "my_vault-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-vault\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[trivium.secrets]\nvault = my_vault:get\n")
    settings = load_settings(tmp_path)
    assert find_secret("TOKEN", settings, {}) == "from the vault"
    with pytest.raises(SecretUnavailable, match=r"installed packages offer \(.*vault.*\)"):
        find_secret("ABSENT", settings, {})


def write_secrets(path: Path, content: str) -> None:
    path.write_text(content)
    path.chmod(0o600)
