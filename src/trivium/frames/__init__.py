"""Rows in memory and the places that rows come from: kinds of frames, types of columns, sources."""

from trivium.frames.conversion import convert_exactly
from trivium.frames.file_writer import write_file
from trivium.frames.files import read_file, to_frame
from trivium.frames.frame import ArrowStream, frame_of, from_frame
from trivium.frames.storable import check_storable
from trivium.frames.types import TYPE_NAMES, columns_of, dtype_of, has_dtype, type_name

__all__ = [
    "TYPE_NAMES",
    "ArrowStream",
    "check_storable",
    "columns_of",
    "convert_exactly",
    "dtype_of",
    "frame_of",
    "from_frame",
    "has_dtype",
    "read_file",
    "to_frame",
    "type_name",
    "write_file",
]
