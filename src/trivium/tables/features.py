"""Where a join at a point in time takes its features from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import polars as pl
from msgspec import Struct

from trivium.durations import parse_duration
from trivium.errors import Misuse, SchemaMismatch
from trivium.frames import to_frame
from trivium.store.store import Store, current_store
from trivium.tables.table import Table
from trivium.values.tables import TableSpec

By = str | Sequence[str] | Mapping[str, str]


class Features(Struct, frozen=True):
    """A table of features, and what `as_of` shall take from it. What is left out is as the call, then the table, says.

    table: a Table (its newest version), a version of one, or a frame of any kind.
    columns: the features to take; None: all columns but key and times.
    by: the key columns; a mapping says what the rows call each ({"origin": "departs_from"}).
    time: the column of event times. known: the column of the moments at which a row became known.
    within: how old a feature may be ("6h"). prefix: goes before the name of each feature.
    """

    table: Any
    columns: Sequence[str] | None = None
    by: By | None = None
    time: str | None = None
    known: str | None = None
    within: str | None = None
    prefix: str = ""


class Source(Struct, frozen=True):
    """One side of a join, ready: `keys` maps the names of the key columns to those in the entity rows."""

    label: str
    rows: pl.LazyFrame
    columns: tuple[str, ...]
    keys: dict[str, str]
    time: str
    known: str | None
    within: timedelta | None
    prefix: str

    @property
    def names(self) -> list[str]:
        """The features' names in the result."""
        return [self.prefix + column for column in self.columns]


def list_sources(features: Any, asked: Features, store: Store | None) -> Iterator[Source]:
    """Every source of a join, in order. features: one table, or a mapping of names to tables.

    Raises Misuse where nothing says the key or the time, SchemaMismatch for columns that a source lacks.
    """
    if not is_mapping(features):
        yield _source("features", features, asked, store)
        return
    for name, each in features.items():
        yield _source(f"features of {name!r}", each, asked, store)


def is_mapping(features: Any) -> bool:
    """Whether these are names and tables. A mapping of names to columns is one frame."""
    return isinstance(features, Mapping) and all(
        isinstance(each, Features | Table) or hasattr(type(each), "columns") or hasattr(each, "read")
        for each in features.values()
    )


def lazy_rows(table: Any, store: Store | None = None) -> pl.LazyFrame:
    """The rows of a table, of a version of one, or of a frame of any kind, lazily."""
    if isinstance(table, pl.LazyFrame):
        return table
    if isinstance(table, Table):
        return table.read(store=store)
    if _spec_name(table) is not None:
        return table.read()  # type: ignore[no-any-return] # a version gives its rows lazily
    return to_frame(table).lazy()


def _source(label: str, given: Any, asked: Features, store: Store | None) -> Source:
    own = given if isinstance(given, Features) else Features(given)
    spec = _find_spec(own.table, store)
    by = own.by or asked.by or (spec.key if spec else ())
    time = own.time or asked.time or (spec.time if spec else None)
    if not by or not time:
        noun, what = ("key", "a key (`by=`)") if not by else ("event time", "an event time (`time=`)")
        raise Misuse(f"The {label} declare no {noun}, so name {what}; without it nothing says what was known when.")
    keys = dict(by) if isinstance(by, Mapping) else {key: key for key in ([by] if isinstance(by, str) else by)}
    within = own.within or asked.within
    known = own.known or asked.known
    rows = lazy_rows(own.table, store)
    return Source(
        label=label,
        rows=rows,
        columns=_columns(label, rows, own.columns, [*keys, time, *([known] if known else [])]),
        keys=keys,
        time=time,
        known=known,
        within=parse_duration(within) if within else None,
        prefix=own.prefix,
    )


def _columns(label: str, rows: pl.LazyFrame, wanted: Sequence[str] | None, named: Sequence[str]) -> tuple[str, ...]:
    have = rows.collect_schema().names()
    missing = [name for name in (*named, *(wanted or ())) if name not in have]
    if missing:
        raise SchemaMismatch(f"The {label} lack {missing} for the join; they have {have}.")
    return tuple(dict.fromkeys(wanted)) if wanted is not None else tuple(name for name in have if name not in named)


def _find_spec(table: Any, store: Store | None) -> TableSpec | None:
    """The declaration of a table. One that only names the table (`Table("weather")`) means the one that is stored."""
    if isinstance(table, Table) and (table.spec.key or table.spec.time):
        return table.spec
    name = table.name if isinstance(table, Table) else _spec_name(table)
    return (store or current_store()).catalog.tables.find_spec(name) if name else None


def _spec_name(version: Any) -> str | None:
    """The name of the table that this is a version of, or None when it is none."""
    named = getattr(version, "table", None) if isinstance(getattr(version, "version", None), int) else None
    return named if isinstance(named, str) else getattr(named, "name", None)
