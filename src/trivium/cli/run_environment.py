"""What runs and their tasks ran in, as the terminal shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trivium.errors import NotFound
from trivium.store.store import Store
from trivium.values.runs import Environment, TaskRun


def environment_of(store: Store, run: str, node: str | None) -> Environment:
    """The environment of the run; of one of its tasks, its own where it has one. Raises NotFound."""
    found = store.catalog.runs.get_run(run)
    task = store.catalog.runs.find_task(found.id, node) if node else None
    if node and task is None:
        raise NotFound(f"Run {found.id} has no task {node!r}; `trivium runs show {found.id}` lists them.")
    return store.catalog.runs.get_environment(task.environment if task and task.environment else found.environment)


def own_environments(store: Store, tasks: Sequence[TaskRun]) -> dict[str, dict[str, Any]]:
    """{task: the digest, Python, packages and image of its own environment} of those that have one."""
    digests = {task.node: task.environment for task in tasks if task.environment and not task.node.endswith("]")}
    known = {digest: store.catalog.runs.get_environment(digest) for digest in set(digests.values())}
    return {
        node: {
            "digest": digest,
            "python": known[digest].python,
            "packages": len(known[digest].packages),
            "lock": known[digest].lock,
            "image": known[digest].image,
        }
        for node, digest in digests.items()
    }


def environment_line(node: str, facts: dict[str, Any]) -> str:
    """The same for people."""
    image = f", image {facts['image']}" if facts["image"] else ""
    return f"{node}: {facts['digest'][:12]} (Python {facts['python']}, {facts['packages']} packages{image})"
