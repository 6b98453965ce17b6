"""What a request lacks is looked up by key in the endpoint's tables, as of the request's own time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from trivium.errors import SchemaMismatch
from trivium.store.store import Store
from trivium.tables.lookup import lookup_rows
from trivium.tables.online_rows import key_text
from trivium.values.tables import TableSpec

Record = dict[str, Any]


class Completed(Struct, frozen=True):
    """Completed records, and which table versions they were completed from ("weather@244")."""

    records: list[Record]
    versions: dict[str, str]


def complete_records(
    store: Store,
    tables: Sequence[TableSpec],
    names: Sequence[str],
    time: str,
    records: Sequence[Record],
    *,
    required: Collection[str] = (),
) -> Completed:
    """Each record with the inputs that it lacks, from the newest published row of its key not after its time.

    names: the models' inputs. A key that a table does not have gives nulls. Values sent with the request win.
    required: inputs that have to be sent, or be a column of a table; a candidate's own may be absent.
    Raises SchemaMismatch when a record has neither an input nor the key to look it up, or no time.
    """
    completed = [dict(record) for record in records]
    moments = [moment_of(record, time, place) for place, record in enumerate(completed)]
    versions: dict[str, str] = {}
    lacking = sorted({name for record in completed for name in names if name not in record})
    if lacking:
        for table in tables:
            versions[table.name] = _complete_from(store, table, lacking, completed, moments)
    if any(name not in record for record in completed for name in lacking):
        _fill_unknown(store, tables, lacking, completed, required)
    return Completed(completed, versions)


def _fill_unknown(
    store: Store,
    tables: Sequence[TableSpec],
    lacking: Sequence[str],
    records: Sequence[Record],
    required: Collection[str],
) -> None:
    """What a table has, but not for this key, is null; what no table has should have been sent."""
    newest = [store.catalog.tables.find_version(table.name) for table in tables]
    kept = {column.name for commit in newest if commit is not None for column in commit.columns}
    for place, record in enumerate(records):
        for name in lacking:
            if name not in record and name in required and name not in kept:
                raise SchemaMismatch(
                    f"Record {place} lacks {name!r}, an input of the model that no lookup table has; send it, or null "
                    "where it is unknown."
                )
            record.setdefault(name, None)


def moment_of(record: Record, time: str, place: int) -> datetime:
    """The record's own time. Raises SchemaMismatch naming the record that has none."""
    value = record.get(time)
    if isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        raise SchemaMismatch(
            f"Record {place} has {value!r} as {time!r}; send an ISO 8601 time such as '2013-09-01T05:15:00'."
        ) from None


def _complete_from(
    store: Store, table: TableSpec, lacking: Sequence[str], records: list[Record], moments: Sequence[datetime]
) -> str:
    for place, record in enumerate(records):
        absent = [name for name in table.key if name not in record]
        if absent:
            raise SchemaMismatch(f"Record {place} lacks {absent[0]!r}, by which table {table.name!r} is looked up.")
    keys = [key_text(record[name] for name in table.key) for record in records]
    found = lookup_rows(store, table.name, keys, moments if table.time else None)
    for record, row in zip(records, found, strict=True):
        for name in lacking:
            if name not in record and row.values is not None and name in row.values:
                record[name] = row.values[name]
    return f"{table.name}@{found[0].version}" if found else table.name
