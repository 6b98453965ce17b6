"""Back to what answered before: by a person, at once."""

from __future__ import annotations

from trivium.models.promotion import rollback
from trivium.store.store import Store
from trivium.values.endpoints import Endpoint, Route


def roll_back_endpoint(store: Store, name: str, *, because: str) -> Endpoint:
    """Canaries and shadows see nothing any more; where there was none, the champion before this one answers again.

    Raises NotFound when there is no such champion.
    """
    endpoint = store.catalog.endpoints.get_endpoint(name)
    routes = tuple(route for route in endpoint.routes if route.role == "champion")
    if routes == endpoint.routes:
        before = rollback(store, endpoint.spec.model, because)
        routes = (Route(before.version, "champion"),)
    return store.catalog.endpoints.set_routes(name, routes, because=because, actor=store.actor)
