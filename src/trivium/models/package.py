"""A model as one object that can be stored, opened elsewhere and asked: weights, preprocessing, signature, examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import msgspec
import numpy as np
import polars as pl

from trivium.digest import canonical_json
from trivium.errors import CorruptObject, Misuse, SchemaMismatch, UnsupportedValue
from trivium.frames import to_frame
from trivium.models.formats import UNSAFE, find_format
from trivium.models.manifest import Derived, Manifest, TargetKind, WeightFile, mattering_packages, python_version
from trivium.models.prepare import compile_stages, derive
from trivium.models.signature import conform, dtypes_of, learn_fields
from trivium.store.acting import note_read
from trivium.store.blobs import Blobs
from trivium.values.runs import ArtifactRef
from trivium.values.tables import Column

EXAMPLES = 5
TYPE = "trivium.models.package:Model"


class Model:
    """A fitted estimator with its preprocessing and signature.

    estimator: fitted on `prepare(inputs, ...)`; a binary classifier or a regressor. inputs: the raw training rows that
    preprocessing starts from; the signature is learnt from them. prepare: {new column: SQL expression}.
    positive: the class whose probability is asked for (default: the second of the estimator's classes).
    unsafe: keep the weights as a pickle, for estimators that skops cannot store.

    Raises Misuse when the estimator cannot answer its own inputs.
    """

    def __init__(
        self,
        estimator: Any,
        inputs: Any,
        *,
        prepare: Mapping[str, str] | None = None,
        positive: bool | int | float | str | None = None,
        unsafe: bool = False,
    ) -> None:
        rows = to_frame(inputs)
        if not rows.height:
            raise Misuse("A model's signature is learnt from its inputs, and these are no rows.")
        target = target_kind(estimator)
        self._open(estimator, Manifest(
            target=target,
            estimator=estimator_name(estimator),
            fields=learn_fields(rows),
            derived=tuple(Derived(name, text) for name, text in (prepare or {}).items()),
            positive=positive_class(estimator, positive) if target == "binary" else None,
            format="pickle" if unsafe else "skops",
            unsafe=unsafe,
            python=python_version(),
            packages=mattering_packages(),
            examples=(),
            expected=(),
        ), artifact=None)  # fmt: skip
        self._add_examples(rows)

    def _open(self, estimator: Any, manifest: Manifest, artifact: str | None) -> None:
        """The model has these parts; every way to make one ends here."""
        self.estimator = estimator
        self.manifest = manifest
        self._artifact = artifact
        self._dtypes = dtypes_of(manifest.fields)
        self._stages = compile_stages([(each.name, each.expression) for each in manifest.derived])
        names = getattr(estimator, "feature_names_in_", None)
        self._names = None if names is None else [str(name) for name in names]
        self._position = class_position(estimator, manifest.positive) if manifest.target == "binary" else 0

    def _add_examples(self, rows: pl.DataFrame) -> None:
        places = np.unique(np.linspace(0, rows.height - 1, EXAMPLES).astype(int))
        chosen = conform(rows[places.tolist()], self.manifest.fields, self._dtypes)
        try:
            expected = tuple(self.predict(chosen).tolist())
        except SchemaMismatch as error:
            raise Misuse(
                f"The estimator cannot answer its own inputs: {error} Fit it on tv.prepare(inputs, expressions) and "
                "give Model the same inputs and expressions."
            ) from error
        self.manifest = msgspec.structs.replace(self.manifest, examples=tuple(chosen.to_dicts()), expected=expected)

    @property
    def signature(self) -> tuple[Column, ...]:
        """The raw input columns with their types."""
        return tuple(Column(field.name, field.type) for field in self.manifest.fields)

    @property
    def target(self) -> TargetKind:
        """What is predicted: "binary" (a probability) or "regression" (a value)."""
        return self.manifest.target

    @property
    def artifact(self) -> str:
        """Digest of the manifest, which names everything else by digest. Raises Misuse before the model is stored."""
        if self._artifact is None:
            raise Misuse("This model was not stored yet; `model.save(store.blobs)` gives it its digest.")
        return self._artifact

    def predict(self, rows: Any) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """The answers: (n,) floats; the probability of the positive class, or the value.

        rows: a frame of any kind with the signature's columns (others are ignored); missing values are nulls, and
        categories that training never saw are passed on to the estimator.

        Raises SchemaMismatch naming the column and value that do not fit.
        """
        ready = self.derive(rows)
        if not ready.height:
            return np.empty(0)
        try:
            return self._answer(ready.to_numpy() if self._names is None else ready.select(self._names))
        except (ValueError, TypeError, pl.exceptions.PolarsError) as error:
            raise SchemaMismatch(self._refusal(ready, error)) from error

    def derive(self, rows: Any) -> pl.DataFrame:
        """What the estimator is asked: the signature's columns and those derived from them. Raises SchemaMismatch."""
        return derive(conform(to_frame(rows), self.manifest.fields, self._dtypes), self._stages)

    def _answer(self, ready: Any) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        if self.manifest.target == "binary":
            answers = self.estimator.predict_proba(ready)[:, self._position]
        else:
            answers = self.estimator.predict(ready)
        return np.asarray(answers, dtype=np.float64).reshape(-1)

    def _refusal(self, raw: pl.DataFrame, error: Exception) -> str:
        unseen = [field.name for field in self.manifest.fields if not field.nulls and raw[field.name].null_count()]
        hint = f" Columns with missing values that training never had: {', '.join(unseen)}." if unseen else ""
        return f"The estimator {self.manifest.estimator} refused the rows: {str(error).splitlines()[0]}.{hint}"

    def example_difference(self) -> float:
        """Largest difference between the answers to the example rows now and when the model was made."""
        answers = self.predict(list(self.manifest.examples))
        return float(np.max(np.abs(answers - np.array(self.manifest.expected)), initial=0.0))

    def save(self, blobs: Blobs) -> ArtifactRef:
        """The model is stored; the same content has the same digest, whenever and wherever it was trained.

        Raises UnsupportedValue naming the type that cannot be stored safely.
        """
        if self._artifact is None or not blobs.has(self._artifact):
            files = find_format(self.manifest.format).dump(self.estimator)
            stored = tuple(WeightFile(name, blobs.put(data), len(data)) for name, data in sorted(files.items()))
            self.manifest = msgspec.structs.replace(self.manifest, files=stored)
            self._artifact = blobs.put(canonical_json(self.manifest))
        size = sum(file.bytes for file in self.manifest.files)
        facts = {"type": TYPE, "format": self.manifest.format, "unsafe": self.manifest.unsafe}
        return ArtifactRef("model", self._artifact, size, facts)

    @classmethod
    def load(cls, blobs: Blobs, ref: ArtifactRef) -> Self:
        """The stored model. A pickle is loaded only when the run that made it recorded that it is one."""
        model = cls.__new__(cls)
        estimator, manifest = read_parts(blobs, ref.digest, unsafe=ref.facts.get("unsafe") is True)
        model._open(estimator, manifest, ref.digest)
        return model

    def __repr__(self) -> str:
        return f"Model({self.manifest.estimator}, {len(self.manifest.fields)} inputs)"


def open_model(blobs: Blobs, artifact: str, *, unsafe: bool = False) -> Model:
    """The model with this artifact digest, every byte verified; the code that trained it is not needed.

    A task that opens one is on record as its reader.

    Raises NotFound or CorruptObject for bytes that are gone or changed, Misuse for a pickle without `unsafe=True`.
    """
    note_read("blob", artifact)
    return Model.load(blobs, ArtifactRef("model", artifact, facts={"unsafe": unsafe}))


def read_manifest(blobs: Blobs, artifact: str) -> Manifest:
    """The manifest with this digest. Raises NotFound, or CorruptObject when the blob is no manifest."""
    try:
        return msgspec.json.decode(blobs.get(artifact), type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CorruptObject(f"The object {artifact[:12]} is not the manifest of a model: {error}.") from None


def read_parts(blobs: Blobs, artifact: str, *, unsafe: bool) -> tuple[Any, Manifest]:
    """The estimator and the manifest, verified."""
    manifest = read_manifest(blobs, artifact)
    if manifest.format in UNSAFE and not unsafe:
        raise Misuse(
            f"The model {artifact[:12]} is a {manifest.format}: loading it runs code of whoever made it. If you trust "
            "them, ask for it with unsafe=True."
        )
    files = {file.name: blobs.get(file.digest) for file in manifest.files}
    return find_format(manifest.format).load(files), manifest


def target_kind(estimator: Any) -> TargetKind:
    """What the estimator predicts. Raises UnsupportedValue for more than two classes, or none with probabilities."""
    classes = getattr(estimator, "classes_", None)
    if classes is None:
        return "regression"
    if len(classes) != 2 or not hasattr(estimator, "predict_proba"):
        raise UnsupportedValue(
            f"{type(estimator).__name__} tells {len(classes)} classes apart; a Model is a regressor, or a classifier "
            "with predict_proba over two classes."
        )
    return "binary"


def estimator_name(estimator: Any) -> str:
    """The estimator's class, and those of its steps when it is a pipeline."""
    steps = [type(step).__qualname__ for _, step in getattr(estimator, "steps", ())]
    return f"{type(estimator).__qualname__}({', '.join(steps)})" if steps else type(estimator).__qualname__


def positive_class(estimator: Any, wanted: bool | int | float | str | None) -> bool | int | float | str:
    """The class whose probability is asked for, as plain data."""
    classes = [value.item() if hasattr(value, "item") else value for value in estimator.classes_]
    if wanted is not None and wanted not in classes:
        raise Misuse(f"positive={wanted!r} is not a class of the estimator; it knows {classes}.")
    chosen: bool | int | float | str = classes[1] if wanted is None else classes[classes.index(wanted)]
    return chosen


def class_position(estimator: Any, positive: Any) -> int:
    """The column of predict_proba that belongs to the positive class."""
    return [value.item() if hasattr(value, "item") else value for value in estimator.classes_].index(positive)
