"""What a version holds, as one number: the same files' rows give the same digest, however they came together."""

from __future__ import annotations

from collections.abc import Iterable

from trivium.digest import digest_of
from trivium.values.tables import DataFile

MODULUS = 1 << 256


def content_of(file: DataFile) -> int:
    """The number of this file's rows: of its bytes and partition, or what a compaction carried over."""
    return int(file.content or digest_of("file", [file.partition, file.digest]), 16)


def sum_content(files: Iterable[DataFile]) -> int:
    """The number of these files together; their order does not matter."""
    return sum(content_of(file) for file in files) % MODULUS


def content_digest(number: int) -> str:
    """A content number as 64 hex digits."""
    return f"{number % MODULUS:064x}"
