"""What a task committed into a table, as the output of that task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trivium import frames
from trivium.deferred import Deferred
from trivium.errors import CheckFailed, UnsupportedValue
from trivium.frames.deferred import pl
from trivium.frames.spark.kind import is_spark_type
from trivium.pipelines.inputs import pin_table
from trivium.pipelines.signature import frame_type
from trivium.store.catalog.content import content_digest, sum_content
from trivium.store.store import Store
from trivium.tables.read import read_commit, read_version
from trivium.tables.version_files import locate_version
from trivium.values.runs import ArtifactRef
from trivium.values.tables import Commit, TableSpec

if TYPE_CHECKING:
    from trivium.tables import replace_partition as replacing
else:
    replacing = Deferred("trivium.tables.replace_partition")  # committing needs the checks, and these their engines

TABLE = "table"
MOST_TOLD = 3


def commit_result(store: Store, spec: TableSpec, partition: str, result: Any, key: str) -> ArtifactRef:
    """The partition of the table holds what the task returned. key: the idempotency key of the commit.

    Raises UnsupportedValue for what is no frame or has no rows, CheckFailed when the checks kept the rows aside.
    """
    rows = None if result is None else _rows(result, spec, partition)
    commit = replacing.replace_partition(store, spec, partition, rows, idempotency_key=key)
    if commit is None:
        return ArtifactRef(TABLE, content_digest(0), 0, _facts(spec.name, None, partition, rows=0))
    if commit.version is None:
        raise CheckFailed(_story(store, commit, partition))
    size = sum(file.bytes for file in commit.added)
    count = sum(file.rows for file in commit.added)
    facts = {**_facts(spec.name, commit.version, partition, rows=count), "commit": commit.id}
    return ArtifactRef(TABLE, content_digest(sum_content(commit.added)), size, facts)


def newest_of(store: Store, table: str) -> ArtifactRef:
    """The whole table at its newest version, as an output. Raises NotFound when there is none."""
    newest = pin_table(store, table, None)
    return ArtifactRef(TABLE, newest.digest, 0, _facts(table, newest.version, ""))


def read_committed(store: Store, ref: ArtifactRef, wanted: Any = Any) -> Any:
    """The rows, as the frame that is wanted: of the whole version, or those that one task committed."""
    if ref.facts.get("partition"):
        commit = ref.facts.get("commit")
        rows = read_commit(store, str(commit)) if commit else pl.LazyFrame()
    elif is_spark_type(frame_type(wanted)):
        return frames.spark_frame(*locate_version(store, str(ref.facts["table"]), int(ref.facts["version"])))
    else:
        rows = read_version(store, str(ref.facts["table"]), int(ref.facts["version"]))
    return frames.from_frame(rows, frame_type(wanted))


def _rows(result: Any, spec: TableSpec, partition: str) -> pl.DataFrame:
    rows = frames.frame_of(result)
    if not rows.height:
        raise UnsupportedValue(
            f"No rows were returned for partition {partition} of table {spec.name!r}. Return None where a partition "
            "has none; that empties it."
        )
    return rows


def _facts(table: str, version: int | None, partition: str, **more: Any) -> dict[str, Any]:
    return {"type": TABLE, "table": table, "version": version, "partition": partition, **more}


def _story(store: Store, commit: Commit, partition: str) -> str:
    found = [
        alert
        for alert in store.catalog.alerts.list_alerts(table=commit.table, state="open")
        if alert.commit == commit.id
    ]
    told = (
        "; ".join(f"{alert.message} (alert {alert.id})" for alert in found[:MOST_TOLD])
        or f"commit {commit.id} is {commit.state}"
    )
    more = f"; and {len(found) - MOST_TOLD} more" if len(found) > MOST_TOLD else ""
    return (
        f"the checks of table {commit.table!r} kept partition {partition} aside: {told}{more}. Repair the task or its "
        f"inputs, or judge the alert; `trivium tables release {commit.id}` publishes the rows as they are."
    )
