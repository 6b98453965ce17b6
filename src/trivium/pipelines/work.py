"""A node that has to run, on its way through its attempts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from trivium.pipelines.attempt import Outcome
from trivium.pipelines.decision import Decision
from trivium.pipelines.graph import Node
from trivium.pipelines.mapping import Expansion
from trivium.values.runs import FailedAttempt

MOST_LOSSES = 5


@dataclass(eq=False)
class Work:
    """A node that has to run, and what became of it so far. item: its map and its place there, when it is in one.

    begun: when the last attempt was, by the run's clock. shown: whether it is on record as running. losses: how many of
    the failed attempts were those of a lost worker. doubt: why its result is not one that its key could be found by.
    """

    node: Node
    decision: Decision
    item: tuple[Expansion, int] | None = None
    failed: list[FailedAttempt] = field(default_factory=list)
    started: datetime | None = None
    begun: float = 0.0
    shown: bool = False
    losses: int = 0
    log: str = ""
    doubt: str = ""

    @property
    def drawn(self) -> Node:
        """The node of the graph: of an item the one that was taken apart."""
        return self.node if self.item is None else self.item[0].node

    def may_try_again(self, outcome: Outcome) -> bool:
        """Whether a failure is not the end of it; lost workers and the task's own have bounds of their own."""
        if outcome.final:
            return False
        if outcome.worker_lost:
            self.losses += 1
            return self.losses <= MOST_LOSSES
        return len(self.failed) - self.losses < self.node.task.options.retries
