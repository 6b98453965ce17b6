"""An answer that is made of what has newer inputs says so."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
from tests.serving.conftest import DAY, weather

from trivium.serving.endpoint import Endpoint
from trivium.serving.hall import Hall
from trivium.store.store import Store
from trivium.tables.table import Table
from trivium.tracking.run import run

stations = Table("stations", watch="off")


def test_what_was_looked_up_in_a_stale_table_says_so_once_the_endpoint_was_opened(
    project: Store, live: Endpoint
) -> None:
    record = {"parcel": "p1", "sent_at": DAY, "depot": "north", "weight": 2.0, "stops": 3}
    assert live.predict([record | {"sent_at": DAY.isoformat()}], store=project)[0].stale == ()
    stations.append(pl.DataFrame({"a": [1]}), store=project)
    with run("measure", store=project):
        stations.read(store=project)
        rows = pl.DataFrame({"depot": ["north"], "observed_at": [DAY + timedelta(hours=7)], "wind": [3.0]})
        weather.append(rows, store=project)
    stations.append(pl.DataFrame({"a": [2]}), store=project)
    hall = Hall(project)
    hall.find("parcels")
    assert hall.list_stale("parcels", 1) == ["weather"]
