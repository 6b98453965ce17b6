"""All concerns of one catalog together."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from trivium.clock import Clock
from trivium.store.catalog import sql
from trivium.store.catalog.sql.database import Database
from trivium.store.catalog.sql.session_opener import session_opener
from trivium.store.pulse import Pulse, open_pulse

if TYPE_CHECKING:
    from trivium.store.catalog.audit import Audit
    from trivium.store.catalog.endpoints import Endpoints
    from trivium.store.catalog.events import Events
    from trivium.store.catalog.labels import Labelling
    from trivium.store.catalog.lineage import Lineage
    from trivium.store.catalog.models import Models
    from trivium.store.catalog.published import Published
    from trivium.store.catalog.retention import Retention
    from trivium.store.catalog.runs import Runs
    from trivium.store.catalog.small_blobs import SmallBlobs
    from trivium.store.catalog.splits import Splits
    from trivium.store.catalog.tables import Alerts, Tables
    from trivium.store.catalog.triggers import Triggers


class Catalog:
    """One protocol per concern; whatever is behind them, the contract is the same. A process loads those that it
    uses: a worker that only reads a result does not wait for the rest."""

    def __init__(self, database: Database) -> None:
        self.database = database

    @property
    def pulse(self) -> Pulse:
        """Whether anything was committed since somebody looked."""
        return self.database.pulse

    def close(self) -> None:
        """Connections are closed; the catalog is not to be used again."""
        self.database.close()

    @cached_property
    def tables(self) -> Tables:
        return sql.SqlTables(self.database)

    @cached_property
    def alerts(self) -> Alerts:
        return sql.SqlAlerts(self.database)

    @cached_property
    def retention(self) -> Retention:
        return sql.SqlRetention(self.database)

    @cached_property
    def runs(self) -> Runs:
        return sql.SqlRuns(self.database)

    @cached_property
    def models(self) -> Models:
        return sql.SqlModels(self.database)

    @cached_property
    def endpoints(self) -> Endpoints:
        return sql.SqlEndpoints(self.database)

    @cached_property
    def triggers(self) -> Triggers:
        return sql.SqlTriggers(self.database)

    @cached_property
    def events(self) -> Events:
        return sql.SqlEvents(self.database)

    @cached_property
    def audit(self) -> Audit:
        return sql.SqlAudit(self.database)

    @cached_property
    def lineage(self) -> Lineage:
        return sql.SqlLineage(self.database)

    @cached_property
    def splits(self) -> Splits:
        return sql.SqlSplits(self.database)

    @cached_property
    def published(self) -> Published:
        return sql.SqlPublished(self.database)

    @cached_property
    def labels(self) -> Labelling:
        return sql.SqlLabelling(self.database)

    @cached_property
    def small_blobs(self) -> SmallBlobs:
        return sql.SqlSmallBlobs(self.database)


def open_catalog(place: Path | str, *, clock: Clock, durability: str = "full", patience: float = 60.0) -> Catalog:
    """The catalog in this SQLite file or at this PostgreSQL URL, made or upgraded when needed.

    durability: "full": what a method wrote is on disk when it returns. "fast": a power loss or a crash of the server
    may take the last second, a kill of this process nothing. patience: seconds to wait for other writers.
    """
    opener = session_opener(place, durability=durability, patience=patience)
    return Catalog(Database(opener, clock=clock, pulse=open_pulse(place)))
