"""Rows in memory and the places that rows come from: kinds of frames, types of columns, sources.

Importing it loads no engine; each name is loaded at its first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trivium.frames.conversion import convert_exactly as convert_exactly
    from trivium.frames.file_writer import write_file as write_file
    from trivium.frames.files import read_file as read_file
    from trivium.frames.files import to_frame as to_frame
    from trivium.frames.frame import ArrowStream as ArrowStream
    from trivium.frames.frame import frame_of as frame_of
    from trivium.frames.frame import from_frame as from_frame
    from trivium.frames.spark.from_files import spark_frame as spark_frame
    from trivium.frames.spark.staged import staged_rows as staged_rows
    from trivium.frames.storable import check_storable as check_storable
    from trivium.frames.types import TYPE_NAMES as TYPE_NAMES
    from trivium.frames.types import columns_of as columns_of
    from trivium.frames.types import dtype_of as dtype_of
    from trivium.frames.types import has_dtype as has_dtype
    from trivium.frames.types import type_name as type_name

HOMES = {
    "TYPE_NAMES": "types",
    "ArrowStream": "frame",
    "check_storable": "storable",
    "columns_of": "types",
    "convert_exactly": "conversion",
    "dtype_of": "types",
    "frame_of": "frame",
    "from_frame": "frame",
    "has_dtype": "types",
    "read_file": "files",
    "spark_frame": "spark.from_files",
    "staged_rows": "spark.staged",
    "to_frame": "files",
    "type_name": "types",
    "write_file": "file_writer",
}

__all__ = list(HOMES)


def __getattr__(name: str) -> Any:
    if name not in HOMES:
        raise AttributeError(f"module 'trivium.frames' has no attribute {name!r}")
    return getattr(import_module(f"trivium.frames.{HOMES[name]}"), name)
