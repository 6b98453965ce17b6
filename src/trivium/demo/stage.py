"""Everything a chapter of the story works with: the store, the user's objects, the upstream and the calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from trivium.demo.calendar import Calendar
from trivium.demo.narrator import Narrator
from trivium.demo.project import Cast
from trivium.demo.upstream import Upstream, in_celsius, in_lower_case
from trivium.store.store import Store
from trivium.tables.table import Table
from trivium.values.tables import Commit

AUTHOR = "ada"
APPROVER = "grace"


@dataclass(frozen=True)
class Stage:
    """One telling of the story. Every act is keyed, so telling it again after a kill goes on where it stopped."""

    store: Store
    upstream: Upstream
    calendar: Calendar
    narrator: Narrator
    cast: Cast

    def deliver_planes(self) -> Commit:
        """The planes are committed, once."""
        return self.cast.planes.append(self.upstream.planes, idempotency_key="planes/2013", store=self.store)

    def deliver_flights(self, day: date, *, repaired: bool = False) -> Commit:
        """The flights of a day are committed as upstream delivers them."""
        rows = self.upstream.flights_of(day)
        broken = day == self.calendar.broken and not repaired
        return self._deliver(self.cast.flights, in_lower_case(rows) if broken else rows, day, repaired)

    def deliver_weather(self, day: date, *, repaired: bool = False) -> Commit:
        """The weather of a day is committed as upstream delivers it."""
        rows = self.upstream.weather_of(day)
        broken = day == self.calendar.broken and not repaired
        return self._deliver(self.cast.weather, in_celsius(rows) if broken else rows, day, repaired)

    def _deliver(self, table: Table, rows: pl.DataFrame, day: date, repaired: bool) -> Commit:
        key = f"{table.name}/{day}" + ("/repaired" if repaired else "")
        return table.append(rows, idempotency_key=key, store=self.store)
