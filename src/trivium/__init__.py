"""Trivium: one database that understands machine learning, and a pipeline engine on it.

Everything a user writes is a name of this module: `import trivium as tv`. Importing it loads nothing heavy; each name
is loaded at its first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trivium.checks.kinds import between as between
    from trivium.checks.kinds import check as check
    from trivium.checks.kinds import coverage as coverage
    from trivium.checks.kinds import distribution as distribution
    from trivium.checks.kinds import fresh as fresh
    from trivium.checks.kinds import matches as matches
    from trivium.checks.kinds import one_of as one_of
    from trivium.checks.kinds import query as query
    from trivium.checks.kinds import references as references
    from trivium.checks.kinds import row_count as row_count
    from trivium.checks.kinds import rule as rule
    from trivium.checks.kinds import schema as schema
    from trivium.checks.kinds import unique as unique
    from trivium.checks.metric import error_rate as error_rate
    from trivium.checks.metric import latency as latency
    from trivium.checks.metric import metric as metric
    from trivium.checks.objective import objective as objective
    from trivium.errors import TriviumError as TriviumError
    from trivium.models.evaluate import evaluate as evaluate
    from trivium.models.package import Model as Model
    from trivium.models.prepare import prepare as prepare
    from trivium.models.register import register as register
    from trivium.notebooks.task import notebook as notebook
    from trivium.pipelines.branch import when as when
    from trivium.pipelines.context import current_task as current_task
    from trivium.pipelines.context import current_worker as current_worker
    from trivium.pipelines.environments.spec import env as env
    from trivium.pipelines.partition import Partition as Partition
    from trivium.pipelines.pipeline import pipeline as pipeline
    from trivium.pipelines.process_group import process_group as process_group
    from trivium.pipelines.published import published as published
    from trivium.pipelines.results import read_output as read_output
    from trivium.pipelines.secrets import Secret as Secret
    from trivium.pipelines.secrets import secret as secret
    from trivium.pipelines.split import split as split
    from trivium.pipelines.stored_split import read_split as read_split
    from trivium.pipelines.task import task as task
    from trivium.serving.endpoint import Endpoint as Endpoint
    from trivium.store.store import connect as connect
    from trivium.store.store import current_store as current_store
    from trivium.tables.as_of import as_of as as_of
    from trivium.tables.at import TableVersion as TableVersion
    from trivium.tables.features import Features as Features
    from trivium.tables.joint import commit_together as commit_together
    from trivium.tables.joint import snapshot as snapshot
    from trivium.tables.labels import Labels as Labels
    from trivium.tables.quarantine import QuarantinedData as QuarantinedData
    from trivium.tables.read import FlaggedData as FlaggedData
    from trivium.tables.table import Table as Table
    from trivium.tracking.log import log as log
    from trivium.tracking.log import log_metric as log_metric
    from trivium.tracking.log import tag as tag
    from trivium.tracking.run import run as run
    from trivium.triggers.rule import on as on
    from trivium.values.models import ModelVersion as ModelVersion

__version__ = "0.1.0"

HOMES = {
    "Endpoint": "trivium.serving.endpoint",
    "Features": "trivium.tables.features",
    "FlaggedData": "trivium.tables.read",
    "Labels": "trivium.tables.labels",
    "Model": "trivium.models.package",
    "ModelVersion": "trivium.values.models",
    "Partition": "trivium.pipelines.partition",
    "QuarantinedData": "trivium.tables.quarantine",
    "Secret": "trivium.pipelines.secrets",
    "Table": "trivium.tables.table",
    "TableVersion": "trivium.tables.at",
    "TriviumError": "trivium.errors",
    "as_of": "trivium.tables.as_of",
    "between": "trivium.checks.kinds",
    "check": "trivium.checks.kinds",
    "commit_together": "trivium.tables.joint",
    "connect": "trivium.store.store",
    "coverage": "trivium.checks.kinds",
    "current_store": "trivium.store.store",
    "current_task": "trivium.pipelines.context",
    "current_worker": "trivium.pipelines.context",
    "distribution": "trivium.checks.kinds",
    "env": "trivium.pipelines.environments.spec",
    "error_rate": "trivium.checks.metric",
    "evaluate": "trivium.models.evaluate",
    "fresh": "trivium.checks.kinds",
    "latency": "trivium.checks.metric",
    "log": "trivium.tracking.log",
    "log_metric": "trivium.tracking.log",
    "matches": "trivium.checks.kinds",
    "metric": "trivium.checks.metric",
    "notebook": "trivium.notebooks.task",
    "objective": "trivium.checks.objective",
    "on": "trivium.triggers.rule",
    "one_of": "trivium.checks.kinds",
    "pipeline": "trivium.pipelines.pipeline",
    "prepare": "trivium.models.prepare",
    "process_group": "trivium.pipelines.process_group",
    "published": "trivium.pipelines.published",
    "query": "trivium.checks.kinds",
    "read_output": "trivium.pipelines.results",
    "read_split": "trivium.pipelines.stored_split",
    "references": "trivium.checks.kinds",
    "register": "trivium.models.register",
    "row_count": "trivium.checks.kinds",
    "rule": "trivium.checks.kinds",
    "run": "trivium.tracking.run",
    "schema": "trivium.checks.kinds",
    "secret": "trivium.pipelines.secrets",
    "snapshot": "trivium.tables.joint",
    "split": "trivium.pipelines.split",
    "tag": "trivium.tracking.log",
    "task": "trivium.pipelines.task",
    "unique": "trivium.checks.kinds",
    "when": "trivium.pipelines.branch",
}

__all__ = list(HOMES)  # the names are the keys above, and a test compares them with the stubs


def __getattr__(name: str) -> Any:
    if name not in HOMES:
        raise AttributeError(f"module 'trivium' has no attribute {name!r}")
    return getattr(import_module(HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
