"""From what a task asks for to a lock: resolved once, then remembered, so that it does not drift."""

from __future__ import annotations

import platform
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from trivium.digest import digest_of
from trivium.errors import Misuse
from trivium.pipelines.environments.lock import lock_text, locked_environment, merge, parse_lock
from trivium.pipelines.environments.runtime import needs_of_trivium
from trivium.pipelines.environments.spec import find_spec, with_lock_path
from trivium.pipelines.environments.uv import run_uv
from trivium.store.store import Store
from trivium.values.environments import EnvironmentSpec
from trivium.values.runs import Environment

EVENT = "environment.locked"
COMPILE = ("--universal", "--generate-hashes", "--no-header", "--no-annotate", "--no-python-downloads")


class Wanted(Struct, frozen=True):
    """A specification with all that its lock hangs on. given: the text of the lock that it names.

    needs: what Trivium needs beside it.
    """

    spec: EnvironmentSpec
    python: str
    given: str
    needs: tuple[str, ...]

    @property
    def subject(self) -> str:
        """What its lock is remembered under; the needs of another Trivium don't make it another environment."""
        return digest_of("environment spec", [sorted(self.spec.requirements), self.python, self.given, self.spec.image])


def resolve_environment(asked: EnvironmentSpec | str, store: Store, *, upgrade: bool = False) -> Environment:
    """The environment with its lock, on record in the catalog: the remembered one, resolved anew only to `upgrade`.

    Raises NotFound for an unknown name, Misuse for a lock that cannot be used, EnvironmentUnavailable when the
    requirements cannot be resolved, MissingExtra without uv.
    """
    wanted = wanted_of(asked, store)
    before = find_lock(wanted.subject, store)
    if before is not None and before[1] == list(wanted.needs) and not upgrade:
        return store.catalog.runs.get_environment(before[0])
    kept = "" if upgrade or before is None else lock_of(store.catalog.runs.get_environment(before[0]), store)
    text = _resolve(wanted, kept, store.settings.root)
    found = locked_environment(text, wanted.python, wanted.spec.image, store.blobs.put(text.encode()))
    store.catalog.runs.record_environment(found)
    detail = {"environment": found.digest, "needs": list(wanted.needs), "packages": found.packages}
    store.catalog.events.append(EVENT, wanted.subject, detail, actor=store.actor)
    return found


def find_lock(subject: str, store: Store) -> tuple[str, list[str]] | None:
    """(digest of the environment, needs of Trivium) that were remembered last; None when its lock is gone, too."""
    events = store.catalog.events.list_events(kind=EVENT, subject=subject)
    if not events:
        return None
    detail = events[-1].detail
    environment = store.catalog.runs.get_environment(detail["environment"])
    return (environment.digest, detail["needs"]) if store.blobs.has(environment.lock) else None


def lock_of(environment: Environment, store: Store) -> str:
    """The text of its lock; "" for one that has none, because it is that of a whole process."""
    return store.blobs.get(environment.lock).decode() if environment.lock else ""


def compile_lock(
    requirements: Sequence[str], python: str, root: Path, doing: str, *, before: str = "", options: Sequence[str] = ()
) -> str:
    """The lock of these requirements, as close to the lock `before` as they allow. options: of `uv pip compile`.

    Raises EnvironmentUnavailable, and Misuse where uv knows no hashes.
    """
    with tempfile.TemporaryDirectory(prefix="trivium-lock-") as place:
        wanted, lock = Path(place) / "requirements.in", Path(place) / "lock.txt"
        wanted.write_text("".join(f"{each}\n" for each in requirements))
        lock.write_text(before)
        asked = ["pip", "compile", str(wanted), "--output-file", str(lock), "--python-version", python]
        run_uv([*asked, "--python", sys.executable, *COMPILE, *options], root, doing)
        return lock_text(parse_lock(lock.read_text(), "uv's lock"))


def wanted_of(asked: EnvironmentSpec | str, store: Store) -> Wanted:
    """What its lock hangs on. Raises NotFound for an unknown name, Misuse for a lock that cannot be used."""
    spec = with_lock_path(find_spec(asked, store.settings), store.settings.root)
    given = ""
    if spec.lock:
        try:
            given = lock_text(parse_lock(Path(spec.lock).read_text(encoding="utf-8"), f"The lock {spec.lock}"))
        except (OSError, UnicodeDecodeError) as error:
            raise Misuse(f"The lock {spec.lock} cannot be read: {error}.") from None
    python = spec.python or ".".join(platform.python_version_tuple()[:2])
    return Wanted(spec, python, given, needs_of_trivium())


def _resolve(wanted: Wanted, before: str, root: Path) -> str:
    needs = wanted.needs
    if wanted.given:
        given = parse_lock(wanted.given, "The lock")
        lines = [pin.text.partition(" \\")[0] for pin in given]
        doing = f"The lock {wanted.spec.lock} cannot be completed by what Trivium needs"
        text = compile_lock([*lines, *needs], wanted.python, root, doing, before=before)
        return lock_text(merge(given, parse_lock(text, "uv's lock")))
    named = ", ".join(wanted.spec.requirements) or "nothing else"
    doing = f"The environment of {named} for Python {wanted.python} cannot be resolved (with what Trivium itself needs)"
    return compile_lock([*wanted.spec.requirements, *needs], wanted.python, root, doing, before=before)
