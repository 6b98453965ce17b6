"""Modules that cannot travel by value, and are not any more what the cache key was made of."""

from __future__ import annotations

from collections.abc import Sequence

from trivium.digest import digest_of
from trivium.errors import CacheKeyError
from trivium.pipelines.attempt import Attempt
from trivium.pipelines.executors.transport import OtherCode
from trivium.pipelines.reach import reach

WHOLE = "module "


def whole_modules(attempt: Attempt) -> dict[str, str]:
    """The modules that count whole for the task, because it imports them inside of a function or hands them on, by
    name, with their digests: whatever travels by value, `import` elsewhere would find those that are there."""
    return _whole(_code_here(attempt))


def changed_modules(attempt: Attempt, found: OtherCode) -> Sequence[str]:
    """Those of them that are others in the process that answers so."""
    here = _code_here(attempt)
    modules, there = _whole(here), dict(found.code)
    if digest_of("code", here) == attempt.code:
        modules = {name: digest for name, digest in modules.items() if there.get(name, digest) != digest}
    return sorted(name.removeprefix(WHOLE) for name in modules)


def _code_here(attempt: Attempt) -> tuple[tuple[str, str], ...]:
    try:
        return reach(attempt.task.function).code
    except CacheKeyError:
        return ()


def _whole(code: tuple[tuple[str, str], ...]) -> dict[str, str]:
    return {name: digest for name, digest in code if name.startswith(WHOLE)}


def tell_changed(attempt: Attempt, modules: Sequence[str]) -> str:
    """Why the task was not run."""
    names = ", ".join(repr(name) for name in modules)
    return (
        f"module {names} was changed while the run is on, and {attempt.task.name!r} imports it while it runs, so the "
        "code that its cache key was made of is gone. Resume the run: it takes the code as it is then"
    )
