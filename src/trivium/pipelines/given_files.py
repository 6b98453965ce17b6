"""The files that tasks of a run were given by their paths: where a reproduction finds them, and what is in them now."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from trivium.errors import CacheKeyError
from trivium.pipelines.cache_key import decode_parts
from trivium.pipelines.path_content import digest_path
from trivium.store.store import Store
from trivium.values.runs import Run, TaskRun

MOST_TOLD = 5


class GivenFiles(Struct, frozen=True):
    """links: where those lie whose paths were relative, by the path. notes: what is not as it was, in words."""

    links: dict[str, str]
    notes: tuple[str, ...]


def find_given_files(store: Store, run: Run) -> GivenFiles:
    """Those of every task of the run that has a key; relative paths are taken from the project's folder."""
    links, notes = {}, []
    for name, digest in list_given_files(store, store.catalog.runs.list_tasks(run.id)).items():
        place = store.settings.root / name
        try:
            now = digest_path(place)
        except CacheKeyError as error:
            notes.append(str(error))
            continue
        if now is None:
            notes.append(f"{name} is not there any more")
        elif now != digest:
            notes.append(f"{name} holds something else by now: {digest[:12]} then, {now[:12]} now")
        if now is not None and not Path(name).is_absolute() and ".." not in Path(name).parts:
            links[name] = str(place)
    more = [f"and {len(notes) - MOST_TOLD} more files are not as they were"] if len(notes) > MOST_TOLD else []
    return GivenFiles(links, (*notes[:MOST_TOLD], *more))


def list_given_files(store: Store, tasks: Iterable[TaskRun]) -> dict[str, str]:
    """The path of each, as it was written, and the digest of what was in it."""
    keys = {task.parts for task in tasks if task.parts}
    found = [decode_parts(store.blobs.get(each)) for each in sorted(keys) if store.blobs.has(each)]
    return {path: digest for parts in found if parts is not None for path, digest in parts.files.items()}
