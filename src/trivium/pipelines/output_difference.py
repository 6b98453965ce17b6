"""What differs between the outputs and metrics of two runs of one pipeline."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable
from typing import Any

import msgspec
import polars as pl
from msgspec import Struct

from trivium.errors import TriviumError
from trivium.pipelines.artifacts import decode_items
from trivium.pipelines.committed import TABLE, read_committed
from trivium.pipelines.first_few import first_few
from trivium.pipelines.frame_difference import compare_frames
from trivium.pipelines.json_difference import compare_json, tell_paths
from trivium.pipelines.stored_files import FILES, read_manifest
from trivium.store.store import Store
from trivium.values.runs import ArtifactRef, MetricPoint, TaskRun

SHOWN = 5


class OutputDifference(Struct, frozen=True):
    """One output (counted from 0) of one node that came out differently; "" where a run has no such output.

    metric: the name of the metric, when it is one instead. what: the difference in words. columns: those of a frame.
    """

    node: str
    output: int
    recorded: str
    again: str
    what: str
    metric: str = ""
    columns: tuple[str, ...] = ()

    def tell(self) -> str:
        """Where it is, and what."""
        part = f" (output {self.output})" if self.output else ""
        return f"{self.node}{part}: " + (f"metric {self.metric} {self.what}" if self.metric else self.what)


def compare_outputs(recorded: list[TaskRun], again: list[TaskRun], store: Store) -> tuple[OutputDifference, ...]:
    """Outputs whose content differs, in the order in which the nodes ran again: no node comes before what it takes."""
    old, new = _outputs(recorded), _outputs(again)
    both = ((place, old.get(place), new.get(place)) for place in dict.fromkeys([*new, *old]))
    return tuple(found for place, was, now in both if (found := _compare(*place, was, now, store)) is not None)


def compare_metrics(
    recorded: Iterable[MetricPoint], again: Iterable[MetricPoint], tolerance: float
) -> tuple[OutputDifference, ...]:
    """Metrics with another value at some step, each told once. tolerance: the difference, absolute or relative to the
    larger value, that does not count; at least 0."""
    old, new = _points(recorded), _points(again)
    found: dict[str, OutputDifference] = {}
    for name, step in dict.fromkeys([*old, *new]):
        was, now = old.get((name, step)), new.get((name, step))
        if name not in found and not _is_close(was, now, tolerance):
            at = f" at step {step}" if step else ""
            what = f"was {_number(was)}, now {_number(now)}{at}"
            found[name] = OutputDifference("", 0, _number(was), _number(now), what, name)
    return tuple(found.values())


def _compare(
    node: str, index: int, was: ArtifactRef | None, now: ArtifactRef | None, store: Store
) -> OutputDifference | None:
    if was is None or now is None:
        what = "was not made" if now is None else "was not there before"
        return OutputDifference(node, index, was.digest if was else "", now.digest if now else "", what)
    if was.digest == now.digest:
        return None
    try:
        told = _describe(was, now, store)
    except (TriviumError, msgspec.DecodeError, pl.exceptions.PolarsError) as error:
        told = (f"other content ({str(error).splitlines()[0]})", ())
    return None if told is None else OutputDifference(node, index, was.digest, now.digest, told[0], "", told[1])


def _describe(was: ArtifactRef, now: ArtifactRef, store: Store) -> tuple[str, tuple[str, ...]] | None:
    """(what differs, which columns); None when only the bytes do, as of one frame that was written by two versions."""
    if was.kind == TABLE and now.kind == "frame":  # a reproduction commits nothing
        return _describe_frames(read_committed(store, was), pl.read_parquet(io.BytesIO(store.blobs.get(now.digest))))
    if was.kind != now.kind:
        return f"was a {was.kind}, now a {now.kind}", ()
    if was.kind == "frame":
        return _describe_frames(*(pl.read_parquet(io.BytesIO(store.blobs.get(each.digest))) for each in (was, now)))
    if was.kind == "list":
        return _describe_lists(was, now, store)
    if was.kind == FILES:
        return _describe_files(was, now, store)
    recorded, again = (_read_json(each, store) for each in (was, now))
    differences = compare_json(recorded, again)
    return (tell_paths(differences, recorded, again), ()) if differences else None


def _describe_frames(was: pl.DataFrame, now: pl.DataFrame) -> tuple[str, tuple[str, ...]] | None:
    difference = compare_frames(was, now)
    return (difference.tell(), tuple(each.column for each in difference.columns)) if difference else None


def _describe_lists(was: ArtifactRef, now: ArtifactRef, store: Store) -> tuple[str, tuple[str, ...]] | None:
    recorded, again = (decode_items(each, store.blobs) for each in (was, now))
    if len(recorded) != len(again):
        return f"{len(recorded):,} items, now {len(again):,}", ()
    pairs = [zip(old, new, strict=True) for old, new in zip(recorded, again, strict=True) if len(old) == len(new)]
    other = sum(any(_compare("", 0, *pair, store) for pair in each) for each in pairs)
    return (f"{other:,} of {len(recorded):,} items", ()) if other else None


def _describe_files(was: ArtifactRef, now: ArtifactRef, store: Store) -> tuple[str, tuple[str, ...]]:
    recorded, again = (read_manifest(each, store.blobs) for each in (was, now))
    if recorded.alone and again.alone:
        return f"{now.facts['name']} has other content", ()
    names = {name for name, _ in set(recorded.files.items()) ^ set(again.files.items())}
    return f"other files: {first_few(sorted(names), SHOWN)}", ()


def _read_json(ref: ArtifactRef, store: Store) -> Any:
    return msgspec.json.decode(store.blobs.get(ref.digest))


def _outputs(tasks: list[TaskRun]) -> dict[tuple[str, int], ArtifactRef]:
    return {(task.node, index): ref for task in tasks for index, ref in enumerate(task.outputs)}


def _points(points: Iterable[MetricPoint]) -> dict[tuple[str, int], float]:
    """The last value of each metric at each step."""
    return {(point.name, point.step): point.value for point in points}


def _is_close(was: float | None, now: float | None, tolerance: float) -> bool:
    if was is None or now is None:
        return False
    return (
        was == now
        or (math.isnan(was) and math.isnan(now))
        or math.isclose(was, now, rel_tol=tolerance, abs_tol=tolerance)
    )


def _number(value: float | None) -> str:
    return "absent" if value is None else repr(value)
