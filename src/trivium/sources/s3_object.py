"""Rows of a file in an object store: `s3://bucket/folder/rows.parquet`."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path, PurePosixPath

from trivium.frames.files import open_file
from trivium.frames.stream import Stream, Wish
from trivium.sources.address import split_address
from trivium.store.object_address import ObjectAddress, parse_object_address
from trivium.store.object_copies import ObjectCopies
from trivium.store.object_storage import ObjectStorage
from trivium.store.proven import Proven


def open_object(text: str, wish: Wish) -> Stream:
    """The rows of an object, which is copied into the scratch folder first.

    Endpoint and region come from the address or AWS_*, keys from AWS_* alone. Raises NotFound when it is not there.
    """
    address = parse_object_address(text, os.environ)
    key = PurePosixPath(address.prefix)
    folder = "" if str(key.parent) == "." else str(key.parent)
    bucket = ObjectAddress(
        address.bucket, folder, address.endpoint, address.region, address.allow_http, address.secrets
    )
    copy = wish.scratch / f"object{key.suffix}"
    download(
        ObjectStorage(bucket, ObjectCopies(wish.scratch / "copies", Proven(wish.scratch / "proven"))), key.name, copy
    )
    return replace(open_file(copy, wish), name=split_address(text)[0])


def download(storage: ObjectStorage, name: str, copy: Path) -> None:
    """The file is a copy of the object."""
    with copy.open("wb") as opened:
        for piece in storage.pieces(name):
            opened.write(piece)
