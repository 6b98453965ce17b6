"""Acts on two tables, as data and as a process of its own that does them and says so after each.

What the acts do is told twice: `perform` does it to a store, `Model` to plain dictionaries. Arguments of the process:
folder, seed, first act, end, version before the first act, and "FAILPOINT@ACT" to die at a place during one act. The
first act may have been done before: all acts can be repeated.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

import trivium.failpoints
from trivium.store.store import Store, connect
from trivium.tables.commit import commit_rows
from trivium.tables.compact import compact_table
from trivium.tables.delete import delete_rows
from trivium.tables.erase import erase_rows
from trivium.tables.gc import collect_garbage
from trivium.tables.reshape import rename_columns
from trivium.tables.restore import restore_version
from trivium.tables.together import Part, commit_parts
from trivium.tables.upsert import upsert_rows
from trivium.values.tables import TableSpec

SPEC = TableSpec("readings", key=("id",), time="at", watch="off")
OTHER = TableSpec("other", key=("id",), watch="off")
KINDS = ("append", "upsert", "together", "delete", "compact", "rename", "erase", "restore", "overwrite", "collect")
Rows = dict[int, str]


@dataclass(frozen=True)
class Act:
    """Number `number`: what is done, to the rows of which keys."""

    number: int
    kind: str
    keys: tuple[int, ...]

    def frame(self, name: str) -> pl.DataFrame:
        """Its rows, with values that no other act gives; keys of three days alternate. name: of the value's column."""
        return pl.DataFrame(
            {"id": self.keys, "at": [day_of(key) for key in self.keys], name: [self.value(key) for key in self.keys]}
        )

    def value(self, key: int) -> str:
        """The value of a key's row."""
        return f"value {key} of act {self.number}"


def day_of(key: int) -> datetime:
    """The event time of a key's rows."""
    return datetime(2024, 1, 1) + timedelta(days=key % 2)  # noqa: DTZ001 # as the rows have it


@dataclass
class Model:
    """What the table has to hold: its rows and its column's name by version, and the other table's keys."""

    versions: list[tuple[Rows, str]] = field(default_factory=lambda: [({}, "value")])
    other: list[int] = field(default_factory=list)
    collected: int = 0

    @property
    def rows(self) -> Rows:
        return self.versions[-1][0]

    @property
    def name(self) -> str:
        return self.versions[-1][1]

    def follow(self, act: Act) -> None:
        """The act was done."""
        given = {key: act.value(key) for key in act.keys}
        if act.kind in ("append", "upsert", "together"):
            self._add({**self.rows, **given})
        if act.kind == "together":
            self.other += act.keys
        if act.kind == "overwrite":
            days = {day_of(key) for key in act.keys}
            self._add({**{key: value for key, value in self.rows.items() if day_of(key) not in days}, **given})
        if act.kind in ("delete", "erase"):
            self._add({key: value for key, value in self.rows.items() if key not in act.keys})
        if act.kind == "erase":
            self.versions = [
                ({key: value for key, value in rows.items() if key not in act.keys}, name)
                for rows, name in self.versions
            ]
        if act.kind == "rename":
            self.versions.append((self.rows, other_name(self.name)))
        if act.kind == "restore":
            self.versions.append(self.versions[-2])
        if act.kind == "collect":
            self.collected = len(self.versions) - 2

    def _add(self, rows: Rows) -> None:
        self.versions.append((rows, self.name))


def other_name(name: str) -> str:
    """The column has two names in turn."""
    return {"value": "text", "text": "value"}[name]


def make_acts(seed: int, count: int) -> list[Act]:
    """Acts that can be done one after the other, each kind once in ten of them, in an order and on keys by chance."""
    chance = random.Random(seed)
    model, acts, kinds = Model(), list[Act](), list[str]()
    while len(acts) < count:
        kinds = kinds or (["append", *chance.sample(KINDS[1:], 9)])
        act = _choose(chance, model, len(acts), kinds.pop(0))
        acts.append(act)
        model.follow(act)
    return acts


def _choose(chance: random.Random, model: Model, number: int, kind: str) -> Act:
    fresh = tuple(range(1000 + 4 * number, 1003 + 4 * number))
    have = sorted(model.rows)
    some = tuple(chance.sample(have, min(2, len(have))))
    if kind == "restore" and (len(model.versions) - 2 <= model.collected or model.versions[-1] == model.versions[-2]):
        kind = "upsert"
    if kind in ("delete", "erase") and not some:
        kind = "upsert"
    keys = {"append": fresh, "together": fresh, "upsert": (*some, *fresh[:1]), "overwrite": (*some, *fresh[:1])}
    return Act(number, kind, keys.get(kind, some if kind in ("delete", "erase") else ()))


def follow_acts(acts: Sequence[Act]) -> Model:
    """The model after these acts."""
    model = Model()
    for act in acts:
        model.follow(act)
    return model


def perform(store: Store, act: Act, model: Model) -> None:
    """The act is done, however often it was begun before. model: before the act."""
    key, newest = f"act {act.number}", store.catalog.tables.newest_version("readings")
    begun = newest > len(model.versions) - 1
    where = f"id IN ({', '.join(map(str, act.keys))})"
    if act.kind in ("append", "overwrite"):
        operation = "append" if act.kind == "append" else "overwrite"
        commit_rows(store, SPEC, act.frame(model.name), operation=operation, idempotency_key=key)  # type: ignore[arg-type]
    elif act.kind == "upsert":
        upsert_rows(store, SPEC, act.frame(model.name), idempotency_key=key)
    elif act.kind == "together":
        commit_parts(
            store,
            [Part(SPEC, act.frame(model.name)), Part(OTHER, act.frame("value").select("id"))],
            idempotency_key=key,
        )
    elif act.kind == "delete":
        delete_rows(store, "readings", where, idempotency_key=key)
    elif act.kind == "erase":
        erase_rows(store, "readings", where, because="asked for")
    elif act.kind == "compact":
        compact_table(store, "readings")
    elif act.kind == "collect":
        collect_garbage(store, older_than="0h", grace=timedelta(0))
    elif act.kind == "rename" and not begun:
        rename_columns(store, "readings", {model.name: other_name(model.name)})
    elif act.kind == "restore" and not begun:
        restore_version(store, "readings", newest - 1)


def main(folder: Path, seed: int, first: int, end: int, place: str) -> None:
    """Does the acts from `first` on, and says the number of each that is done."""
    acts = make_acts(seed, end)
    model = follow_acts(acts[:first])
    armed, _, at = place.partition("@")
    with connect(folder, actor="ada") as store:
        print("ready", flush=True)
        for act in acts[first:]:
            trivium.failpoints.ARMED = armed if str(act.number) == at else ""
            perform(store, act, model)
            model.follow(act)
            print(act.number, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
