"""The protocols over SQL: portable statements, one method one transaction.

Importing it loads none of them; each is loaded at its first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trivium.store.catalog.sql.alerts import SqlAlerts as SqlAlerts
    from trivium.store.catalog.sql.audit import SqlAudit as SqlAudit
    from trivium.store.catalog.sql.endpoints import SqlEndpoints as SqlEndpoints
    from trivium.store.catalog.sql.events import SqlEvents as SqlEvents
    from trivium.store.catalog.sql.labels import SqlLabelling as SqlLabelling
    from trivium.store.catalog.sql.lineage import SqlLineage as SqlLineage
    from trivium.store.catalog.sql.models import SqlModels as SqlModels
    from trivium.store.catalog.sql.published import SqlPublished as SqlPublished
    from trivium.store.catalog.sql.retention import SqlRetention as SqlRetention
    from trivium.store.catalog.sql.runs import SqlRuns as SqlRuns
    from trivium.store.catalog.sql.small_blobs import SqlSmallBlobs as SqlSmallBlobs
    from trivium.store.catalog.sql.splits import SqlSplits as SqlSplits
    from trivium.store.catalog.sql.tables import SqlTables as SqlTables
    from trivium.store.catalog.sql.triggers import SqlTriggers as SqlTriggers

HOMES = {
    "SqlAlerts": "alerts",
    "SqlAudit": "audit",
    "SqlEndpoints": "endpoints",
    "SqlEvents": "events",
    "SqlLabelling": "labels",
    "SqlLineage": "lineage",
    "SqlModels": "models",
    "SqlPublished": "published",
    "SqlRetention": "retention",
    "SqlRuns": "runs",
    "SqlSmallBlobs": "small_blobs",
    "SqlSplits": "splits",
    "SqlTables": "tables",
    "SqlTriggers": "triggers",
}


def __getattr__(name: str) -> Any:
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{HOMES[name]}"), name)
