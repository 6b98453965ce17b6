from __future__ import annotations

import pytest

from trivium.errors import Misuse
from trivium.pipelines.environments.lock import lock_text, locked_environment, merge, packages_of, parse_lock

A, B = "a" * 64, "b" * 64
LOCK = f"""
# by somebody
Zope.Interface==5.0 \\
    --hash=sha256:{B} \\
    --hash=sha256:{A}
    # via something
numpy==2.0 ; python_full_version < '3.12' --hash=sha256:{A}
numpy==2.1 ; python_full_version >= '3.12' --hash=sha256:{B}
"""


def test_a_lock_has_one_form_whatever_wrote_it() -> None:
    pins = parse_lock(LOCK, "it")
    assert lock_text(pins) == lock_text(parse_lock(lock_text(pins), "it"))
    assert lock_text(pins).splitlines()[-3:] == [
        "zope-interface==5.0 \\",
        f"    --hash=sha256:{A} \\",
        f"    --hash=sha256:{B}",
    ]


def test_packages_of_a_lock_have_all_versions_that_markers_choose_from() -> None:
    assert packages_of(parse_lock(LOCK, "it")) == {"numpy": "2.0 or 2.1", "zope-interface": "5.0"}


def test_the_digest_of_a_locked_environment_is_this() -> None:
    text = lock_text(parse_lock(LOCK, "it"))
    found = locked_environment(text, "3.12", "", "blob")
    assert found.digest == "0bdf764a901a52c707ffa1db5df2259074067e420c8c6c79c8c5464d657a02f9"
    assert found.digest != locked_environment(text, "3.11", "", "blob").digest
    assert found.digest != locked_environment(text, "3.12", "image", "blob").digest


def test_a_lock_without_hashes_is_refused_by_package() -> None:
    with pytest.raises(Misuse, match=r"mine: six==1\.0 has no hash"):
        parse_lock("six==1.0\n", "mine")


@pytest.mark.parametrize(
    "line", ["six>=1.0", "-e .", "--index-url https://ada:hunter2@x/simple", "-r other.txt", "./six.whl"]
)
def test_what_is_no_pin_is_refused(line: str) -> None:
    with pytest.raises(Misuse, match="is not `name==version`") as refused:
        parse_lock(f"{line} --hash=sha256:{A}\n", "mine")
    assert "hunter2" not in str(refused.value)


def test_an_address_with_a_password_is_not_repeated() -> None:
    with pytest.raises(Misuse) as refused:
        parse_lock(f"six @ https://ada:hunter2@x/six.whl --hash=sha256:{A}", "mine")
    assert "'six'" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_given_pins_stay_as_they_are_and_others_are_added() -> None:
    given = parse_lock(f"six==1.0 --hash=sha256:{A}", "mine")
    resolved = parse_lock(f"six==1.0 --hash=sha256:{A} --hash=sha256:{B}\nattrs==2 --hash=sha256:{B}", "uv's")
    assert [pin.text.count("--hash") for pin in merge(given, resolved)] == [1, 1]
    assert [pin.name for pin in merge(given, resolved)] == ["attrs", "six"]
