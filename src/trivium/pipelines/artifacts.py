"""Values between tasks: stored by content and read back for each reader, so that nobody sees another's changes."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any, Protocol, Self, runtime_checkable

import msgspec

from trivium import frames
from trivium.errors import TriviumError, UnsupportedValue
from trivium.frames.deferred import pl
from trivium.frames.spark.kind import is_spark_frame, is_spark_type
from trivium.pipelines.plain import find_class, from_plain, to_plain
from trivium.pipelines.signature import FRAME_PACKAGES, frame_type, type_path
from trivium.pipelines.stored_files import FILES, are_there, decode_files, encode_files
from trivium.pipelines.unstorable import tell_depth, tell_part
from trivium.store.blobs import Blobs
from trivium.values.runs import ArtifactRef

CHECKED_BYTES = 1 << 20
ROWS_IN_GROUP = 1 << 18
FOLLOWED_BYTES = 4 << 20
LIST = "list"
SERIES = "polars.series.series.Series"
INNER = re.compile(rb"\b[0-9a-f]{64}\b")


@runtime_checkable
class Storable(Protocol):
    """An object that knows how to store itself; `ref.facts["type"]` ("module:Class") finds its class again."""

    def save(self, blobs: Blobs) -> ArtifactRef:
        """The object is stored; the reference finds it."""

    @classmethod
    def load(cls, blobs: Blobs, ref: ArtifactRef) -> Self:
        """The object that was stored."""


def encode(value: Any, blobs: Blobs, what: str = "The value", *, by_name: bool = False) -> ArtifactRef:
    """The value is stored. `what` names it in the message: "Task 'train', output 1".

    by_name: a Path is only a name; else it stands for what is in the file or folder there.

    Raises UnsupportedValue for a type that would not come back as it is.
    """
    try:
        return _encode(value, blobs, by_name=by_name)
    except UnsupportedValue as error:
        raise UnsupportedValue(
            f"{what} cannot be stored: {tell_part(value, partial(_is_storable, by_name=by_name))}. {error}"
        ) from None
    except RecursionError:
        raise UnsupportedValue(f"{what} cannot be stored: {tell_depth(value)}.") from None


def decode(ref: ArtifactRef, blobs: Blobs, wanted: Any = Any) -> Any:
    """The value, a new object each time; a frame comes as the wanted type.

    Raises NotFound or CorruptObject when its bytes are not what they were.
    """
    if ref.kind == "frame":
        return _decode_frame(ref, blobs, wanted)
    if ref.kind == LIST:
        item = (typing.get_args(wanted) or (Any,))[0]
        return [_decode_item(refs, blobs, item) for refs in decode_items(ref, blobs)]
    if ref.kind == FILES:
        return decode_files(ref, blobs)
    if ref.kind == "json":
        return from_plain(msgspec.json.decode(blobs.get(ref.digest)), lambda inner: decode(inner, blobs))
    return find_class(str(ref.facts["type"])).load(blobs, ref)


def encode_refs(refs: tuple[ArtifactRef, ...]) -> bytes:
    """What one item of a mapped task made, as its list holds it; a third of the memory that the references take."""
    return msgspec.json.encode(refs)


def encode_items(items: Iterable[bytes], blobs: Blobs) -> ArtifactRef:
    """The stored results of a mapped task as one list, in this order; what they hold is not copied.

    items: what each made, as `encode_refs` has it.
    """
    made = list(items)
    data = b"[" + b",".join(made) + b"]"
    return ArtifactRef(LIST, blobs.put_text(data), len(data), {"type": "list", "items": len(made)})


def decode_items(ref: ArtifactRef, blobs: Blobs) -> list[tuple[ArtifactRef, ...]]:
    """The results in such a list. Raises NotFound or CorruptObject when the list is not what it was."""
    return msgspec.json.decode(blobs.get(ref.digest), type=list[tuple[ArtifactRef, ...]])


def is_intact(ref: ArtifactRef, blobs: Blobs) -> bool:
    """Whether the bytes are there: small ones are read and compared, of large ones only the size."""
    try:
        if ref.kind == FILES:
            return are_there(ref, blobs)
        size = ref.bytes or blobs.size(ref.digest) or 0
        if size > CHECKED_BYTES:
            return blobs.size(ref.digest) == size
        blobs.get(ref.digest)
    except TriviumError:
        return False
    return True


def forget_damaged(ref: ArtifactRef, blobs: Blobs) -> None:
    """Bytes that are not what their digest says are removed, so that the value can be stored again; also those of
    digests that are named inside them, as a manifest does."""
    _forget_damaged(ref.digest, blobs, names_others=ref.kind in (FILES, LIST))


def _forget_damaged(digest: str, blobs: Blobs, *, names_others: bool = False) -> None:
    if not blobs.has(digest):
        return
    if not blobs.is_intact(digest):
        blobs.delete(digest)
    elif names_others or (blobs.size(digest) or 0) <= CHECKED_BYTES:
        for inner in set(INNER.findall(blobs.get(digest))):
            _forget_damaged(inner.decode(), blobs)


def _decode_item(refs: tuple[ArtifactRef, ...], blobs: Blobs, wanted: Any) -> Any:
    values = [decode(ref, blobs, wanted) for ref in refs]
    return values[0] if len(values) == 1 else tuple(values)


def _encode(value: Any, blobs: Blobs, *, by_name: bool = False) -> ArtifactRef:
    if isinstance(value, Storable) and not isinstance(value, type):
        return value.save(blobs)
    if _is_frame(value):
        return _encode_frame(value, blobs)
    if isinstance(value, Path) and not by_name:
        return encode_files(value, blobs)
    plain = to_plain(value, lambda inner: _encode_inner(inner, blobs, by_name=by_name))
    data = msgspec.json.encode(plain)
    return ArtifactRef("json", blobs.put_text(data), len(data), {"type": type(value).__qualname__})


def _encode_inner(value: Any, blobs: Blobs, *, by_name: bool) -> ArtifactRef | None:
    is_file = isinstance(value, Path) and not by_name
    if is_file or _is_frame(value) or (isinstance(value, Storable) and not isinstance(value, type)):
        return _encode(value, blobs)
    return None


def _is_storable(value: Any, *, by_name: bool) -> bool:
    """Whether the value could be stored, as far as its types tell."""
    try:
        to_plain(value, partial(_stand_in, by_name=by_name))
    except UnsupportedValue:
        return False
    return True


def _stand_in(value: Any, *, by_name: bool) -> ArtifactRef | None:
    """A reference for what would be stored apart. Raises UnsupportedValue for a path to nothing, unless by_name."""
    is_file = isinstance(value, Path) and not by_name
    if is_file and not value.exists():
        raise UnsupportedValue(str(value))
    apart = is_file or isinstance(value, Storable) or _is_frame(value)
    return ArtifactRef("", "", 0, {}) if apart else None


def _is_frame(value: Any) -> bool:
    path = type_path(type(value))
    return path.startswith(FRAME_PACKAGES) and (bool(frame_type(type(value))) or path == SERIES)


def _encode_frame(value: Any, blobs: Blobs) -> ArtifactRef:
    if is_spark_frame(value):
        return _encode_spark(value, blobs)
    rows = _rows(value)
    objects = [name for name, dtype in rows.schema.items() if dtype == pl.Object]
    if objects:
        raise UnsupportedValue(f"Column {objects[0]!r} holds Python objects; give it a column type.")
    large = rows.estimated_size() >= FOLLOWED_BYTES
    digest, size = blobs.put_made(
        lambda path: _without_pieces(rows).write_parquet(
            path, compression="zstd", compression_level=1, row_group_size=ROWS_IN_GROUP
        ),
        in_order=large,
    )
    facts = {"type": type_path(type(value)), "rows": rows.height, "columns": rows.width}
    return ArtifactRef("frame", digest, size, facts)


def _without_pieces(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows, of which the same bytes are written whatever pieces they are in.

    Values of a fixed width are encoded by row group, wherever a piece ends; of others, pages are cut by their piece.
    """
    fixed = all(dtype.is_numeric() or dtype.is_temporal() or dtype == pl.Boolean for dtype in rows.dtypes)
    return rows if fixed else rows.rechunk()


def _encode_spark(value: Any, blobs: Blobs) -> ArtifactRef:
    """The same bytes as of another frame with these rows, made by way of files."""
    with frames.staged_rows(value) as rows:
        digest, size = blobs.put_made(
            lambda path: rows.sink_parquet(
                path, compression="zstd", compression_level=1, row_group_size=ROWS_IN_GROUP, mkdir=False
            ),
            in_order=True,
        )
        height = rows.select(pl.len()).collect().item()
    facts = {"type": type_path(type(value)), "rows": height, "columns": len(value.columns)}
    return ArtifactRef("frame", digest, size, facts)


def _rows(value: Any) -> pl.DataFrame:
    if isinstance(value, pl.DataFrame):
        return value
    if isinstance(value, pl.LazyFrame):
        return value.collect()
    if isinstance(value, pl.Series):
        return value.to_frame()
    if type_path(type(value)).startswith("pandas."):
        if not _has_plain_index(value):
            raise UnsupportedValue("Its index would be lost; return frame.reset_index().")
        return pl.from_pandas(value)
    return pl.DataFrame(value)


def _has_plain_index(frame: Any) -> bool:
    index = frame.index
    return type(index).__name__ == "RangeIndex" and index.start == 0 and index.step == 1


def _decode_frame(ref: ArtifactRef, blobs: Blobs, wanted: Any) -> Any:
    made_as = str(ref.facts.get("type", ""))
    target = frame_type(wanted) or made_as
    if is_spark_type(frame_type(wanted)):
        path = blobs.local_path(ref.digest)
        return frames.spark_frame([path], pl.scan_parquet(path, glob=False).collect_schema())
    if is_spark_type(target):  # whoever asks for no kind of frame gets one that needs no Spark to be looked at
        return pl.scan_parquet(blobs.local_path(ref.digest), glob=False)
    if target.endswith("LazyFrame"):
        return pl.scan_parquet(blobs.local_path(ref.digest), glob=False)
    rows = pl.read_parquet(blobs.local_path(ref.digest), glob=False)
    if target.endswith(".Series"):
        return rows.to_series()
    return frames.from_frame(rows, target)
