"""Back to what answered before."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from trivium.errors import NotFound
from trivium.serving.rollback import roll_back_endpoint
from trivium.store.store import Store
from trivium.values.endpoints import EndpointSpec, Route
from trivium.values.models import AliasChange, Approval, Gate, ModelVersion

NOW = datetime(2024, 1, 1, tzinfo=UTC)
SPEC = EndpointSpec("parcels", "parcels", "id", "at")
DRAFT = ModelVersion("parcels", 0, "", "", None, "ada", NOW, (), {})


@pytest.fixture
def routed(store: Store) -> Store:
    """An endpoint whose champion is version 2, after version 1; version 3 is a canary."""
    models = store.catalog.models
    for number in (1, 2, 3):
        models.register(msgspec.structs.replace(DRAFT, artifact=str(number)))
        models.record_gate(Gate("parcels", number, passed=True, results=(), against=None, judged_at=NOW), actor="ada")
        models.approve(Approval("parcels", number, "approved", "grace", "even", NOW))
    for number in (1, 2):
        models.promote(AliasChange("parcels", "champion", number, "grace", "good", NOW), approvals=1)
    store.catalog.endpoints.deploy(SPEC, (Route(2, "champion"), Route(3, "canary", 0.3)), actor="ada")
    return store


def test_a_canary_is_taken_away_first_then_the_champion_before_answers_again(routed: Store) -> None:
    assert roll_back_endpoint(routed, "parcels", because="strange").routes == (Route(2, "champion"),)
    assert roll_back_endpoint(routed, "parcels", because="still strange").routes == (Route(1, "champion"),)
    assert routed.catalog.models.get_model("parcels", "champion").version == 1


def test_without_a_champion_before_nothing_changes(routed: Store) -> None:
    roll_back_endpoint(routed, "parcels", because="strange")
    roll_back_endpoint(routed, "parcels", because="still strange")
    with pytest.raises(NotFound, match="no champion before it"):
        roll_back_endpoint(routed, "parcels", because="once more")
    assert routed.catalog.endpoints.get_endpoint("parcels").champion == 1
