from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import pathlib
import threading
import uuid
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Self
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from msgspec import Struct
from polars.testing import assert_frame_equal
from sklearn.linear_model import LinearRegression

from trivium.digest import digest_file
from trivium.errors import CorruptObject, UnsupportedValue
from trivium.frames import to_frame
from trivium.pipelines.artifacts import ROWS_IN_GROUP, decode, encode, forget_damaged, is_intact
from trivium.store.blobs import Blobs
from trivium.values.runs import ArtifactRef


class Point(Struct, frozen=True):
    x: int
    near: tuple[Any, ...] = ()


@dataclasses.dataclass
class Options:
    depth: int
    words: set[str]


class Color(enum.Enum):
    RED = 1


class Weights:
    """An object that stores itself."""

    def __init__(self, values: list[float]) -> None:
        self.values = values

    def save(self, blobs: Blobs) -> ArtifactRef:
        data = repr(self.values).encode()
        return ArtifactRef("weights", blobs.put(data), len(data), {"type": f"{__name__}:Weights"})

    @classmethod
    def load(cls, blobs: Blobs, ref: ArtifactRef) -> Self:
        return cls([float(each) for each in blobs.get(ref.digest).decode().strip("[]").split(",")])


@pytest.fixture
def blobs(tmp_path: pathlib.Path) -> Blobs:
    return Blobs(tmp_path, sync=False)


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys  # noqa: PLC0415 # this module under the name that it gives itself, as a user's module has

    monkeypatch.setitem(sys.modules, __name__, sys.modules.get(__name__) or _this())


def _this() -> Any:
    import types  # noqa: PLC0415 # see above

    module = types.ModuleType(__name__)
    module.__dict__.update(globals())
    return module


MOMENT = datetime.datetime(2013, 9, 1, 12, 30, 5, 7)  # noqa: DTZ001 # one without a zone, too


@pytest.mark.parametrize(
    "value",
    [
        None, True, 0, -1, 2**80, 1.5, float("inf"), "text", b"\x00\xff", [1, [2.0, "x"]], (1, (2,)), {"a": {"$": 1}},
        {1: "a", (2, 3): "b"}, {1, 2}, frozenset({"a"}), MOMENT, MOMENT.replace(tzinfo=datetime.UTC),
        MOMENT.replace(tzinfo=ZoneInfo("America/New_York")), MOMENT.date(), MOMENT.time(),
        datetime.timedelta(days=-3, microseconds=1), decimal.Decimal("1.10"), uuid.UUID(int=5),
        Color.RED, Point(1, (Point(2),)), Options(3, {"a", "b"}), np.float32(1.5), np.int64(3),
    ],
    ids=lambda value: type(value).__name__,  # the same in every process, as xdist needs it
)  # fmt: skip
def test_a_value_comes_back_as_it_was(value: Any, blobs: Blobs) -> None:
    back = decode(encode(value, blobs), blobs)
    assert back == value
    assert type(back) is type(value)


def test_a_path_by_name_stays_one_also_where_there_is_nothing(blobs: Blobs) -> None:
    assert decode(encode({"at": pathlib.Path("a/b")}, blobs, by_name=True), blobs) == {"at": pathlib.Path("a/b")}


def test_a_path_by_name_is_not_what_keeps_a_value_from_being_stored(blobs: Blobs) -> None:
    with pytest.raises(UnsupportedValue, match=r"holds a object at \['other'\]"):
        encode({"at": pathlib.Path("a/b"), "other": object()}, blobs, by_name=True)


def test_not_a_number_stays_one(blobs: Blobs) -> None:
    assert np.isnan(decode(encode({"auc": float("nan")}, blobs), blobs)["auc"])


def test_an_array_keeps_type_shape_and_values(blobs: Blobs) -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    back = decode(encode(array, blobs), blobs)
    np.testing.assert_array_equal(back, array)
    assert back.dtype == array.dtype
    back[0, 0] = 9  # writable


ROWS = pl.DataFrame({"n": [1, 2], "t": [MOMENT, None], "s": ["a", "b"]}, schema_overrides={"n": pl.Int8})


@pytest.mark.parametrize(
    ("wanted", "kind"),
    [
        (pl.DataFrame, pl.DataFrame),
        (pl.LazyFrame, pl.LazyFrame),
        ("pl.LazyFrame", pl.LazyFrame),
        (pl.LazyFrame | None, pl.LazyFrame),
        (pd.DataFrame, pd.DataFrame),
        (pa.Table, pa.Table),
        (Any, pl.DataFrame),
    ],
    ids=str,
)
def test_a_frame_comes_as_the_type_that_is_asked_for(wanted: Any, kind: type, blobs: Blobs) -> None:
    back = decode(encode(ROWS, blobs), blobs, wanted)
    assert isinstance(back, kind)
    assert_frame_equal(to_frame(back), ROWS)


@pytest.mark.parametrize("frame", [ROWS.lazy(), ROWS.to_pandas(), ROWS.to_arrow(), ROWS["n"]], ids=type)
def test_without_an_annotation_a_frame_comes_as_it_was_given(frame: Any, blobs: Blobs) -> None:
    assert type(decode(encode(frame, blobs), blobs)) is type(frame)


def test_equal_frames_have_equal_digests(blobs: Blobs) -> None:
    pieces = pl.concat([ROWS.head(1), ROWS.tail(1)], rechunk=False)
    assert encode(pieces, blobs).digest == encode(ROWS, blobs).digest


MANY = pl.select(n=pl.int_range(ROWS_IN_GROUP + 9)).with_columns(
    x=(pl.col("n") * 0.7).sin(),
    few=pl.when(pl.col("n") > 70).then(pl.col("n") % 5).cast(pl.Int8),
    even=pl.when(pl.col("n") < 7_000).then(pl.col("n") % 2 == 0),
    day=(pl.col("n") % 40_000).cast(pl.Date),
    at=pl.col("n").cast(pl.Datetime("us", "UTC")),
    price=pl.col("n").cast(pl.Decimal(18, 2)),
)
WIDER = MANY.with_columns(text="text of some length, " + pl.col("n").cast(pl.String), list=pl.concat_list("x", "n"))


@pytest.mark.parametrize("rows", [MANY, WIDER], ids=["fixed width", "any width"])
@pytest.mark.parametrize("ends", [[1], [ROWS_IN_GROUP], range(5_000, ROWS_IN_GROUP, 10_000)], ids=str)
def test_the_digest_of_a_large_frame_does_not_tell_its_pieces(
    rows: pl.DataFrame, ends: Sequence[int], blobs: Blobs
) -> None:
    cuts = pairwise([0, *ends, rows.height])
    pieces = pl.concat([rows[start:end].gather_every(1) for start, end in cuts], rechunk=False)
    assert pieces.n_chunks() == len(ends) + 1
    assert encode(pieces, blobs).digest == encode(rows, blobs).digest


def test_the_digest_does_not_tell_that_rows_were_read_by_row_group(blobs: Blobs) -> None:
    back = decode(encode(pl.concat([WIDER, WIDER]), blobs), blobs)
    assert back.n_chunks() > 1
    assert encode(back, blobs).digest == encode(back.rechunk(), blobs).digest


def test_the_digest_of_a_large_frame_is_that_of_its_file(blobs: Blobs) -> None:
    ref = encode(MANY, blobs)
    assert ref.bytes == blobs.size(ref.digest)
    assert digest_file(blobs.path(ref.digest)) == ref.digest
    assert_frame_equal(decode(ref, blobs), MANY)


def test_frames_and_storable_objects_inside_of_collections_are_kept(blobs: Blobs) -> None:
    back = decode(encode({"rows": ROWS, "all": [Weights([0.5])]}, blobs), blobs)
    assert_frame_equal(back["rows"], ROWS)
    assert back["all"][0].values == [0.5]


def test_a_storable_object_is_loaded_by_its_class(blobs: Blobs) -> None:
    assert decode(encode(Weights([1.0, 2.0]), blobs), blobs).values == [1.0, 2.0]


@dataclasses.dataclass
class Held:
    held: Any


def knotted() -> dict[str, Any]:
    """A tree of which each child knows its parent."""
    root: dict[str, Any] = {"shared": [1, [2]]}
    root["again"] = root["shared"]
    root["children"] = [Held(root)]
    return root


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (object(), r"Output 1 cannot be stored: .*builtins.object"),
        ([lambda: 1], r"list.*function"),
        (pl.DataFrame({"a": [object()]}), r"Column 'a' holds Python objects"),
        (pd.DataFrame({"a": [1]}, index=["x"]), r"index would be lost"),
        (np.array([object()]), r"array of Python objects"),
        (LinearRegression(), r"a model as `tv.Model\(estimator, inputs\)`"),
        (
            {"a": (1, [Held(threading.Lock())])},
            r"a dict that holds a _thread.lock at \['a'\]\[1\]\[0\].held. No _thread.lock",
        ),
        (iter(()), r"it is a tuple_iterator. No builtins.tuple_iterator"),
        (knotted(), r"a dict that contains itself at \['children'\]\[0\].held; refer to that part by a name"),
        (nested(2000), r"a list that is nested too deeply"),
    ],
    ids=[
        "object",
        "function",
        "object column",
        "pandas index",
        "object array",
        "an estimator",
        "deep inside",
        "iterator",
        "itself",
        "too deep",
    ],
)
def test_what_would_not_come_back_as_it_was_is_refused(value: Any, message: str, blobs: Blobs) -> None:
    with pytest.raises(UnsupportedValue, match=message):
        encode(value, blobs, "Output 1")


def test_damaged_bytes_are_noticed_and_can_be_stored_again(blobs: Blobs) -> None:
    ref = encode({"rows": ROWS}, blobs)
    inner = encode(ROWS, blobs)
    blobs.path(inner.digest).write_bytes(b"PAR1 no more")
    assert not is_intact(inner, blobs)
    with pytest.raises(CorruptObject):
        decode(ref, blobs)
    forget_damaged(ref, blobs)
    assert_frame_equal(decode(encode({"rows": ROWS}, blobs), blobs)["rows"], ROWS)
