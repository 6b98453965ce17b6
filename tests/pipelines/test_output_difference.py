from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from trivium.pipelines.artifacts import encode
from trivium.pipelines.json_difference import compare_json
from trivium.pipelines.output_difference import OutputDifference, compare_metrics, compare_outputs
from trivium.store.store import Store
from trivium.values.runs import ArtifactRef, MetricPoint, TaskRun

NOW = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass
class Fit:
    weights: list[float]
    words: set[str]


def task(*outputs: ArtifactRef, node: str = "train") -> TaskRun:
    return TaskRun(run="r", node=node, task=node, key="", status="executed", started_at=NOW, outputs=outputs)


def compared(store: Store, was: Any, now: Any) -> tuple[OutputDifference, ...]:
    return compare_outputs([task(encode(was, store.blobs))], [task(encode(now, store.blobs))], store)


def what(store: Store, was: Any, now: Any) -> list[str]:
    return [each.what for each in compared(store, was, now)]


def test_json_is_compared_by_path(store: Store) -> None:
    was, now = {"a": {"b": [1, 2]}, "c": 1}, {"a": {"b": [1, 3]}, "d": 1}
    assert what(store, was, now) == ["a.b[1] was 2, now 3; c was 1, now absent; d was absent, now 1"]
    assert what(store, 1, 1.0) == ["the value was 1, now 1.0"]
    assert what(store, [1, 2, 3], [3, 1, 2]) == ["the same items in another order"]
    assert what(store, Fit([0.5], {"a", "b"}), Fit([0.25], {"b", "a"})) == ["weights[0] was 0.5, now 0.25"]
    assert what(store, list(range(9)), [0] * 9) == [
        "[1] was 1, now 0; [2] was 2, now 0; [3] was 3, now 0; and 5 more places"
    ]


def test_the_module_of_a_class_does_not_count() -> None:
    was, now = ({"$": "object", "v": [f"{module}:Fit", {"a": 1}]} for module in ("__main__", "flow"))
    assert compare_json(was, now) == []
    assert [each.path for each in compare_json(was, {"$": "object", "v": ["flow:Other", {"a": 1}]})] == ["[0]"]


def test_a_frame_that_was_only_written_in_another_way_is_no_difference(store: Store, tmp_path: Path) -> None:
    blobs, rows = store.blobs, pl.DataFrame({"a": [1, 2]})
    rows.write_parquet(tmp_path / "other.parquet", compression="uncompressed")
    other = ArtifactRef("frame", blobs.put_file(tmp_path / "other.parquet"))
    recorded = encode(rows, blobs)
    assert recorded.digest != other.digest
    assert compare_outputs([task(recorded)], [task(other)], store) == ()


def test_an_output_that_is_not_stored_any_more_differs_all_the_same(store: Store) -> None:
    blobs = store.blobs
    was, now = encode({"a": 1}, blobs), encode({"a": 2}, blobs)
    blobs.delete(was.digest)
    (found,) = compare_outputs([task(was)], [task(now)], store)
    assert found.what.startswith("other content (")


def test_other_kinds_and_absent_outputs_are_told(store: Store) -> None:
    blobs = store.blobs
    assert [each.what for each in compared(store, 1, pl.DataFrame({"a": [1]}))] == ["was a json, now a frame"]
    one = encode(1, blobs)
    assert [each.what for each in compare_outputs([task(one, one)], [task(one)], store)] == ["was not made"]
    assert [each.what for each in compare_outputs([], [task(one)], store)] == ["was not there before"]


def test_a_metric_differs_beyond_the_tolerance_and_is_told_once() -> None:
    def points(*values: float, name: str = "auc") -> list[MetricPoint]:
        return [MetricPoint("r", name, value, step, NOW) for step, value in enumerate(values)]

    def told(was: list[MetricPoint], now: list[MetricPoint], tolerance: float = 0.0) -> list[str]:
        return [f"{each.metric} {each.what}" for each in compare_metrics(was, now, tolerance)]

    assert told(points(0.5, 0.6), points(0.5, 0.7)) == ["auc was 0.6, now 0.7 at step 1"]
    assert told(points(0.5, 0.6), points(0.7, 0.7)) == ["auc was 0.5, now 0.7"]
    assert told(points(0.5), points(0.5 + 1e-10), 1e-9) == []
    assert told(points(1e12), points(1e12 + 1), 1e-9) == []
    assert told(points(float("nan")), points(float("nan"))) == []
    assert told(points(0.5), points(0.5, name="f1")) == ["auc was 0.5, now absent", "f1 was absent, now 0.5"]


def test_a_difference_can_be_sent_as_json() -> None:
    found = OutputDifference("train", 0, "a", "b", "column score", columns=("score",))
    assert msgspec.json.decode(msgspec.json.encode(found), type=OutputDifference) == found
