"""Values as text that people read and change: JSON, with frames as their columns' types and a line for each row."""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from trivium.errors import UnsupportedValue
from trivium.frames import columns_of, dtype_of, frame_of
from trivium.pipelines.plain import from_plain, to_plain
from trivium.testing.difference import find_differences, is_frame
from trivium.values.runs import ArtifactRef

WIDTH = 100
TIMES = {pl.Datetime: "%Y-%m-%dT%H:%M:%S%.f", pl.Date: "%Y-%m-%d", pl.Time: "%H:%M:%S%.f"}
AS_TEXT = (pl.Decimal, pl.Categorical, pl.Enum)
FRAME = "frame"


def to_readable(value: Any) -> Any:
    """The value as what JSON has; a frame is {"$": "frame", "columns": {name: type}, "rows": [[...], ...]}.

    Raises UnsupportedValue for what would not come back as it is.
    """
    readable = _lift(to_plain(value, _keep))
    lost = next(find_differences(value, from_readable(readable)), None)
    if lost is not None:
        raise UnsupportedValue(f"It would not come back from a readable file as it is: {lost}.")
    return readable


def from_readable(readable: Any) -> Any:
    """The value that `to_readable` wrote; frames are polars DataFrames."""
    return from_plain(_lower(readable), lambda ref: _frame(ref.facts))


def spell(value: Any, indent: str = "") -> str:
    """JSON text: what fits on a line is on one, and so is each row of a frame."""
    line = json.dumps(value, ensure_ascii=False)
    rows = isinstance(value, list) and all(isinstance(each, list) for each in value)
    fits = len(line) + len(indent) <= WIDTH and "{" not in line[1:] and not rows
    if not isinstance(value, dict | list) or not value or fits:
        return line
    inner = indent + "  "
    if isinstance(value, dict):
        parts = [f"{json.dumps(name, ensure_ascii=False)}: {spell(each, inner)}" for name, each in value.items()]
        return "{\n" + ",\n".join(inner + part for part in parts) + f"\n{indent}}}"
    parts = [json.dumps(each, ensure_ascii=False) if rows else spell(each, inner) for each in value]
    return "[\n" + ",\n".join(inner + part for part in parts) + f"\n{indent}]"


def _keep(value: Any) -> ArtifactRef | None:
    """A frame rides through `to_plain` as a reference that holds its rows."""
    if not is_frame(value):
        return None
    frame = frame_of(value)
    types = {column.name: column.type for column in columns_of(frame)}
    cells = [_cells(frame[name]) for name in frame.columns]
    return ArtifactRef(FRAME, "", 0, {"columns": types, "rows": [list(row) for row in zip(*cells, strict=True)]})


def _cells(values: pl.Series) -> list[Any]:
    if isinstance(values.dtype, pl.Datetime) and values.dtype.time_zone:
        values = values.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    if isinstance(values.dtype, pl.Duration):
        return values.to_physical().to_list()
    if form := TIMES.get(values.dtype.base_type()):
        return values.dt.strftime(form).to_list()
    if isinstance(values.dtype, AS_TEXT):
        return values.cast(pl.String).to_list()
    if values.dtype.is_float():
        finite = values.is_finite().to_list()
        return [each if ok in (True, None) else repr(each) for each, ok in zip(values.to_list(), finite, strict=True)]
    if values.dtype == pl.Binary or (values.dtype.is_nested() and not _is_plain(values.dtype)):
        raise UnsupportedValue(f"Column {values.name!r} holds {values.dtype}, which has no readable spelling.")
    return values.to_list()


def _is_plain(dtype: Any) -> bool:
    inner = [dtype.inner] if hasattr(dtype, "inner") else [field.dtype for field in getattr(dtype, "fields", ())]
    plain = (dtype.is_integer(), dtype.is_float(), dtype == pl.Boolean, dtype == pl.String)
    return all(map(_is_plain, inner)) if inner else any(plain)


def _frame(facts: dict[str, Any]) -> pl.DataFrame:
    types = {name: dtype_of(text) for name, text in facts["columns"].items()}
    columns = list(zip(*facts["rows"], strict=True)) or [()] * len(types)
    return pl.DataFrame(
        [_series(name, list(cells), dtype) for (name, dtype), cells in zip(types.items(), columns, strict=True)]
    )


def _series(name: str, cells: list[Any], dtype: Any) -> pl.Series:
    if form := TIMES.get(dtype.base_type()):
        kind = pl.Datetime(dtype.time_unit) if isinstance(dtype, pl.Datetime) else dtype
        moments = pl.Series(name, cells, pl.String).str.strptime(kind, form)
        zone = getattr(dtype, "time_zone", None)
        return moments.dt.replace_time_zone("UTC").dt.convert_time_zone(zone) if zone else moments
    if isinstance(dtype, pl.Duration):
        return pl.Series(name, cells, pl.Int64).cast(dtype)
    if isinstance(dtype, AS_TEXT):
        return pl.Series(name, cells, pl.String).cast(dtype)
    if dtype.is_float():
        return pl.Series(name, [None if cell is None else float(cell) for cell in cells], dtype)
    return pl.Series(name, cells, dtype)


def _lift(plain: Any) -> Any:
    """Frames spelled out in place."""
    if isinstance(plain, list):
        return [_lift(each) for each in plain]
    if not isinstance(plain, dict):
        return plain
    if plain.get("$") == "artifact":
        return {"$": FRAME, **plain["v"]["facts"]}
    return {name: _lift(each) for name, each in plain.items()}


def _lower(readable: Any) -> Any:
    """Frames as the references that `from_plain` loads."""
    if isinstance(readable, list):
        return [_lower(each) for each in readable]
    if not isinstance(readable, dict):
        return readable
    if readable.get("$") == FRAME:
        facts = {"columns": readable["columns"], "rows": readable["rows"]}
        return {"$": "artifact", "v": {"kind": FRAME, "digest": "", "facts": facts}}
    return {name: _lower(each) for name, each in readable.items()}
