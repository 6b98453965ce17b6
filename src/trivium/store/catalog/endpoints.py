"""What the catalog remembers of endpoints."""

from __future__ import annotations

from typing import Protocol

from trivium.values.endpoints import Endpoint, EndpointSpec, Route, Verdict


class Endpoints(Protocol):
    """Endpoints, their routes and canary verdicts. Guarantees: each method is one transaction; one champion always."""

    def deploy(self, spec: EndpointSpec, routes: tuple[Route, ...], *, actor: str) -> Endpoint:
        """The endpoint exists with this declaration; routes are only set when it is new."""

    def set_routes(self, name: str, routes: tuple[Route, ...], *, because: str, actor: str) -> Endpoint:
        """The traffic is divided like this from now on. Raises Misuse without exactly one champion."""

    def set_gateway(self, name: str, *, url: str | None, pid: int | None, actor: str) -> Endpoint:
        """The live gateway answers at this address; None: it is down."""

    def get_endpoint(self, name: str) -> Endpoint:
        """An endpoint by name. Raises NotFound."""

    def find_endpoint(self, name: str) -> Endpoint | None:
        """An endpoint by name, or None."""

    def list_endpoints(self) -> list[Endpoint]:
        """Every endpoint, by name."""

    def record_verdict(self, verdict: Verdict, *, actor: str) -> None:
        """The canary's verdict is on record."""

    def list_verdicts(self, name: str) -> list[Verdict]:
        """Verdicts of an endpoint, oldest first."""
