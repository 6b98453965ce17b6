"""Models: versions, gates and approvals."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

from trivium.values.alerts import CheckResult
from trivium.values.shown import Shown
from trivium.values.tables import Column

Decision = Literal["approved", "overridden"]


class Metric(Struct, frozen=True):
    """A metric of a model on a slice of an evaluation set, with its 95 % interval. `slice` "" is all rows."""

    name: str
    value: float
    rows: int
    slice: str = ""
    low: float | None = None
    high: float | None = None


class Report(Struct, Shown, frozen=True):
    """An evaluation: metrics of the model and of a simple baseline on one pinned set of rows."""

    model: str
    rows_digest: str
    rows: int
    target: str
    window: tuple[str, str] | None
    metrics: tuple[Metric, ...]
    baseline: tuple[Metric, ...]
    facts: dict[str, Any] = {}


class ModelVersion(Struct, frozen=True):
    """A registered model. `artifact` is the digest of its manifest; `report` the digest of its evaluation."""

    name: str
    version: int
    artifact: str
    report: str
    run: str | None
    author: str
    registered_at: datetime
    signature: tuple[Column, ...]
    metrics: dict[str, float]
    aliases: tuple[str, ...] = ()
    score: float | None = None
    description: str = ""


class Gate(Struct, frozen=True):
    """The verdict of a release gate on one model version: every check with its result."""

    model: str
    version: int
    passed: bool
    results: tuple[CheckResult, ...]
    against: int | None
    judged_at: datetime


class Approval(Struct, frozen=True):
    """A person's decision to let a model version go live. Overriding a failed gate is possible, loud and recorded."""

    model: str
    version: int
    decision: Decision
    actor: str
    because: str
    decided_at: datetime


class AliasChange(Struct, frozen=True):
    """Which version an alias named from when on, by whom and why: "what was live at time T"."""

    model: str
    alias: str
    version: int | None
    actor: str
    because: str
    changed_at: datetime


class Evidence(Struct, frozen=True):
    """A dated statement or measurement that the score may count (a drill, a review, a reproduction)."""

    model: str
    test: str
    automated: bool
    statement: str
    actor: str
    recorded_at: datetime
    link: str = ""
