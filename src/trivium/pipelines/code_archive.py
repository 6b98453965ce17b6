"""A run's code as one archive: the same files give the same bytes, whenever and wherever it is made."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from trivium.errors import CorruptObject

INDEX = "trivium-code.json"
NO_TIME = (1980, 1, 1, 0, 0, 0)
READABLE = 0o644 << 16
UNIX = 3


class CodeIndex(Struct, frozen=True):
    """What an archive holds, by names inside of it.

    main: the file that defines the pipeline, function: its name there. folders: put on the import path, in this order.
    left_out: {file: why} of what is not in it.
    """

    main: str
    function: str
    folders: tuple[str, ...]
    left_out: dict[str, str] = {}


def pack(index: CodeIndex, files: Mapping[str, bytes]) -> bytes:
    """A ZIP file without compression, whose bytes another version of a compressor could change."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in [(INDEX, msgspec.json.encode(index, order="sorted")), *sorted(files.items())]:
            member = zipfile.ZipInfo(name, NO_TIME)
            member.create_system, member.external_attr = UNIX, READABLE
            archive.writestr(member, data)
    return buffer.getvalue()


def unpack(data: bytes, folder: Path) -> CodeIndex:
    """The files are in the folder, and nowhere else. Raises CorruptObject for what is no such archive."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            archive.extractall(folder)
            return msgspec.json.decode(archive.read(INDEX), type=CodeIndex)
    except (zipfile.BadZipFile, KeyError, msgspec.DecodeError) as error:
        raise CorruptObject(f"The kept code cannot be unpacked: {error}.") from None
