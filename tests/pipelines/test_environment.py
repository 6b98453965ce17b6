from __future__ import annotations

from pathlib import Path

from trivium.pipelines.environment import (
    changed_packages,
    current_environment,
    is_vendored,
    make_environment,
)


def test_the_digest_of_an_environment_is_this() -> None:
    made = make_environment("3.12.1", {"polars": "1.30", "numpy": "2.1"}, "Linux x86_64")
    assert made.digest == "b1a0ab6461ce9926a762598ad25befd58be9bb69b970db9591b1cf25d73c92a5"


def test_the_order_of_packages_and_the_machine_are_not_part_of_the_digest() -> None:
    one = make_environment("3.12.1", {"a": "1", "b": "2"}, "Linux")
    assert one.digest == make_environment("3.12.1", {"b": "2", "a": "1"}, "Darwin").digest
    assert one.digest != make_environment("3.12.2", {"b": "2", "a": "1"}).digest


def test_the_environment_of_this_process_knows_its_packages() -> None:
    found = current_environment()
    assert found.packages["msgspec"]
    assert current_environment() is found


def test_changed_packages_name_both_versions() -> None:
    old, new = make_environment("3.12", {"a": "1"}), make_environment("3.13", {"b": "2"})
    assert changed_packages(old, new) == {
        "a": ("1", "absent"),
        "b": ("absent", "2"),
        "python": ("3.12", "3.13"),
    }


def test_packages_inside_of_a_package_are_its_own_affair(tmp_path: Path) -> None:
    inside = tmp_path / "site-packages" / "big" / "vendored"
    inside.mkdir(parents=True)
    (inside.parent / "__init__.py").touch()
    assert is_vendored(str(inside))
    assert not is_vendored(str(tmp_path / "site-packages"))
