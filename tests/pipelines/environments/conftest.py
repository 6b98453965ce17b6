"""A folder of wheels in place of an index, and a cache of its own for everything that is built."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.pipelines.environments.wheels import write_installed, write_wheel

from trivium.pipelines.environments.runtime import needs_of_trivium

CONFIG = """no-index = true
offline = true
python-downloads = "never"
find-links = ["{wheels}"]
"""


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Trivium needs, as it is installed here, and two small packages."""
    folder = tmp_path_factory.mktemp("wheels")
    write_installed(folder, needs_of_trivium())
    write_wheel(folder, "tvgreeting", "1.0", "WORD = 'hello'")
    write_wheel(folder, "tvgreeting", "2.0", "WORD = 'good day'")
    write_wheel(folder, "tvstubborn", "1.0", requires=("tvgreeting<2",))
    return folder


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def index(wheels: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """uv sees the wheels and nothing else, until this is called with another folder. What is built stays."""

    def see(folder: Path) -> None:
        config = tmp_path / "uv.toml"
        config.write_text(CONFIG.format(wheels=folder))
        monkeypatch.setenv("UV_CONFIG_FILE", str(config))

    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    see(wheels)
    return see
