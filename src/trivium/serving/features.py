"""What a request lacks is looked up by key in the endpoint's tables, as of the request's own time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from trivium.errors import SchemaMismatch
from trivium.store.store import Store
from trivium.tables.lookup import key_text, lookup_rows
from trivium.values.tables import TableSpec

Record = dict[str, Any]


class Features(Struct, frozen=True):
    """Completed records, and which table versions they were completed from ("weather@244")."""

    records: list[Record]
    versions: dict[str, str]


def complete_records(
    store: Store, tables: Sequence[TableSpec], names: Sequence[str], time: str, records: Sequence[Record]
) -> Features:
    """Each record with the inputs that it lacks, from the newest published row of its key not after its time.

    names: the model's inputs. A key that a table does not have gives nulls. Values sent with the request win.
    Raises SchemaMismatch when a record has neither an input nor the key to look it up.
    """
    completed = [dict(record) for record in records]
    versions: dict[str, str] = {}
    lacking = sorted({name for record in completed for name in names if name not in record})
    if lacking:
        moments = [moment_of(record, time, place) for place, record in enumerate(completed)]
        for table in tables:
            versions[table.name] = _complete_from(store, table, lacking, completed, moments)
    for record in completed:
        for name in lacking:
            record.setdefault(name, None)
    return Features(completed, versions)


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
