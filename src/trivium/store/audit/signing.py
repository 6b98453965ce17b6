"""Ed25519 keys (RFC 8032): one signs checkpoints, many can verify them. The only file that loads `cryptography`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from trivium.digest import digest_bytes
from trivium.errors import Misuse, VersionConflict
from trivium.store.disk_errors import tell_disk_errors
from trivium.store.durable import write_durably

PURPOSE = b"trivium checkpoint\0"  # no signature of another purpose is one of a checkpoint
PEM = "-----BEGIN"
ID_LENGTH = 16


@dataclass(frozen=True)
class PublicKey:
    """What tells whether a signature is of the key that it belongs to."""

    key: Ed25519PublicKey

    @property
    def id(self) -> str:
        """The key's name: the beginning of the SHA-256 of its 32 bytes, as 16 hex digits."""
        return digest_bytes(self.key.public_bytes_raw())[:ID_LENGTH]

    @property
    def pem(self) -> bytes:
        """The key as a PEM file holds it (SubjectPublicKeyInfo)."""
        return self.key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def signed(self, data: bytes, signature: str) -> bool:
        """Whether the signature (hex digits) is this key's, over these bytes as a checkpoint."""
        try:
            self.key.verify(bytes.fromhex(signature), PURPOSE + data)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True)
class SigningKey:
    """What makes signatures."""

    key: Ed25519PrivateKey

    @property
    def public(self) -> PublicKey:
        """Its other half."""
        return PublicKey(self.key.public_key())

    def sign(self, data: bytes) -> str:
        """A signature of these bytes as a checkpoint, as 128 hex digits."""
        return self.key.sign(PURPOSE + data).hex()


def open_signing_key(place: Path | str) -> SigningKey:
    """The key in this file, made when there is none; or of this PEM text.

    Raises Misuse when it is no Ed25519 key, needs a pass phrase, or can be read by others.
    """
    if isinstance(place, str):
        return _private(place.encode(), "the setting `audit_key`")
    if not place.exists():
        _make_key(place)
    with tell_disk_errors(place):
        others = place.stat().st_mode & 0o077
        data = place.read_bytes()
    if others:
        raise Misuse(f"The signing key {place} is not only yours: `chmod 600 {place}` makes it so.")
    return _private(data, str(place))


def find_signing_key(place: Path | str) -> SigningKey | None:
    """The same, but None instead of a new key."""
    return open_signing_key(place) if isinstance(place, str) or place.exists() else None


def read_public_key(path: Path) -> PublicKey:
    """The public key in this PEM file. Raises Misuse when there is none."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise Misuse(f"The public key {path} cannot be read ({error.strerror}).") from None
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise Misuse(f"{path} holds no Ed25519 public key in PEM form; it begins with `-----BEGIN PUBLIC KEY-----`.")
    return PublicKey(key)


def _private(data: bytes, where: str) -> SigningKey:
    try:
        key = load_pem_private_key(data, password=None)
    except TypeError:
        raise Misuse(f"The key of {where} is locked by a pass phrase; take one without for signing.") from None
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise Misuse(
            f"There is no Ed25519 private key in PEM form in {where}; `openssl genpkey -algorithm ed25519` makes one."
        )
    return SigningKey(key)


def _make_key(path: Path) -> None:
    made = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        with tell_disk_errors(path):
            write_durably(path, lambda aside: _write_secret(aside, made), fresh=True)
    except VersionConflict:
        return  # another process made it at the same time, and that one counts


def _write_secret(path: Path, data: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
