"""The text of a lock: every package with its version and the hashes of its files, one form for all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

from trivium.digest import digest_of
from trivium.errors import Misuse
from trivium.values.runs import Environment

PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]*\])?\s*===?\s*([^\s;]+)\s*(?:;\s*(.*?))?\s*")
HASH = re.compile(r"--hash[= ](\S+)")
COMMENT = re.compile(r"(^|\s)#.*")
SHOWN = 60


class Pin(Struct, frozen=True):
    """One package of a lock: its canonical name, version, the marker of where it is meant, and its text."""

    name: str
    version: str
    marker: str
    text: str


def parse_lock(text: str, what: str) -> tuple[Pin, ...]:
    """The pins of a requirements file, by name. Raises Misuse beginning with `what` for anything but pins with hashes.

    What is in a line that is refused is not repeated beyond its beginning: it may be an address with a password.
    """
    return tuple(sorted((_pin(line, what) for line in _logical_lines(text)), key=lambda pin: (pin.name, pin.marker)))


def lock_text(pins: Iterator[Pin] | tuple[Pin, ...]) -> str:
    """The lock in its one form, without comments."""
    return "".join(f"{pin.text}\n" for pin in pins)


def packages_of(pins: tuple[Pin, ...]) -> dict[str, str]:
    """{name: version}; several versions where they differ by marker."""
    found: dict[str, list[str]] = {}
    for pin in pins:
        found.setdefault(pin.name, []).append(pin.version)
    return {name: " or ".join(dict.fromkeys(versions)) for name, versions in found.items()}


def locked_environment(text: str, python: str, image: str, lock: str) -> Environment:
    """The environment of this lock. Its digest covers lock, Python and image, not the machine.

    lock: the digest of the blob that holds the text.
    """
    digest = digest_of("locked environment", [text, python, image])
    return Environment(digest, python, packages_of(parse_lock(text, "The lock")), lock=lock, image=image)


def canonical_name(name: str) -> str:
    """The name as package indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def merge(given: tuple[Pin, ...], resolved: tuple[Pin, ...]) -> tuple[Pin, ...]:
    """The given pins as they are, with those of the others that they lack."""
    names = {pin.name for pin in given}
    added = [pin for pin in resolved if pin.name not in names]
    return tuple(sorted([*given, *added], key=lambda pin: (pin.name, pin.marker)))


def pinned(packages: Mapping[str, str]) -> list[str]:
    """The packages as requirements of exactly these versions."""
    return [f"{name}=={version}" for name, version in sorted(packages.items())]


def _logical_lines(text: str) -> Iterator[str]:
    waiting = ""
    for raw in text.splitlines():
        line = COMMENT.sub("", raw).strip()
        continued = line.endswith("\\")
        part = line.removesuffix("\\").strip()
        waiting = f"{waiting} {part}".strip()
        if not continued and waiting:
            yield waiting
            waiting = ""
    if waiting:
        yield waiting


def _pin(line: str, what: str) -> Pin:
    head = HASH.sub("", line).strip()
    found, hashes = PIN.fullmatch(head), sorted(set(HASH.findall(line)))
    if found is None:
        shown = re.split(r"[\s=@]*\S*://|@", head)[0][:SHOWN].strip()
        raise Misuse(
            f"{what}: {shown!r} is not `name==version`. A lock names packages only; where they come from is told to "
            "uv (UV_INDEX, uv.toml). Write it with `uv pip compile --generate-hashes`."
        )
    name, extras, version, marker = canonical_name(found[1]), found[2] or "", found[3], found[4] or ""
    if not hashes:
        raise Misuse(f"{what}: {name}=={version} has no hash. Write the lock with `uv pip compile --generate-hashes`.")
    first = f"{name}{extras}=={version}" + (f" ; {marker}" if marker else "")
    return Pin(name, version, marker, " \\\n    ".join([first, *(f"--hash={each}" for each in hashes)]))
