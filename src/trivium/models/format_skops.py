"""Weights as skops files: plain data and the names of known types, so that loading runs no foreign code."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import skops.io

from trivium.errors import UnsupportedValue

FILE = "weights.skops"
SCHEMA = "schema.json"
EPOCH = (1980, 1, 1, 0, 0, 0)
# What scikit-learn's own estimators hold beyond what skops trusts by itself: data, and functions that only compute.
TRUSTED = frozenset(
    {
        "functools.partial",
        "numpy.dtype",
        "numpy.mean",
        "scipy._lib.array_api_compat.numpy._aliases.asarray",
        "scipy.interpolate._bsplines.BSpline",
        "sklearn._loss.loss.HalfTweedieLossIdentity",
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
        "sklearn.cluster._bisect_k_means._BisectingTree",
        "sklearn.cluster._kmeans._kmeans_single_lloyd",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.feature_selection._univariate_selection.f_classif",
        "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
        "sklearn.gaussian_process.kernels.ConstantKernel",
        "sklearn.gaussian_process.kernels.Product",
        "sklearn.gaussian_process.kernels.RBF",
        "sklearn.metrics._dist_metrics.EuclideanDistance64",
        "sklearn.neighbors._kd_tree.KDTree",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.tree._tree.Tree",
        "sklearn.utils.validation.check_array",
    }
)


def dump(estimator: Any) -> dict[str, bytes]:
    """The estimator's file, the same bytes whenever its content is the same.

    Raises UnsupportedValue naming a type that could not be loaded safely.
    """
    data = normalise(skops.io.dumps(estimator))
    refuse_untrusted(data)
    return {FILE: data}


def load(files: Mapping[str, bytes]) -> Any:
    """The estimator. Raises UnsupportedValue, before any of it is built, when it names a type that is not trusted."""
    data = files[FILE]
    refuse_untrusted(data)
    return skops.io.loads(data, trusted=sorted(TRUSTED))


def refuse_untrusted(data: bytes) -> None:
    """Nothing, when every type is scikit-learn's, NumPy's or SciPy's own. Raises UnsupportedValue otherwise."""
    foreign = [name for name in skops.io.get_untrusted_types(data=data) if name not in TRUSTED]
    if foreign:
        raise UnsupportedValue(
            f"The model contains {foreign[0]}{' and others' if len(foreign) > 1 else ''}, which is not part of "
            "scikit-learn, so it cannot be stored safely. Use `prepare` expressions for own steps, or "
            "Model(..., unsafe=True) to keep it as a pickle, which is recorded and must be approved."
        )


def normalise(data: bytes) -> bytes:
    """The same skops file without what differs from run to run: memory addresses as ids and names, and dates.

    Ids are numbered as they come up. Texts and numbers get an id each, since whether two equal ones are one object
    is chance.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as before:
        schema = json.loads(before.read(SCHEMA))
        names: dict[str, str] = {}
        ids: dict[int, int] = {}
        fresh = 0
        for node in walk(schema):
            if "__id__" in node:
                fresh += 1
                node["__id__"] = fresh if node.get("is_json") else ids.setdefault(node["__id__"], fresh)
            if isinstance(node.get("file"), str):
                suffix = node["file"].rpartition(".")[2]
                node["file"] = names.setdefault(node["file"], f"{len(names)}.{suffix}")
        files = {SCHEMA: json.dumps(schema).encode()}
        files |= {new: before.read(old) for old, new in names.items()}
    return pack(files)


def walk(node: Any) -> Iterator[dict[str, Any]]:
    """Every JSON object inside, outermost first."""
    if isinstance(node, dict):
        yield node
        for value in list(node.values()):
            yield from walk(value)
    elif isinstance(node, list):
        for value in node:
            yield from walk(value)


def pack(files: Mapping[str, bytes]) -> bytes:
    """A ZIP archive whose bytes depend on the files alone."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr = 0o600 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED, 6)
    return buffer.getvalue()
