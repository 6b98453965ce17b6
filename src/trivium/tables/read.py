"""Reading a version of a table."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from trivium import frames
from trivium.caller import stacklevel_of_user
from trivium.errors import NotFound
from trivium.frames.deferred import pl
from trivium.store.acting import note_read
from trivium.store.store import Store
from trivium.values.alerts import Alert
from trivium.values.tables import Commit

MOST_TOLD = 3


class FlaggedData(UserWarning):
    """The version that is read has open alerts: `alerts`."""

    def __init__(self, message: str, alerts: Sequence[Alert] = ()) -> None:
        super().__init__(message)
        self.alerts = tuple(alerts)


def get_version(store: Store, name: str, version: int | None = None) -> Commit:
    """The commit that published this version (None: the newest). Raises NotFound."""
    store.catalog.tables.get_spec(name)
    found = store.catalog.tables.find_version(name, version)
    if found is None:
        what = "has no published version yet" if version is None else f"has no version {version}"
        raise NotFound(f"Table {name!r} {what}; `trivium tables log {name}` shows its commits.")
    return found


def get_readable(store: Store, name: str, version: int | None = None) -> Commit:
    """The commit of a version whose rows are still kept. Raises NotFound, and says when they were given up."""
    commit = get_version(store, name, version)
    if commit.collected_at is not None:
        raise NotFound(
            f"The rows of version {commit.version} of table {name!r} were given up on {commit.collected_at:%Y-%m-%d}; "
            f"`trivium tables log {name}` shows which versions can be read. Snapshots keep a version for ever."
        )
    return commit


def read_version(
    store: Store,
    name: str,
    version: int | None = None,
    *,
    columns: Sequence[str] | None = None,
    partitions: tuple[str, ...] | None = None,
) -> pl.LazyFrame:
    """The rows of a published version (None: the newest), lazily, ordered by partition.

    columns: the only ones that will be looked at, as lineage records it; None: not known, so all of them.
    partitions: only their rows, and lineage knows that.
    Warns with FlaggedData when there are open alerts about rows of that version, whichever commit brought them, and
    about those columns or about none.
    Raises NotFound when there is no such version, or its rows were given up.
    """
    commit = get_readable(store, name, version)
    warn_flagged(store, commit, columns, partitions)
    assert commit.version is not None  # noqa: S101 # published commits have a version
    note_read("table", name, commit.version, columns, partitions)
    files = [] if partitions == () else store.catalog.tables.files(name, commit.version, partitions)
    if not files:  # no such row, or every one was deleted; the columns are still there
        return pl.LazyFrame(schema={column.name: frames.dtype_of(column.type) for column in commit.columns})
    return store.lake.scan(files, [column.name for column in commit.columns])


def read_commit(store: Store, commit_id: str) -> pl.LazyFrame:
    """The rows that one commit added, also of a quarantined one: it has to be asked for by name."""
    return store.lake.scan(store.catalog.tables.get_commit(commit_id).added)


def list_open_alerts(store: Store, commit: Commit, columns: Sequence[str] | None = None) -> tuple[Alert, ...]:
    """Open alerts about rows of a published version, oldest first. columns: only about these, or about none.

    What is outdated is so in all columns. An alert about a column that the version has no more, under that name, is
    told whatever is read.
    """
    found = store.catalog.alerts.list_about(commit.table, commit.version or 0)
    others = {column.name for column in commit.columns} - {*(columns or ())}
    return tuple(alert for alert in found if columns is None or alert.column not in others or alert.kind == "fresh")


def warn_flagged(
    store: Store, commit: Commit, columns: Sequence[str] | None = None, partitions: Sequence[str] | None = None
) -> None:
    """Whoever reads these columns and partitions of a published version is told of its open alerts."""
    found = list_open_alerts(store, commit, columns)
    alerts = [alert for alert in found if partitions is None or alert.partition in partitions or alert.kind == "fresh"]
    if alerts:
        told = "; ".join(f"{alert.message} ({alert.partition})" for alert in alerts[:MOST_TOLD])
        more = f"; and {len(alerts) - MOST_TOLD} more" if len(alerts) > MOST_TOLD else ""
        story = f"{commit.table} version {commit.version} is flagged: {told}{more} (`trivium alerts list`)"
        warnings.warn(FlaggedData(story, alerts), stacklevel=stacklevel_of_user())
