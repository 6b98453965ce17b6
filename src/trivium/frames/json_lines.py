"""JSON lines: an object on each line. Every value is looked at, so none is lost or changed by a guessed type."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import polars as pl

from trivium.errors import Misuse
from trivium.frames.frame import frame_of
from trivium.frames.stream import Wish
from trivium.frames.texts import read_texts

BLOCK = 8 << 20
MARK = b"\xef\xbb\xbf"
SHOWN = 60


def stream_json_lines(path: Path, wish: Wish) -> tuple[int | None, Iterator[pl.DataFrame]]:
    """The rows of a JSON lines file in pieces; their number is not known before."""
    with path.open("rb") as file:
        if not file.read(1):
            raise Misuse(f"{path} is empty: there are no rows.")
    return None, _frames(path, wish)


def _frames(path: Path, wish: Wish) -> Iterator[pl.DataFrame]:
    line = 1
    with path.open("rb") as file:
        file.seek(len(MARK) if file.read(len(MARK)) == MARK else 0)
        for block in _blocks(file):
            records = _decoded(path, block, line)
            line += block.count(b"\n")
            if records:
                yield read_texts(frame_of(records), wish)


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    """Whole lines, some megabytes at a time."""
    while block := file.read(BLOCK):
        yield block + file.readline()


def _decoded(path: Path, block: bytes, first: int) -> list[dict[str, Any]]:
    try:
        records = msgspec.json.Decoder().decode_lines(block)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _decode_by_line(path, block, first)
    if all(type(record) is dict for record in records):
        return records
    return _decode_by_line(path, block, first)


def _decode_by_line(path: Path, block: bytes, first: int) -> list[dict[str, Any]]:
    """The same, line by line, so that the first bad one is told by its number."""
    records = []
    for number, line in enumerate(block.splitlines(), start=first):
        if not line.strip():
            continue
        try:
            record = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Misuse(f"{path} line {number} is not JSON ({error}): {_shown(line)}") from None
        if not isinstance(record, dict):
            raise Misuse(f"{path} line {number} is not a JSON object, so it is no row: {_shown(line)}")
        records.append(record)
    return records


def _shown(line: bytes) -> str:
    return repr(line[:SHOWN].decode(errors="replace")) + ("..." if len(line) > SHOWN else "")
