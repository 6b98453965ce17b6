"""What is installed is found as `importlib.metadata` finds it, whatever its form."""

from __future__ import annotations

import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from trivium.pipelines.installed import installed

USUAL = "Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nName: body\nVersion: 9\n"


def found_in(*places: Path) -> dict[str, str]:
    """As the environment of a run is made of it: of several of one name, the last counts."""
    return dict(installed([str(place) for place in places]))


def told_by_python(*places: Path) -> dict[str, str]:
    """The same by the standard library."""
    return {each.metadata["Name"]: each.version for each in metadata.distributions(path=[str(each) for each in places])}


def make(place: Path, file: str, text: str) -> None:
    path = place / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_all_that_is_installed_here_is_found() -> None:
    places = [Path(each) for each in sys.path]
    assert found_in(*places) == told_by_python(*places)
    assert "msgspec" in found_in(*places)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("plain-1.0.dist-info/METADATA", USUAL.format(name="plain", version="1.0")),
        ("old-1.0.egg-info/PKG-INFO", USUAL.format(name="old", version="1.0")),
        ("older-1.0.egg-info", USUAL.format(name="older", version="1.0")),
        ("packed.egg/EGG-INFO/PKG-INFO", USUAL.format(name="packed", version="1.0")),
        ("odd-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nNAME: odd\nversion: 1.0\n\nName: body\n"),
        ("windows-1.0.dist-info/METADATA", USUAL.format(name="windows", version="1.0").replace("\n", "\r\n")),
        ("long-1.0.dist-info/METADATA", f"Keywords: {'x' * 20_000}\n" + USUAL.format(name="long", version="1.0")),
    ],
)
def test_metadata_of_every_form_is_read_as_what_it_is(tmp_path: Path, file: str, text: str) -> None:
    make(tmp_path, file, text)
    place = tmp_path / "packed.egg" if file.startswith("packed") else tmp_path
    assert found_in(place) == told_by_python(place) == {file.split("-", maxsplit=1)[0].split(".", maxsplit=1)[0]: "1.0"}


def test_of_several_versions_the_same_counts_as_in_python(tmp_path: Path) -> None:
    for version in ("1.0", "2.0", "3.0"):
        make(tmp_path, f"twice-{version}.dist-info/METADATA", USUAL.format(name="twice", version=version))
        make(tmp_path / "other", f"twice-{version}0.dist-info/METADATA", USUAL.format(name="twice", version=version))
    places = (tmp_path, tmp_path / "other")
    assert found_in(*places) == told_by_python(*places)


def test_what_is_in_an_archive_is_found(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("zipped-1.0.dist-info/METADATA", USUAL.format(name="zipped", version="1.0"))
    assert found_in(tmp_path / "all.zip") == {"zipped": "1.0"}


def test_a_place_that_is_not_there_has_nothing(tmp_path: Path) -> None:
    assert found_in(tmp_path / "nowhere") == {}


def test_what_another_finder_offers_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    make(tmp_path, "elsewhere/METADATA", USUAL.format(name="elsewhere", version="1.0"))

    class Finder:
        """Knows of a distribution that is in no folder of the path."""

        @staticmethod
        def find_spec(*_: object) -> None:
            return None

        @staticmethod
        def find_distributions(*_: object) -> list[metadata.Distribution]:
            return [metadata.Distribution.at(tmp_path / "elsewhere")]

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder])
    assert found_in(tmp_path) == {"elsewhere": "1.0"}
