"""Which table versions a run reads: pinned when it starts, so that nothing moves under it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from trivium.errors import Misuse, NotFound
from trivium.store.catalog.content import content_digest, sum_content
from trivium.store.store import Store
from trivium.values.alerts import Alert
from trivium.values.runs import TableInput

MOST_TOLD = 5


def pin_inputs(store: Store, tables: Iterable[str], versions: Mapping[str, int]) -> dict[str, TableInput]:
    """Each table's asked or newest published version, with the digest of its content.

    Raises NotFound for a table without such a version, Misuse for a version of a table that is not an input.
    """
    names = list(tables)
    for name in versions:
        if name not in names:
            raise Misuse(f"Table {name!r} is no input of this pipeline; it reads {', '.join(names) or 'no table'}.")
    return {name: pin_table(store, name, versions.get(name)) for name in names}


def pin_table(store: Store, name: str, version: int | None) -> TableInput:
    """One table's version (None: the newest). Raises NotFound when there is none."""
    commit = store.catalog.tables.find_version(name, version)
    if commit is None or commit.version is None:
        what = "has no published version yet: commit rows to it first" if version is None else f"has no {version=}"
        raise NotFound(f"Input table {name!r} {what}; `trivium tables log {name}` shows its commits.")
    return TableInput(name, commit.version, commit.digest or _content(store, name, commit.version))


def _content(store: Store, name: str, version: int) -> str:
    """The content of a version that was published before versions recorded it."""
    return content_digest(sum_content(store.catalog.tables.files(name, version)))


def describe_alerts(alerts: Sequence[Alert]) -> str:
    """Which alerts block, about which table, column and partition, and what they say; of many, the first few."""
    more = len(alerts) - MOST_TOLD
    return "; ".join(
        f"alert {alert.id} on {alert.table}{f'.{alert.column}' if alert.column else ''}, "
        f"partition {alert.partition}: {alert.message}"
        for alert in alerts[:MOST_TOLD]
    ) + (f"; and {more} more (`trivium alerts list`)" if more > 0 else "")
