"""Events, triggers and what they did."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

FiringState = Literal["pending", "refused", "running", "done", "failed"]


class EventPattern(Struct, frozen=True):
    """Which events are meant: their kind, and the name of what they happened to."""

    kind: str
    subject: str


class Event(Struct, frozen=True):
    """Something that happened, written in the same transaction as the fact, and a link of the audit chain.

    `hash` is SHA-256 over the previous event's hash and this event's canonical JSON.
    """

    seq: int
    at: datetime
    actor: str
    kind: str
    subject: str
    detail: dict[str, Any]
    hash: str


class TriggerSpec(Struct, frozen=True):
    """When an event of this kind happens to this subject, do the action. `every` waits for that much event time."""

    name: str
    event: str
    subject: str
    action: str
    target: str
    every: str | None = None
    arguments: dict[str, Any] = {}
    paused: bool = False


class Firing(Struct, frozen=True):
    """One event that met one trigger, and what came of it. The pair (trigger, event) fires exactly once."""

    id: str
    trigger: str
    event: int
    state: FiringState
    created_at: datetime
    partition: str = ""
    reason: str = ""
    run: str | None = None
    attempts: int = 0
    ended_at: datetime | None = None
