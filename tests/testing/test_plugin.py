"""What pytest learns from Trivium, tried in a pytest of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.test_public_names import HEAVY

import trivium.testing

TEST = """
import trivium as tv
from trivium.testing import golden

flights = tv.Table("flights", watch="off")

@tv.task
def double(numbers: list[float]) -> list[float]:
    return [2 * each for each in numbers]

def test_a_table(trivium_store):
    flights.append([{"a": 1}])
    assert flights.get_latest().version == 1

def test_doubling():
    golden(double, "golden/double.json", inputs={"one": {"numbers": [1.0]}})
"""


def run_pytest(folder: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *flags]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_importing_the_plugin_loads_nothing_heavy() -> None:
    script = "import sys, trivium.testing.plugin; print(' '.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert not set(loaded) & set(HEAVY)


def test_a_user_gets_the_fixture_and_the_flag_by_installing_trivium(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(TEST)
    before = run_pytest(tmp_path)
    assert before.returncode == 1
    assert "There is no file golden/double.json" in before.stdout
    assert run_pytest(tmp_path, "--trivium-update-golden").returncode == 0
    after = run_pytest(tmp_path)
    assert after.returncode == 0, after.stdout
    assert not (tmp_path / ".trivium").exists()


def test_type_checkers_see_the_same_names() -> None:
    source = Path(trivium.testing.__file__).read_text(encoding="utf-8")
    seen = {
        name: home for home, name in re.findall(r"^    from (\S+) import \w+ as (\w+)$", source, flags=re.MULTILINE)
    }
    assert seen == trivium.testing.HOMES
