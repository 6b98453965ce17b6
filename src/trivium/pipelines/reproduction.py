"""What came of reproducing a run, and the evidence of it in the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct

from trivium.pipelines.output_difference import OutputDifference
from trivium.store.store import Store

EVENT = "run.reproduced"
CauseKind = Literal["code", "packages", "input", "seed", "threads", "hash seed", "order", "clock", "process", "unknown"]


class Cause(Struct, frozen=True):
    """Something that explains a difference, and how that was found."""

    kind: CauseKind
    text: str


class Reproduction(Struct, frozen=True):
    """Two runs compared. `first` names the first difference in the order of the graph, "" when there is none; `causes`
    what may have made it, in the order in which it was looked for.

    again: the run that was made, "" when the code could not even be loaded. error: why it failed. packages: those whose
    versions differ, {name: (recorded, here)}. notes: what else to know, such as code that was not kept.
    """

    run: str
    again: str
    differences: tuple[OutputDifference, ...] = ()
    first: str = ""
    causes: tuple[Cause, ...] = ()
    error: str = ""
    packages: dict[str, tuple[str, str]] = {}
    notes: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Whether every output has the recorded content, and every metric its value."""
        return not self.first

    def tell(self) -> str:
        """The outcome in one line."""
        if self.same:
            return "same"
        why = "; ".join(each.text for each in self.causes)
        return f"differs in {self.first}" + (f" ({why})" if why else "")


class Evidence(Struct, frozen=True):
    """A reproduction that was made: when, by whom, and what it told."""

    at: datetime
    actor: str
    again: str
    same: bool
    told: str


def record_reproduction(store: Store, found: Reproduction) -> None:
    """The outcome is in the audit log."""
    detail = {
        "again": found.again,
        "same": found.same,
        "first": found.first,
        "causes": msgspec.to_builtins(found.causes),
        "told": found.tell(),
    }
    store.catalog.events.append(EVENT, found.run, detail, actor=store.actor)


def list_reproductions(store: Store, run_id: str) -> list[Evidence]:
    """Every reproduction of this run, oldest first."""
    return [
        Evidence(event.at, event.actor, event.detail["again"], event.detail["same"], event.detail["told"])
        for event in store.catalog.events.list_events(kind=EVENT, subject=run_id)
    ]
