"""Runs of pipelines, their tasks, and what they read and wrote."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

from trivium.values.shown import Shown

RunStatus = Literal["running", "cancelling", "succeeded", "failed", "cancelled", "refused"]
TaskStatus = Literal["running", "executed", "cached", "failed", "cancelled", "mapped", "joined", "skipped"]


class ArtifactRef(Struct, frozen=True):
    """A stored value: its kind ("frame", "json", "model", ...), content digest, and small facts of it."""

    kind: str
    digest: str
    bytes: int = 0
    facts: dict[str, Any] = {}


class TableInput(Struct, frozen=True):
    """The exact table version that a run read."""

    table: str
    version: int
    digest: str


class Code(Struct, frozen=True):
    """Where the code of a run came from: digest of its source, and the commit when there is one.

    kept: the digest of the archive that holds it. patch: the digest of what differs from the commit, as `git apply`
    reads it; "" when nothing does. note: what could not be kept, and why.
    """

    digest: str
    file: str = ""
    git_commit: str | None = None
    dirty: bool = False
    kept: str = ""
    patch: str = ""
    note: str = ""


class Environment(Struct, frozen=True):
    """What the code ran in: the digest covers Python and every installed distribution.

    lock: of a task's own environment, the digest of the blob with its lock, which is then what the digest covers.
    image: the name of its container image on clusters.
    """

    digest: str
    python: str
    packages: dict[str, str]
    platform: str = ""
    lock: str = ""
    image: str = ""


class Run(Struct, Shown, frozen=True):
    """One execution of a pipeline. `key` makes it idempotent: the same key names the same run for ever.

    `sources` says where parameters came from, by their paths: {"model.depth": "--set model.depth"}. saved: seconds that
    the executions took whose results were reused.
    """

    id: str
    pipeline: str
    status: RunStatus
    parameters: dict[str, Any]
    inputs: tuple[TableInput, ...]
    code: Code
    environment: str
    actor: str
    started_at: datetime
    key: str | None = None
    trigger: str | None = None
    ended_at: datetime | None = None
    executed: int = 0
    cached: int = 0
    skipped: int = 0
    metrics: dict[str, float] = {}
    tags: dict[str, str] = {}
    error: str | None = None
    sources: dict[str, str] = {}
    saved: float = 0.0


class FailedAttempt(Struct, frozen=True):
    """An attempt of a task that failed, before another one: which it was, counted from 1, and why."""

    number: int
    error: str
    ended_at: datetime


class TaskRun(Struct, frozen=True):
    """One task of one run. `node` is its place in the graph ("train", "train-2", "score[17]" for the 18th item of a
    map); `reason` says why it ran. "mapped" is the record of a whole map, whose items have records of their own;
    "joined" is that of `when`, which has the outputs of the branch that was taken; what is in the other is "skipped".

    `parts` is the digest of a blob that holds what the cache key was made of. `attempts` are those before the last.
    `secrets` are the names of those that it was given; a reused task was given none. `environment` is the digest of its
    own one, "" where it had that of the run.
    """

    run: str
    node: str
    task: str
    key: str
    status: TaskStatus
    started_at: datetime
    ended_at: datetime | None = None
    outputs: tuple[ArtifactRef, ...] = ()
    upstream: tuple[str, ...] = ()
    reason: str = ""
    error: str | None = None
    log: str = ""
    parts: str = ""
    attempts: tuple[FailedAttempt, ...] = ()
    secrets: tuple[str, ...] = ()
    environment: str = ""


class MetricPoint(Struct, frozen=True):
    """One value of one metric of a run at a step."""

    run: str
    name: str
    value: float
    step: int
    at: datetime
