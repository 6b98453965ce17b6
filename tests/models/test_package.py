"""A packaged model answers the same wherever it is opened, and refuses what does not fit."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from trivium.errors import CorruptObject, Misuse, NotFound, SchemaMismatch, UnsupportedValue
from trivium.models.package import Model, open_model, read_manifest
from trivium.store.blobs import Blobs


def shout(frame: pl.DataFrame) -> pl.DataFrame:
    """Some code of a user's own."""
    return frame


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "blobs", sync=False)


def test_an_opened_model_answers_exactly_as_the_one_that_was_stored(
    model: Model, exam: pl.DataFrame, blobs: Blobs
) -> None:
    artifact = model.save(blobs).digest
    opened = open_model(blobs, artifact)
    assert np.array_equal(opened.predict(exam), model.predict(exam))
    assert opened.artifact == artifact
    assert opened.signature == model.signature
    assert opened.example_difference() == 0


def test_training_the_same_twice_gives_the_same_artifact(
    trained: Callable[..., Model], past: pl.DataFrame, blobs: Blobs
) -> None:
    first, second, other = trained(past), trained(past), trained(past, iterations=21)
    assert first.save(blobs).digest == second.save(blobs).digest
    assert first.save(blobs).digest != other.save(blobs).digest


def test_a_model_loads_in_a_process_that_has_no_training_code(
    model: Model, exam: pl.DataFrame, blobs: Blobs, tmp_path: Path
) -> None:
    exam.write_parquet(tmp_path / "exam.parquet")
    script = (
        "import sys, polars as pl; from pathlib import Path; from trivium.store.blobs import Blobs; "
        "from trivium.models.package import open_model; "
        "print(open_model(Blobs(Path(sys.argv[1])), sys.argv[2]).predict(pl.read_parquet(sys.argv[3])).sum())"
    )
    arguments = [str(blobs.root), model.save(blobs).digest, str(tmp_path / "exam.parquet")]
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True)
    assert float(done.stdout) == float(model.predict(exam).sum())


def test_changed_or_missing_weights_are_not_loaded(model: Model, blobs: Blobs) -> None:
    artifact = model.save(blobs).digest
    weights = blobs.path(read_manifest(blobs, artifact).files[0].digest)
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(CorruptObject):
        open_model(blobs, artifact)
    weights.unlink()
    with pytest.raises(NotFound):
        open_model(blobs, artifact)


def test_a_blob_that_is_no_manifest_is_named_as_such(blobs: Blobs) -> None:
    with pytest.raises(CorruptObject, match="not the manifest"):
        open_model(blobs, blobs.put(b"not a manifest"))


def test_a_missing_column_is_named_with_its_type(model: Model, exam: pl.DataFrame) -> None:
    with pytest.raises(SchemaMismatch, match=r"needs column 'weight' \(float64\)"):
        model.predict(exam.drop("weight"))


def test_a_value_that_cannot_be_converted_is_shown(model: Model, exam: pl.DataFrame) -> None:
    rows = exam.head(3).with_columns(weight=pl.Series(["1.5", "heavy", None]))
    with pytest.raises(SchemaMismatch, match=r"'weight' of the model is float64.*'heavy'"):
        model.predict(rows)
    with pytest.raises(SchemaMismatch, match=r"'stops'.*2\.5"):
        model.predict(exam.head(1).with_columns(stops=pl.lit(2.5)))
    with pytest.raises(SchemaMismatch, match=r"'sent_at'.*'yesterday'"):
        model.predict(exam.head(1).with_columns(sent_at=pl.lit("yesterday")))


def test_rows_as_they_come_from_json_get_the_same_answers(model: Model, exam: pl.DataFrame) -> None:
    rows = exam.head(40)
    texts = rows.with_columns(
        pl.col("sent_at").dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
        pl.col("weight").cast(pl.String),
        pl.col("stops").cast(pl.Float64),
    )
    assert np.array_equal(model.predict(texts), model.predict(rows))
    assert np.array_equal(model.predict(rows.to_dicts()), model.predict(rows))
    assert np.array_equal(model.predict(rows.to_pandas()), model.predict(rows))


def test_missing_values_and_unknown_categories_are_answered(model: Model, exam: pl.DataFrame) -> None:
    rows = exam.head(2).with_columns(depot=pl.lit("moon"), weight=pl.lit(None))
    assert np.isfinite(model.predict(rows)).all()
    assert model.predict(exam.head(0)).shape == (0,)


def test_the_signature_remembers_ranges_categories_and_missing_values(model: Model, past: pl.DataFrame) -> None:
    fields = {field.name: field for field in model.manifest.fields}
    assert fields["depot"].categories == ("north", "south", "west")
    assert fields["weight"].nulls == pytest.approx(0.05)
    assert fields["stops"].low == 1.0
    assert fields["sent_at"].type == "timestamp[us, UTC]"
    assert fields["weight"].high == past["weight"].max()


def test_the_chosen_class_is_the_one_whose_probability_is_given(past: pl.DataFrame) -> None:
    labels = past["late"].replace_strict({True: "late", False: "on time"})
    inputs = past.select("stops")
    estimator = LogisticRegression().fit(inputs, labels)
    late, on_time = Model(estimator, inputs, positive="late"), Model(estimator, inputs)
    assert late.predict(inputs) + on_time.predict(inputs) == pytest.approx(1)
    with pytest.raises(Misuse, match="'never' is not a class"):
        Model(estimator, inputs, positive="never")


def test_a_regressor_answers_with_values(past: pl.DataFrame, blobs: Blobs) -> None:
    inputs = past.select("stops")
    model = Model(LinearRegression().fit(inputs.to_numpy(), 3.0 * past["stops"] + 1), inputs)
    opened = open_model(blobs, model.save(blobs).digest)
    assert opened.target == "regression"
    assert opened.predict({"stops": [2]}) == pytest.approx([7.0])


def test_three_classes_are_refused(past: pl.DataFrame) -> None:
    with pytest.raises(UnsupportedValue, match="3 classes"):
        Model(LogisticRegression().fit(past.select("stops"), past["depot"]), past.select("stops"))


def test_an_estimator_that_does_not_fit_its_inputs_is_refused_at_once(past: pl.DataFrame) -> None:
    estimator = LogisticRegression().fit(past.select("stops"), past["late"])
    with pytest.raises(Misuse, match="cannot answer its own inputs"):
        Model(estimator, past.select("weight"))


def test_foreign_code_is_not_stored_silently(past: pl.DataFrame, blobs: Blobs) -> None:
    inputs = past.select("stops")
    estimator = make_pipeline(FunctionTransformer(shout), LogisticRegression()).fit(inputs, past["late"])
    with pytest.raises(UnsupportedValue, match=r"test_package\.shout"):
        Model(estimator, inputs).save(blobs)


def test_a_pickle_needs_the_explicit_switch_twice_and_is_on_record(
    trained: Callable[..., Model], past: pl.DataFrame, exam: pl.DataFrame, blobs: Blobs
) -> None:
    model = trained(past, unsafe=True)
    ref = model.save(blobs)
    assert read_manifest(blobs, ref.digest).unsafe
    with pytest.raises(Misuse, match="unsafe=True"):
        open_model(blobs, ref.digest)
    assert np.array_equal(open_model(blobs, ref.digest, unsafe=True).predict(exam), model.predict(exam))
    assert np.array_equal(Model.load(blobs, ref).predict(exam), model.predict(exam))
