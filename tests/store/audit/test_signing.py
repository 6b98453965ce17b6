"""The key that signs is one's own, made once, and no other form is taken for one."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat, PublicFormat

from trivium.errors import Misuse
from trivium.store.audit.signing import find_signing_key, open_signing_key, read_public_key


def test_a_key_is_made_at_first_use_for_its_owner_alone(tmp_path: Path) -> None:
    place = tmp_path / "deep" / "audit.key"
    assert find_signing_key(place) is None
    made = open_signing_key(place)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert open_signing_key(place).public.id == made.public.id


def test_two_that_make_it_at_once_get_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: open_signing_key(tmp_path / "key").public.id, range(8)))
    assert len(set(keys)) == 1


def test_a_signature_is_of_these_bytes_and_this_key(tmp_path: Path) -> None:
    key, other = open_signing_key(tmp_path / "key"), open_signing_key(tmp_path / "other")
    signature = key.sign(b"said")
    assert key.public.signed(b"said", signature)
    assert not key.public.signed(b"sadi", signature)
    assert not other.public.signed(b"said", signature)
    assert not key.public.signed(b"said", "no hex")
    assert not key.public.signed(b"said", "")


def test_a_key_may_be_named_as_text(tmp_path: Path) -> None:
    key = open_signing_key(tmp_path / "key")
    assert open_signing_key((tmp_path / "key").read_text()).public.id == key.public.id


def test_a_public_key_is_read_back(tmp_path: Path) -> None:
    key = open_signing_key(tmp_path / "key").public
    (tmp_path / "key.pub").write_bytes(key.pem)
    assert read_public_key(tmp_path / "key.pub").id == key.id


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    open_signing_key(tmp_path / "key")
    (tmp_path / "key").chmod(0o644)
    with pytest.raises(Misuse, match="chmod 600"):
        open_signing_key(tmp_path / "key")


LOCKED = Ed25519PrivateKey.from_private_bytes(b"1" * 32).private_bytes(
    Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
)


@pytest.mark.parametrize(
    ("data", "message"),
    [(b"", "no Ed25519 private key"), (b"-----BEGIN nothing", "no Ed25519"), (LOCKED, "pass phrase")],
)
def test_what_is_no_key_for_signing_is_refused(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "key").write_bytes(data)
    (tmp_path / "key").chmod(0o600)
    with pytest.raises(Misuse, match=message):
        open_signing_key(tmp_path / "key")


def test_a_public_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    other = generate_private_key(SECP256R1()).public_key()
    (tmp_path / "other.pub").write_bytes(other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(Misuse, match="no Ed25519 public key"):
        read_public_key(tmp_path / "other.pub")
    with pytest.raises(Misuse, match="cannot be read"):
        read_public_key(tmp_path / "nothing.pub")
