"""An objective on a check: how often it has to pass, and who answers for that."""

from __future__ import annotations

from msgspec.structs import replace

from trivium.values.objectives import parse_objective
from trivium.values.tables import CheckSpec


def objective(check: CheckSpec, objective: str, *, owner: str | None = None) -> CheckSpec:
    """The check, with the share of days (hours, partitions) on which it has to pass: "99 % of days in 30 d".

    What may fail is its error budget: `trivium tables objectives` shows what is left of it, and there is an event when
    it is exhausted. owner: who answers for it (None: whom the check names).
    Raises Misuse for another form of the text.
    """
    parse_objective(objective)
    return replace(check, objective=objective, owner=owner or check.owner)
