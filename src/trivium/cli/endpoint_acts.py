"""The verbs of `trivium endpoints` that change who answers."""

from __future__ import annotations

from typing import Annotated

import typer

from trivium.cli.endpoint_reads import VERDICTS, endpoint_row, shown_route, verdict_row
from trivium.cli.flags import AsJson, Because
from trivium.cli.listing import print_json, print_line, print_list
from trivium.cli.project import open_project
from trivium.errors import Misuse, NotFound
from trivium.pipelines.registry import list_declared
from trivium.serving.endpoint import Endpoint
from trivium.serving.rollback import roll_back_endpoint
from trivium.store.store import Store
from trivium.values.endpoints import Endpoint as Deployed
from trivium.values.endpoints import EndpointSpec

Name = Annotated[str, typer.Argument(help="The endpoint.")]


def deploy(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The endpoint, as the project's files declare it.")],
    version: Annotated[str, typer.Option("--version", help="Who answers at first: a number or alias.")] = "champion",
    as_json: AsJson = False,
) -> None:
    """Deploy a declared endpoint, and start the gateway that answers for it."""
    store = open_project(context)
    endpoint = find_declared(store, name)
    endpoint.deploy(version, store=store)
    endpoint.start(store=store)
    tell_endpoint(store.catalog.endpoints.get_endpoint(name), as_json=as_json)


def stop(context: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Stop the gateway; what it answered is kept. `deploy` starts it again."""
    store = open_project(context)
    open_endpoint(context, store, name).stop(store=store)
    tell_endpoint(store.catalog.endpoints.get_endpoint(name), as_json=as_json)


def traffic(
    context: typer.Context,
    name: Name,
    *,
    shadow: Annotated[int | None, typer.Option("--shadow", help="This version predicts, and answers nobody.")] = None,
    canary: Annotated[int | None, typer.Option("--canary", help="This version answers a share of the keys.")] = None,
    share: Annotated[float, typer.Option("--share", help="The canary's share, above 0 and at most 1.")] = 0.1,
    as_json: AsJson = False,
) -> None:
    """Let another version see the traffic, as a shadow or as a canary."""
    if (shadow is None) == (canary is None):
        raise Misuse("Name one version: `--shadow VERSION`, or `--canary VERSION --share 0.1`.")
    store = open_project(context)
    endpoint = open_endpoint(context, store, name)
    if shadow is not None:
        routed = endpoint.shadow(shadow, store=store)
    elif canary is not None:
        routed = endpoint.canary(canary, share, store=store)
    tell_endpoint(routed, as_json=as_json)


def roll_back(context: typer.Context, name: Name, because: Because, as_json: AsJson = False) -> None:
    """Take canaries and shadows away; without one, go back to the champion before this one."""
    tell_endpoint(roll_back_endpoint(open_project(context), name, because=because), as_json=as_json)


def judge_canary(
    context: typer.Context,
    name: Name,
    now: Annotated[bool, typer.Option("--now", help="Judge the candidate now, and carry the verdict out.")] = False,
    as_json: AsJson = False,
) -> None:
    """List what the canary's test decided, oldest first, with the evidence; `--now` decides again first."""
    store = open_project(context)
    endpoint = open_endpoint(context, store, name)
    if now:
        endpoint.collect(store=store)
        endpoint.decide(store=store)
    rows = [verdict_row(verdict) for verdict in store.catalog.endpoints.list_verdicts(name)]
    print_list(rows, VERDICTS, as_json=as_json, empty=f"No canary of {name} was judged yet.")


def find_declared(store: Store, name: str) -> Endpoint:
    """The endpoint that the project's files declare under this name. Raises NotFound."""
    declared = {endpoint.name: endpoint for endpoint in list_declared(store.settings, Endpoint)}
    if name not in declared:
        known = ", ".join(sorted(declared)) or "none"
        raise NotFound(f"The project's files declare no endpoint {name!r}; they declare: {known}.")
    return declared[name]


def open_endpoint(context: typer.Context, store: Store, name: str) -> Endpoint:
    """The deployed endpoint, to act on until the command ends. Raises NotFound."""
    spec: EndpointSpec = store.catalog.endpoints.get_endpoint(name).spec
    labels = None if spec.labels is None else (spec.labels.table, spec.labels.expression)
    endpoint = Endpoint(
        spec.name, spec.model, key=spec.key, time=spec.time, lookups=spec.lookups, labels=labels,
        checks=spec.checks, owner=spec.owner,
    )  # fmt: skip
    context.call_on_close(endpoint.close)
    return endpoint


def tell_endpoint(endpoint: Deployed, *, as_json: bool) -> None:
    """How the endpoint is now."""
    if as_json:
        print_json(endpoint_row(endpoint))
        return
    where = f" at {endpoint.url}" if endpoint.url else ""
    routes = ", ".join(shown_route(route) for route in endpoint.routes)
    print_line(f"Endpoint {endpoint.name} is {endpoint.state}{where}: {routes}.")
