"""A prediction that is made of flagged or outdated features carries their alerts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from trivium.ids import new_id
from trivium.serving.endpoint import Endpoint
from trivium.serving.served import open_alerts, open_served
from trivium.store.store import Store
from trivium.values.alerts import Alert

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)


def carried(project: Store, **about: Any) -> bool:
    """Whether answers carry an open alert about the lookup table that is as told."""
    fields = {"column": "wind", "check": "c", "kind": "rule", "severity": "warn", "muted_until": None, **about}
    alert = Alert(
        id=new_id(), table="weather", partition="2024-03-01", state="open", message="m", evidence={},
        commit=None, opened_at=NOON, **fields,
    )  # fmt: skip
    project.catalog.alerts.record([alert], resolved=(), because="", actor="ada")
    served = open_served(project, project.catalog.endpoints.get_endpoint("parcels"), {})
    found = alert.id in open_alerts(served).split(",")
    project.catalog.alerts.record([], resolved=[alert.id], because="told", actor="ada")
    return found


@pytest.mark.parametrize(
    "about",
    [{"column": "wind"}, {"column": "depot"}, {"column": None}, {"severity": "block"}, {"severity": "divert"},
     {"column": "observed_at", "kind": "fresh"}],
)  # fmt: skip
def test_an_alert_about_what_is_looked_up_goes_with_the_answers(
    project: Store, live: Endpoint, about: dict[str, Any]
) -> None:
    assert carried(project, **about)


def test_an_alert_about_a_column_that_no_model_takes_does_not(project: Store, live: Endpoint) -> None:
    assert not carried(project, column="humidity")


def test_a_muted_alert_goes_with_no_answer(project: Store, live: Endpoint) -> None:
    assert not carried(project, check="muted", muted_until=project.clock() + timedelta(days=1))
