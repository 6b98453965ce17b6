"""What a check found, and the alert that a person answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

from trivium.values.shown import Shown
from trivium.values.tables import Severity, State

AlertState = Literal["open", "resolved"]
Finding = Literal["true_alarm", "false_alarm"]


class CheckResult(Struct, frozen=True):
    """One check on one partition. `surprise` is in units of the check's own alarm threshold (1.0 = just alarming)."""

    check: str
    kind: str
    column: str | None
    partition: str
    passed: bool
    severity: Severity
    message: str
    observed: float | str | None = None
    expected: str = ""
    surprise: float | None = None
    failing_rows: int = 0
    examples: tuple[dict[str, Any], ...] = ()
    evidence: dict[str, Any] = {}


class ColumnProfile(Struct, frozen=True):
    """What one column of one partition looks like: named scalars, and the shares of its most frequent values.

    shapes: the shares of the forms that its texts have, "A-9" for "AB-12". sketch: a byte for each of up to 256 rows.
    """

    name: str
    type: str
    facts: dict[str, float]
    top: dict[str, float] = {}
    shapes: dict[str, float] = {}
    sketch: bytes = b""


class Relation(Struct, frozen=True, order=True):
    """How columns hang together. kind: "undetermined", the share of rows to leave out so that all columns but the last
    determine the last; "rank_correlation" of two columns; "null_mismatch", the share of rows where only one is null."""

    kind: str
    columns: tuple[str, ...]


class RelationProfile(Struct, frozen=True):
    """A relation of columns in one partition, as a number."""

    relation: Relation
    value: float


class Profile(Struct, frozen=True):
    """What one partition looks like. `facts` are about the rows as a whole (their number, duplicates)."""

    table: str
    partition: str
    rows: int
    columns: tuple[ColumnProfile, ...]
    facts: dict[str, float] = {}
    relations: tuple[RelationProfile, ...] = ()


class Judgement(Struct, frozen=True):
    """One partition of one commit: its profile, every check's result, and the state that follows."""

    partition: str
    state: State
    profile: Profile
    results: tuple[CheckResult, ...]


class Alert(Struct, Shown, frozen=True):
    """A check that failed, about one column of one partition, with evidence and a person's verdict.

    Until `muted_until` nobody is told of it. Muted or not, what it blocks stays blocked.
    """

    id: str
    table: str
    column: str | None
    partition: str
    check: str
    kind: str
    severity: Severity
    state: AlertState
    message: str
    evidence: dict[str, Any]
    commit: str | None
    opened_at: datetime
    resolved_at: datetime | None = None
    resolved_because: str | None = None
    verdict: Finding | None = None
    verdict_by: str | None = None
    verdict_because: str | None = None
    muted_until: datetime | None = None

    def is_muted(self, now: datetime) -> bool:
        """Whether nobody is to be told of it at this moment."""
        return self.muted_until is not None and now < self.muted_until


class AlertCount(Struct, frozen=True):
    """How many alerts of one kind about one column (None: about no single one) have this verdict, or none."""

    table: str
    column: str | None
    kind: str
    verdict: Finding | None
    alerts: int
