"""The environment that a run is on record with, built again as far as its packages can be had."""

from __future__ import annotations

import re
import tempfile
from contextlib import suppress
from importlib import metadata
from pathlib import Path

from msgspec import Struct

from trivium.errors import EnvironmentUnavailable, Misuse
from trivium.pipelines.environments.build import build_environment
from trivium.pipelines.environments.lock import canonical_name, locked_environment, pinned
from trivium.pipelines.environments.resolve import compile_lock
from trivium.pipelines.environments.runtime import NAME, needs_of_trivium
from trivium.store.store import Store
from trivium.values.runs import Environment

ORIGIN = "direct_url.json"  # of what was not installed from an index (PEP 610)
LEADING = re.compile(r"[A-Za-z0-9._-]+")


class Restored(Struct, frozen=True):
    """An environment that is built, its interpreter, and what of the recorded one could not be had."""

    environment: Environment
    python: str
    notes: tuple[str, ...] = ()


def restore_environment(recorded: Environment, store: Store) -> Restored:
    """The recorded packages and Python are built as an environment, under this Trivium. What no index has is left out
    and named, as is what was installed from a folder or an address: its name may be somebody else's on an index.

    Raises EnvironmentUnavailable when nothing can be built, MissingExtra without uv.
    """
    local = _from_elsewhere()
    packages = {name: version for name, version in recorded.packages.items() if name not in (*local, NAME)}
    notes = [
        f"{name} {version} was not installed from an index, so it is left out"
        for name, version in recorded.packages.items()
        if name in local and name != NAME
    ]
    text, lost = _lock(packages, recorded.python, store)
    notes += [f"{name} {packages[name]} cannot be had any more" for name in lost]
    wanted = locked_environment(text, recorded.python, "", store.blobs.put(text.encode()))
    try:
        return Restored(wanted, str(build_environment(wanted, store)), tuple(notes))
    except EnvironmentUnavailable as error:
        minor = recorded.python.rpartition(".")[0]
        if not str(error).startswith(f"Python {recorded.python}"):
            raise
        nearest = locked_environment(text, minor, "", wanted.lock)
        notes.append(f"Python {recorded.python} cannot be had, so that it is the {minor} that is here")
        return Restored(nearest, str(build_environment(nearest, store)), tuple(notes))


def _lock(packages: dict[str, str], python: str, store: Store) -> tuple[str, list[str]]:
    """The lock of these packages, and those that there are no files of."""
    lost: list[str] = []
    while True:
        kept = {name: version for name, version in packages.items() if name not in lost}
        more = [need for need in needs_of_trivium() if _name(need) not in kept]
        try:
            return _compile([*pinned(kept), *more], lost, python, store, alone=not more), lost
        except EnvironmentUnavailable as error:
            named = [name for name in kept if re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", str(error))]
            if not named or "No solution found" not in str(error):
                raise
            lost += named


def _compile(requirements: list[str], lost: list[str], python: str, store: Store, *, alone: bool) -> str:
    """The lock. alone: of these and nothing that they need, which is what was installed, whether it fitted or not."""
    doing, root = "The packages of the run cannot be locked", store.settings.root
    if alone:
        with suppress(Misuse):  # uv looks for hashes of wheels in a folder only where it reads their needs
            return compile_lock(requirements, python, root, doing, options=("--no-deps",))
    with tempfile.TemporaryDirectory(prefix="trivium-lock-") as place:
        overrides = Path(place) / "overrides.txt"
        never = [f"{name} ; python_version < '0'" for name in lost]
        overrides.write_text("".join(f"{each}\n" for each in [*requirements, *never]))
        return compile_lock(requirements, python, root, doing, options=("--overrides", str(overrides)))


def _from_elsewhere() -> set[str]:
    return {
        canonical_name(each.metadata["Name"])
        for each in metadata.distributions()
        if each.metadata["Name"] and each.read_text(ORIGIN)
    }


def _name(requirement: str) -> str:
    found = LEADING.match(requirement)
    return canonical_name(found[0]) if found else ""
