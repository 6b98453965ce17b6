"""Splits: how rows were divided into past and exam, as stored facts, and which models were examined on them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

from trivium.values.runs import TableInput

SplitKind = Literal["latest", "after", "hash"]
Window = tuple[str, str]


class SplitRule(Struct, frozen=True):
    """How rows are divided.

    kind "latest": the exam is what lies within `amount` ("30d") of the newest moment in column `time`.
    kind "after": the exam is what lies after the moment `amount` (ISO). kind "hash": the exam is the share `amount` of
    the values of the columns `by`, chosen by their digest and `seed`.
    key, by: columns whose values are never on both sides.
    """

    kind: SplitKind
    amount: str
    time: str | None = None
    by: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    seed: int = 0

    def __str__(self) -> str:
        if self.kind == "hash":
            return f"share {self.amount} by {', '.join(self.by)}" + (f", seed {self.seed}" if self.seed else "")
        apart = f", {', '.join((*self.by, *self.key))} apart" if self.by or self.key else ""
        return f"{self.kind} {self.amount} by {self.time}{apart}"


class Split(Struct, frozen=True):
    """One version of a split: its rule, the rows of both sides by content, and where they came from.

    `past_digest` and `exam_digest` stand for the rows themselves; `past_blob` and `exam_blob` are where they are.
    A window is the first and last event time of a side. `inputs` are the table versions that its run read.
    `fresh` ("90d") is how old it may become before that is an alert.
    """

    name: str
    version: int
    rule: SplitRule
    inputs: tuple[TableInput, ...]
    past_rows: int
    past_digest: str
    past_blob: str
    past_window: Window | None
    exam_rows: int
    exam_digest: str
    exam_blob: str
    exam_window: Window | None
    run: str | None
    actor: str
    created_at: datetime
    fresh: str | None = None

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"


class SplitUse(Struct, frozen=True):
    """A task of a run worked with this version of a split; when the run goes on, it does so again."""

    run: str
    node: str
    name: str
    version: int


class Examined(Struct, frozen=True):
    """A registered model version was evaluated on the rows with this digest."""

    exam_digest: str
    model: str
    version: int
    registered_at: datetime
