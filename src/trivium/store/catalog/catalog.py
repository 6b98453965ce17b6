"""All concerns of one catalog together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from trivium.clock import Clock
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
from trivium.store.catalog.sql.alerts import SqlAlerts
from trivium.store.catalog.sql.audit import SqlAudit
from trivium.store.catalog.sql.database import Database
from trivium.store.catalog.sql.endpoints import SqlEndpoints
from trivium.store.catalog.sql.events import SqlEvents
from trivium.store.catalog.sql.labels import SqlLabelling
from trivium.store.catalog.sql.lineage import SqlLineage
from trivium.store.catalog.sql.models import SqlModels
from trivium.store.catalog.sql.published import SqlPublished
from trivium.store.catalog.sql.retention import SqlRetention
from trivium.store.catalog.sql.runs import SqlRuns
from trivium.store.catalog.sql.session_opener import session_opener
from trivium.store.catalog.sql.small_blobs import SqlSmallBlobs
from trivium.store.catalog.sql.splits import SqlSplits
from trivium.store.catalog.sql.tables import SqlTables
from trivium.store.catalog.sql.triggers import SqlTriggers
from trivium.store.catalog.tables import Alerts, Tables
from trivium.store.catalog.triggers import Triggers
from trivium.store.pulse import Pulse, open_pulse


class Closable(Protocol):
    """Holds connections that can be given back."""

    def close(self) -> None:
        """All connections are closed."""


@dataclass(frozen=True)
class Catalog:
    """One protocol per concern; whatever is behind them, the contract is the same."""

    tables: Tables
    alerts: Alerts
    retention: Retention
    runs: Runs
    models: Models
    endpoints: Endpoints
    triggers: Triggers
    events: Events
    audit: Audit
    lineage: Lineage
    splits: Splits
    published: Published
    labels: Labelling
    small_blobs: SmallBlobs
    pulse: Pulse
    database: Closable

    def close(self) -> None:
        """Connections are closed; the catalog is not to be used again."""
        self.database.close()


def open_catalog(place: Path | str, *, clock: Clock, durability: str = "full", patience: float = 60.0) -> Catalog:
    """The catalog in this SQLite file or at this PostgreSQL URL, made or upgraded when needed.

    durability: "full": what a method wrote is on disk when it returns. "fast": a power loss or a crash of the server
    may take the last second, a kill of this process nothing. patience: seconds to wait for other writers.
    """
    opener = session_opener(place, durability=durability, patience=patience)
    database = Database(opener, clock=clock, pulse=open_pulse(place))
    return Catalog(
        tables=SqlTables(database),
        alerts=SqlAlerts(database),
        retention=SqlRetention(database),
        runs=SqlRuns(database),
        models=SqlModels(database),
        endpoints=SqlEndpoints(database),
        triggers=SqlTriggers(database),
        events=SqlEvents(database),
        audit=SqlAudit(database),
        lineage=SqlLineage(database),
        splits=SqlSplits(database),
        published=SqlPublished(database),
        labels=SqlLabelling(database),
        small_blobs=SqlSmallBlobs(database),
        pulse=database.pulse,
        database=database,
    )
