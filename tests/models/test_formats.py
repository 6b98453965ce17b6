"""Weights are loaded without running foreign code, whatever the file says."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import skops.io
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import KBinsDiscretizer, SplineTransformer

from trivium.errors import Misuse, UnsupportedValue
from trivium.models.format_skops import FILE, SCHEMA, dump, load, normalise
from trivium.models.formats import find_format

X = np.random.default_rng(1).normal(size=(80, 3))
Y = (X[:, 0] > 0).astype(int)


class Bomb:
    """Runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, ("touch /tmp/trivium-was-here",)


def tampered(data: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    """The file with a changed schema."""
    before = zipfile.ZipFile(io.BytesIO(data))
    schema = json.loads(before.read(SCHEMA))
    change(schema)
    after = io.BytesIO()
    with zipfile.ZipFile(after, "w") as archive:
        for name in before.namelist():
            archive.writestr(name, json.dumps(schema).encode() if name == SCHEMA else before.read(name))
    return after.getvalue()


@pytest.mark.parametrize(
    "estimator",
    [
        RandomForestClassifier(5, random_state=1),
        GradientBoostingRegressor(n_estimators=5, random_state=1),
        LogisticRegression(),
        Ridge(),
        KNeighborsClassifier(),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_usual_estimators_come_back_with_the_same_answers(estimator: Any) -> None:
    fitted = estimator.fit(X, Y)
    assert np.array_equal(load(dump(fitted)).predict(X), fitted.predict(X))


@pytest.mark.parametrize(
    "transformer",
    [SplineTransformer(), KBinsDiscretizer(encode="ordinal", quantile_method="averaged_inverted_cdf")],
    ids=lambda transformer: type(transformer).__name__,
)
def test_usual_transformers_come_back_with_the_same_answers(transformer: Any) -> None:
    fitted = transformer.fit(X)
    assert np.array_equal(load(dump(fitted)).transform(X), fitted.transform(X))


def test_the_same_weights_are_the_same_bytes_and_a_reloaded_model_too() -> None:
    first, second = (RandomForestClassifier(5, random_state=1).fit(X, Y) for _ in range(2))
    assert dump(first) == dump(second)
    assert skops.io.dumps(first) != skops.io.dumps(second)  # what normalising is for
    assert normalise(dump(first)[FILE]) == dump(first)[FILE]


def test_a_file_that_names_a_foreign_function_is_refused_before_it_is_built() -> None:
    def to_command(schema: dict[str, Any]) -> None:
        schema.update({"__class__": "system", "__module__": "os", "__loader__": "FunctionNode"})

    data = tampered(dump(LogisticRegression().fit(X, Y))[FILE], to_command)
    with pytest.raises(UnsupportedValue, match=r"(os|posix)\.system"):
        load({FILE: data})


def test_an_object_that_would_run_code_is_not_packaged() -> None:
    fitted = LogisticRegression().fit(X, Y)
    fitted.note = Bomb()
    with pytest.raises(UnsupportedValue, match=r"Bomb"):
        dump(fitted)


def test_an_unknown_format_is_named_with_those_there_are() -> None:
    with pytest.raises(Misuse, match="pickle, skops"):
        find_format("joblib")
