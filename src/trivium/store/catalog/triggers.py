"""What the catalog remembers of triggers."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from trivium.values.events import Firing, FiringState, TriggerSpec


class Triggers(Protocol):
    """Triggers and their firings. Guarantees: a (trigger, event) pair fires once, however many workers look."""

    def declare(self, spec: TriggerSpec, *, actor: str) -> TriggerSpec:
        """The trigger exists with this declaration. Events before its first declaration do not fire it."""

    def pause(self, name: str, *, paused: bool, actor: str) -> TriggerSpec:
        """The trigger is paused, or goes on."""

    def get_trigger(self, name: str) -> TriggerSpec:
        """A trigger by name. Raises NotFound."""

    def list_triggers(self) -> list[TriggerSpec]:
        """Every trigger, by name."""

    def cursor(self, name: str) -> int:
        """The last event that this trigger has looked at."""

    def fire(self, name: str, event: int, firing: Firing | None) -> Firing | None:
        """The trigger has looked at the event, and fires when `firing` is given. Returns the stored firing."""

    def update_firing(
        self, firing_id: str, *, state: FiringState, reason: str, run: str | None, at: datetime | None
    ) -> Firing:
        """The firing is in this state, with the reason."""

    def list_firings(self, *, trigger: str | None = None, state: str | None = None, limit: int = 100) -> list[Firing]:
        """Firings, newest first."""
