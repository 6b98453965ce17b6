"""Endpoints: a model behind a door, and how its traffic is divided."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

from trivium.values.tables import CheckSpec

Role = Literal["champion", "shadow", "canary"]
VerdictDecision = Literal["promote", "roll_back", "wait"]


class Route(Struct, frozen=True):
    """A model version that sees the endpoint's traffic. `share` of requests (0 to 1) is answered by a canary."""

    version: int
    role: Role
    share: float = 0.0


class Labels(Struct, frozen=True):
    """Where the truth arrives: a table that has the endpoint's key, and an SQL expression over it for the label."""

    table: str
    expression: str


class EndpointSpec(Struct, frozen=True):
    """A declared endpoint. Missing inputs are looked up by key in `lookups`; predictions go to the table `log`."""

    name: str
    model: str
    key: str
    time: str
    lookups: tuple[str, ...] = ()
    labels: Labels | None = None
    checks: tuple[CheckSpec, ...] = ()
    owner: str | None = None

    @property
    def log(self) -> str:
        """Name of the prediction table."""
        return f"{self.name}_predictions"


class Endpoint(Struct, frozen=True):
    """A deployed endpoint. `routes_seq` grows with every change of routes; `url` and `pid` are of the live gateway."""

    name: str
    spec: EndpointSpec
    routes: tuple[Route, ...]
    routes_seq: int
    state: Literal["up", "down"]
    deployed_at: datetime
    url: str | None = None
    pid: int | None = None

    @property
    def champion(self) -> int:
        """The version that answers by default."""
        return next(route.version for route in self.routes if route.role == "champion")


class Verdict(Struct, frozen=True):
    """What the canary's test decided, on which evidence (paired loss difference, interval, rows)."""

    endpoint: str
    candidate: int
    champion: int
    decision: VerdictDecision
    because: str
    evidence: dict[str, Any]
    decided_at: datetime
