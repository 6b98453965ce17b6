"""Content digests: SHA-256, one domain tag per kind of thing so that two kinds never collide."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec


def digest_bytes(data: bytes | memoryview) -> str:
    """SHA-256 of the bytes, as 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def digest_file(path: Path) -> str:
    """SHA-256 of the file's bytes, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def canonical_json(value: Any) -> bytes:
    """The one JSON spelling of a value: keys sorted, no spaces, UTF-8."""
    return msgspec.json.encode(value, order="sorted")


def digest_of(domain: str, value: Any) -> str:
    """SHA-256 of a value's canonical JSON under a domain tag such as "task"."""
    return digest_bytes(domain.encode() + b"\0" + canonical_json(value))
