"""Digests, pinned: whoever changes one of these loses every cache and every stored object."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from trivium.digest import canonical_json, digest_bytes, digest_file, digest_of

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


class Pair(msgspec.Struct):
    """Fields out of order."""

    b: int
    a: str


def test_bytes_have_their_sha_256() -> None:
    assert (digest_bytes(b""), digest_bytes(b"abc")) == (EMPTY, ABC)


def test_a_file_has_the_digest_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc" * 100_000)
    assert digest_file(tmp_path / "file") == digest_bytes(b"abc" * 100_000)


@pytest.mark.parametrize(
    ("value", "text"),
    [({"b": 1, "a": [None, True, 1.5]}, b'{"a":[null,true,1.5],"b":1}'), (Pair(1, "x"), b'{"a":"x","b":1}'),
     ("ä🙂", '"ä🙂"'.encode()), ({"a": {"d": 1, "c": 2}}, b'{"a":{"c":2,"d":1}}')],
)  # fmt: skip
def test_a_value_has_one_json_spelling(value: object, text: bytes) -> None:
    assert canonical_json(value) == text


def test_the_digest_of_a_value_is_fixed_for_ever() -> None:
    assert digest_of("task", {"b": 1, "a": 2}) == "7a77be213c1871d3602f1ca7c7aab4118c0094d497ff428bb44831f657204fc0"
    assert digest_of("task", {"a": 2, "b": 1}) == digest_of("task", {"b": 1, "a": 2})


def test_equal_values_of_two_kinds_have_two_digests() -> None:
    assert digest_of("task", 1) != digest_of("environment", 1)
    assert digest_of("a", "b") != digest_of("", 'a\0"b"')
