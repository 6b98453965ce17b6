"""Wheels in a folder, so that uv needs no index: tiny ones written here, and those of installed distributions."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping, Set
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PURE = b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def write_wheel(folder: Path, name: str, version: str, source: str = "", requires: tuple[str, ...] = ()) -> Path:
    """A wheel with one module of this source, and `__version__`."""
    information = f"{name}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {each}\n" for each in requires)
    files = {
        f"{name}.py": f"__version__ = {version!r}\n{source}".encode(),
        f"{information}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}".encode(),
        f"{information}/WHEEL": PURE,
    }
    return _write(folder / f"{name}-{version}-py3-none-any.whl", information, files)


def write_installed(folder: Path, requirements: tuple[str, ...]) -> None:
    """A wheel of each installed distribution that these requirements need. Its code stays where it is installed: the
    wheel has a line that puts a folder on the import path in which there are links to this distribution only."""
    whole = list(_closure(requirements))
    names = {canonicalize_name(each.metadata["Name"]) for each in whole}
    for found in whole:
        name, version = canonicalize_name(found.metadata["Name"]).replace("-", "_"), found.version
        links = folder / "links" / name
        links.mkdir(parents=True)
        for top in {str(file).partition("/")[0] for file in found.files or () if _is_code(str(file))}:
            (links / top).symlink_to(Path(str(found.locate_file(top))).resolve())
        information = f"{name}-{version}.dist-info"
        text = found.read_text("METADATA") or ""
        files = {
            f"{name}.pth": f"{links}\n".encode(),
            f"{information}/METADATA": _without_others(text, names).encode(),
            f"{information}/WHEEL": PURE,
        }
        _write(folder / f"{name}-{version}-py3-none-any.whl", information, files)


def _closure(requirements: tuple[str, ...]) -> Iterator[metadata.Distribution]:
    seen: set[tuple[str, str]] = set()
    open_ones = [Requirement(each) for each in requirements]
    while open_ones:
        wanted = open_ones.pop()
        found = metadata.distribution(wanted.name)
        for each in ["", *wanted.extras]:
            key = canonicalize_name(wanted.name), each
            if key in seen:
                continue
            seen.add(key)
            inside = [Requirement(text) for text in found.requires or ()]
            open_ones += [need for need in inside if need.marker is None or need.marker.evaluate({"extra": each})]
            if not each:
                yield found


def _without_others(text: str, names: Set[str]) -> str:
    """The metadata without needs that nobody has here, such as those on other systems."""
    head = "Requires-Dist: "
    return "\n".join(
        line
        for line in text.splitlines()
        if not line.startswith(head) or canonicalize_name(Requirement(line.removeprefix(head)).name) in names
    )


def _is_code(name: str) -> bool:
    return not name.startswith(("..", "__pycache__")) and ".dist-info/" not in name


def _write(target: Path, information: str, files: Mapping[str, bytes]) -> Path:
    rows = io.StringIO()
    record = csv.writer(rows)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record.writerow([name, f"sha256={digest}", len(data)])
            archive.writestr(name, data)
        record.writerow([f"{information}/RECORD", "", ""])
        archive.writestr(f"{information}/RECORD", rows.getvalue())
    return target
