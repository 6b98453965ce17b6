from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta, Struct

import trivium as tv
from trivium.errors import Misuse, TaskFailed
from trivium.pipelines.pipeline import Pipeline
from trivium.pipelines.reproduce import reproduce_run
from trivium.pipelines.results import load_result
from trivium.pipelines.resume import resume_run
from trivium.store.store import Store

BROKEN: set[str] = set()


class Kind(enum.Enum):
    TREE = "tree"
    LINE = "line"


class Search(Struct, frozen=True, rename="camel"):
    max_trials: int = 10
    grid: tuple[float, ...] = (0.1, 1.0)


@dataclass(frozen=True)
class Model:
    depth: int
    rate: float = 0.1
    search: Search = field(default_factory=Search)

    def __post_init__(self) -> None:
        if self.depth > 20 and self.rate > 1:
            raise ValueError("deep and fast does not learn")


@dataclass(frozen=True)
class Wide(Model):
    width: int = 3


@tv.task
def shown(values: dict[str, Any]) -> str:
    if "task" in globals()["BROKEN"]:
        raise ValueError("broken")
    return repr(values)


@tv.pipeline
def settable(  # noqa: PLR0917 # one for each kind of type
    n: Annotated[int, Meta(ge=1)] = 1,
    name: str = "a",
    loss: Literal["mse", "mae"] = "mse",
    kind: Kind = Kind.TREE,
    since: date = date(2024, 1, 1),
    at: datetime | None = None,
    sizes: list[int] = [1],  # noqa: B006 # a default that is a list is a thing that people write
    weights: dict[str, float] | None = None,
    shares: dict[str, float] = {},  # noqa: B006
    model: Model = Model(3),
    models: list[Search] = [],  # noqa: B006
    folder: Path = Path("x"),
    fast: bool = False,
    maybe: Model | None = None,
    anything: Any = None,
) -> str:
    return shown(dict(locals()))


@tv.pipeline
def wide(model: Model = Wide(1, width=9)) -> str:
    return shown({"model": model})


@tv.pipeline
def with_secret(model: Model, keys: list[tv.Secret], token: tv.Secret | None = None) -> str:
    return shown({"model": model, "keys": len(keys)})


def values(texts: dict[str, str] | None = None, file: Path | None = None, /, **call: Any) -> dict[str, Any]:
    return settable.configured(file, texts=texts or {}).resolve(call).values


@pytest.fixture(autouse=True)
def _fresh() -> None:
    BROKEN.clear()


@pytest.fixture
def toml(tmp_path: Path) -> Callable[[str], Path]:
    def write(content: str) -> Path:
        (tmp_path / "params.toml").write_text(content)
        return tmp_path / "params.toml"

    return write


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("n", "4", 4),
        ("name", "4", "4"),
        ("name", '"x"', '"x"'),
        ("loss", "mae", "mae"),
        ("kind", "line", Kind.LINE),
        ("kind", "LINE", Kind.LINE),
        ("since", "2024-02-29", date(2024, 2, 29)),
        ("at", "2024-02-29T12:00:00", datetime(2024, 2, 29, 12)),  # noqa: DTZ001 # as it is written
        ("at", "null", None),
        ("sizes", "[1, 2]", [1, 2]),
        ("weights", '{"a": 1}', {"a": 1.0}),
        ("folder", "a/b", Path("a/b")),
        ("fast", "true", True),
        ("model", '{"depth": 7}', Model(7)),
        ("models", '[{"maxTrials": 2}]', [Search(2)]),
        ("maybe", '{"depth": 1, "search": {"grid": [1]}}', Model(1, search=Search(grid=(1.0,)))),
        ("anything", '{"a": [1]}', {"a": [1]}),
        ("anything", "free text", "free text"),
    ],
)
def test_a_text_is_read_as_the_type_of_the_parameter(name: str, text: str, value: Any) -> None:
    assert values({name: text})[name] == value


def test_a_part_of_a_record_or_dict_is_given_by_its_path() -> None:
    found = values({"model.rate": "0.5", "model.search.max_trials": "3", "shares.x": "2", "maybe.depth": "4"})
    assert found["model"] == Model(3, 0.5, Search(3))
    assert found["shares"] == {"x": 2.0}
    assert found["maybe"] == Model(4)
    assert settable.resolve({}).values["model"] == Model(3)


def test_a_record_of_a_class_below_the_annotated_one_stays_what_it_is() -> None:
    assert wide.configured(texts={"model.depth": "5"}).resolve({}).values["model"] == Wide(5, width=9)


def test_a_file_gives_parameters_at_its_top_and_in_the_pipelines_own_table(toml: Callable[[str], Path]) -> None:
    file = toml(
        """
        n = 2
        name = "shared"
        [model]
        depth = 4
        [settable]
        name = "own"
        since = 2024-03-01
        kind = "line"
        model.search.max_trials = 8
        [another]
        name = "of another pipeline"
        """
    )
    found = settable.configured(file).resolve({})
    assert found.values["model"] == Model(4, search=Search(8))
    assert (found.values["n"], found.values["name"], found.values["since"]) == (2, "own", date(2024, 3, 1))
    assert found.sources["n"] == f"{file}: n"
    assert found.sources["name"] == f"{file}: settable.name"
    assert found.sources["model.depth"] == f"{file}: model.depth"
    assert found.sources["model.search.max_trials"] == f"{file}: settable.model.search.max_trials"
    assert found.sources["fast"] == "default"


def test_a_json_file_is_read_as_a_toml_file_is(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text('{"settable": {"since": "2024-03-01", "sizes": [4], "weights": null}}')
    found = values({}, tmp_path / "p.json")
    assert (found["since"], found["sizes"], found["weights"]) == (date(2024, 3, 1), [4], None)


def test_a_call_goes_before_flags_before_the_environment_before_the_file(
    toml: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = toml('n = 2\nname = "file"\nloss = "mae"\nfast = true\n[model]\ndepth = 2\nrate = 0.2')
    monkeypatch.setenv("TRIVIUM_PARAM_SETTABLE__NAME", "variable")
    monkeypatch.setenv("TRIVIUM_PARAM_SETTABLE__LOSS", "mse")
    monkeypatch.setenv("TRIVIUM_PARAM_SETTABLE__N", "3")
    monkeypatch.setenv("TRIVIUM_PARAM_SETTABLE__MODEL__SEARCH__MAX_TRIALS", "33")
    monkeypatch.setenv("TRIVIUM_PARAM_OTHER__NAME", "not meant")
    configured = settable.configured(file, texts={"n": "4", "loss": "mae"})
    found = configured.resolve({"n": 5})
    assert found.values["model"] == Model(2, 0.2, Search(33))
    assert {name: found.sources[name] for name in ("n", "loss", "name", "kind", "model.search.max_trials")} == {
        "n": "call",
        "loss": "--set loss",
        "name": "TRIVIUM_PARAM_SETTABLE__NAME",
        "kind": "default",
        "model.search.max_trials": "TRIVIUM_PARAM_SETTABLE__MODEL__SEARCH__MAX_TRIALS",
    }
    assert (found.values["n"], found.values["loss"], found.values["name"]) == (5, "mae", "variable")


def test_a_whole_value_replaces_the_parts_that_were_given_before(toml: Callable[[str], Path]) -> None:
    found = settable.configured(toml("[model]\nrate = 0.7")).resolve({"model": Model(9)})
    assert found.values["model"] == Model(9)
    assert {name: each for name, each in found.sources.items() if name.startswith("model")} == {
        "model": "call",
        "models": "default",
    }


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({"n": "four"}, r"'n' of pipeline 'settable' \(from --set n\) is annotated int, but 'four' is given: Expected"),
        ({"n": "0"}, r"is annotated int, but '0' is given: Expected `int` >= 1"),
        ({"n": "1.5"}, r"annotated int, but '1\.5' is given"),
        ({"nmae": "x"}, r"no parameter 'nmae' \(from --set nmae\); did you mean 'name'\?"),
        ({"zzz": "x"}, r"no parameter 'zzz' .*; it has n, name, "),
        ({"model.dept": "1"}, r"no parameter 'model.dept' \(from --set model.dept\); did you mean 'model.depth'\?"),
        ({"depth": "1"}, r"no parameter 'depth' .*did you mean 'model.depth'\?"),
        ({"model.depth": "deep"}, r"'model.depth' .*annotated int, but 'deep' is given"),
        ({"model": "deep"}, r"'model' .* is annotated Model, but 'deep' is given"),
        ({"model": '{"dept": 1}'}, r"no parameter 'model.dept' \(from --set model\); did you mean 'model.depth'\?"),
        ({"model": '{"depth": "1"}'}, r"'model.depth' .*\(from --set model\) is annotated int, but '1' is given"),
        ({"model.depth": "21", "model.rate": "2"}, r"--set model.rate\): it makes no Model: deep and fast"),
        ({"maybe.rate": "2"}, r"field 'depth' of Model is not given"),
        ({"n.part": "1"}, r"no part 'part' of it can be given"),
        ({"loss": "mso"}, r"'mso' is given: .* Did you mean 'mse'\?"),
        ({"loss": "huber"}, r"It is one of mse, mae\."),
        ({"kind": "TRE"}, r"Did you mean 'TREE'\?"),
        ({"since": "2024-02-30"}, r"annotated date, but '2024-02-30' is given"),
        ({"sizes": "[1, null]"}, r"annotated list\[int\]"),
        ({"models": '[{"maxTrial": 1}]'}, r"Search has no field 'maxTrial'; did you mean 'maxTrials'\?"),
        ({"models": '[{"max_trials": 1}]'}, r"Search has no field 'max_trials'"),
        ({"fast": "perhaps"}, r"annotated bool, but 'perhaps' is given"),
        ({"model.search": "secret:KEY"}, r"annotated .*Search.*, but a secret is given: annotate it tv\.Secret"),
        ({"n": "secret:KEY"}, r"annotated .*int.*, but a secret is given, whose value is a text"),
    ],
)
def test_a_wrong_setting_is_refused_with_its_place_before_anything_runs(
    texts: dict[str, str], message: str, store: Store
) -> None:
    with pytest.raises(Misuse, match=message):
        settable.configured(texts=texts).run()
    assert store.catalog.runs.list_runs() == []


def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIVIUM_PARAM_SETTABLE__N", "four")
    with pytest.raises(Misuse, match=r"\(from TRIVIUM_PARAM_SETTABLE__N\) is annotated int"):
        settable.graph()
    monkeypatch.delenv("TRIVIUM_PARAM_SETTABLE__N")
    monkeypatch.setenv("TRIVIUM_PARAM_SETTABLE__LOS", "mse")
    with pytest.raises(Misuse, match=r"no parameter 'los' \(from TRIVIUM_PARAM_SETTABLE__LOS\); did you mean 'loss'"):
        settable.graph()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('n = "4"', r"params\.toml: n\) is annotated int, but '4' is given"),
        ("[settable]\nnn = 4", r"no parameter 'nn' \(from .*params\.toml: settable\.nn\); did you mean 'n'"),
        ("[settable.model]\ndept = 4", r"params\.toml: settable\.model\.dept\); did you mean 'model\.depth'"),
        ("[setable]\nn = 4", r"no parameter 'setable' \(from .*params\.toml: setable\)"),
        ("[settable]\n[other]\nn = 4\n", None),
        ("other = 4\n[settable]", r"no parameter 'other'"),
        ("settable = 4", r"settable is no table"),
        ("n = ", r"params\.toml is not valid TOML"),
        ("since = 2024-01-01T00:00:00", r"annotated date"),
    ],
)
def test_a_wrong_file_is_refused_with_file_and_key(
    content: str, message: str | None, toml: Callable[[str], Path]
) -> None:
    file = toml(content)
    if message is None:
        settable.configured(file).graph()
        return
    with pytest.raises(Misuse, match=message):
        settable.configured(file).graph()


def test_a_file_that_is_not_there_or_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misuse, match=r"no file .*gone\.toml"):
        settable.configured(tmp_path / "gone.toml")
    for name, content in (("a.yaml", "n: 1"), ("a.json", "[1]"), ("b.json", "{")):
        (tmp_path / name).write_text(content)
        with pytest.raises(Misuse, match=rf"{name} is n"):
            settable.configured(tmp_path / name)


def test_a_run_records_what_was_used_and_where_it_came_from_and_is_resumed_with_it(
    store: Store, toml: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    configured = settable.configured(
        toml("[model]\ndepth = 4\n[maybe]\ndepth=1"), texts={"kind": "LINE", "at": "2024-01-01T00:00:00Z"}
    )
    BROKEN.add("task")
    with pytest.raises(TaskFailed):
        configured.run(folder=Path("a"), models=[Search(2)], weights={"a": 1.0})
    (failed,) = store.catalog.runs.list_runs()
    assert failed.parameters["model"] == {"depth": 4, "rate": 0.1, "search": {"maxTrials": 10, "grid": [0.1, 1.0]}}
    assert (failed.parameters["kind"], failed.parameters["folder"]) == ("line", "a")
    assert failed.sources["kind"] == "--set kind"
    assert failed.sources["folder"] == "call"
    BROKEN.clear()
    monkeypatch.setenv("TRIVIUM_PARAM_SETTABLE__N", "99")
    run = resume_run(store, failed.id, pipeline=settable)
    given = configured.bind(failed.parameters)
    assert given["model"] == Model(4)
    assert load_result(store, run.id) == repr(given)
    assert (given["n"], given["since"], given["folder"], given["models"]) == (
        1,
        date(2024, 1, 1),
        Path("a"),
        [Search(2)],
    )
    assert reproduce_run(store, run.id, pipeline=settable).same


def test_a_run_of_before_has_no_sources_and_its_parameters_are_bound(store: Store) -> None:
    assert settable.bind({"n": 4, "sizes": [1, 2], "loss": "mae"})["sizes"] == [1, 2]


def test_secrets_are_given_by_name_and_a_value_in_their_place_is_not_repeated(
    store: Store, toml: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = toml('token = "secret:TOKEN"\nkeys = ["secret:A", "secret:B"]\nmodel.depth = 1')
    run = with_secret.configured(file).run()
    assert run.parameters["token"] == "secret:TOKEN"
    assert run.parameters["keys"] == ["secret:A", "secret:B"]
    bound = with_secret.bind(run.parameters)
    assert (bound["token"], bound["keys"]) == (tv.secret("TOKEN"), [tv.secret("A"), tv.secret("B")])
    for wrong in ('token = "hunter2"\nkeys = []', 'token = "secret:A"\nkeys = ["hunter2"]', 'keys = "hunter2"'):
        with pytest.raises(Misuse, match="by its name and not its value") as refused:
            with_secret.configured(toml(wrong + "\nmodel.depth = 1")).run()
        assert "hunter2" not in str(refused.value)


def test_a_configured_pipeline_leaves_the_pipeline_as_it_was() -> None:
    other = settable.configured(texts={"n": "4"})
    assert isinstance(other, Pipeline)
    assert (other.resolve({}).values["n"], settable.resolve({}).values["n"]) == (4, 1)
    assert other.configured(texts={"name": "b"}).resolve({}).values["name"] == "b"
