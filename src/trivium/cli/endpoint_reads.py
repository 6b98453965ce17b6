"""The verbs of `trivium endpoints` that change nothing."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import typer

from trivium.cli.flags import AsJson
from trivium.cli.listing import print_facts, print_heading, print_list, print_table
from trivium.cli.project import open_project
from trivium.cli.staleness_view import print_staleness, stale_facts
from trivium.cli.table_view import check_row
from trivium.lineage.staleness import find_stale_sources
from trivium.values.endpoints import Endpoint, Route, Verdict

Name = Annotated[str, typer.Argument(help="The endpoint.")]
VERDICTS = ("decided_at", "candidate", "champion", "decision", "because")
LIST = ("name", "state", "model", "routes", "url", "deployed_at")


def list_endpoints(context: typer.Context, as_json: AsJson = False) -> None:
    """List the endpoints with their routes."""
    rows = [endpoint_row(endpoint) for endpoint in open_project(context).catalog.endpoints.list_endpoints()]
    if not as_json:
        rows = [{**row, "routes": [shown_route(route) for route in row["routes"]]} for row in rows]
    print_list(rows, LIST, as_json=as_json, empty="No endpoints yet: `trivium endpoints deploy NAME` makes one.")


def show_endpoint(context: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Show an endpoint: its routes, lookups, checks and prediction table."""
    catalog = open_project(context).catalog
    endpoint = catalog.endpoints.get_endpoint(name)
    facts = {**endpoint_facts(endpoint), "stale": stale_facts(find_stale_sources(catalog, endpoint))}
    print_facts(facts, as_json=as_json, leave_out=("routes", "checks", "stale"))
    if not as_json:
        print_heading("routes")
        print_table([msgspec.structs.asdict(route) for route in endpoint.routes], ("role", "version", "share"))
        if facts["checks"]:
            print_heading("checks")
            print_table(facts["checks"], ("name", "kind", "severity", "arguments"))
        for source, inputs in facts["stale"].items():
            print_staleness(inputs, of=source)


def endpoint_row(endpoint: Endpoint) -> dict[str, Any]:
    """An endpoint in a list."""
    return {
        "name": endpoint.name,
        "state": endpoint.state,
        "model": endpoint.spec.model,
        "routes": endpoint.routes,
        "url": endpoint.url,
        "deployed_at": endpoint.deployed_at,
    }


def endpoint_facts(endpoint: Endpoint) -> dict[str, Any]:
    """An endpoint in full."""
    spec = endpoint.spec
    return {
        **endpoint_row(endpoint),
        "key": spec.key,
        "time": spec.time,
        "lookups": spec.lookups,
        "labels": None if spec.labels is None else msgspec.structs.asdict(spec.labels),
        "log": spec.log,
        "owner": spec.owner,
        "pid": endpoint.pid,
        "routes_seq": endpoint.routes_seq,
        "checks": [check_row(check) for check in spec.checks],
    }


def shown_route(route: Route) -> str:
    """A route in a few words: "champion 3", "canary 4 30%"."""
    return f"{route.role} {route.version}" + (f" {route.share:.0%}" if route.share else "")


def verdict_row(verdict: Verdict) -> dict[str, Any]:
    """A canary's verdict in a list."""
    return msgspec.structs.asdict(verdict)
