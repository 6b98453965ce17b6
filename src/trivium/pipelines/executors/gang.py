"""The workers that try one task together: what each is told, and what came of them all."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from trivium.pipelines.attempt import Attempt, Outcome
from trivium.pipelines.member import Member


class Gang:
    """An attempt as its members, and their outcomes as one. A task with one worker is a gang of one, of no member.

    Executors begin every member, `take` what came of each, and as soon as the gang `is_over` they end the processes of
    those that are left, so that no member waits for ever for one that is gone. No process of a gang is used again:
    frameworks leave groups, ports and connections in it.
    """

    def __init__(self, attempt: Attempt, gang: str = "", hosts: Sequence[str] = ()) -> None:
        """gang: an id of its own. hosts: "host:port" of each worker, by rank, when there are several."""
        self.attempt = attempt
        self.members = [
            replace(attempt, member=Member(gang, rank, tuple(hosts))) for rank in range(len(hosts)) if len(hosts) > 1
        ] or [attempt]
        self._outcomes: dict[int, Outcome] = {}
        self._dead: list[int] = []

    def take(self, member: Attempt, outcome: Outcome, *, died: bool = False) -> None:
        """This came of one of them. died: its process is gone, which is why others fail, even when they tell first."""
        self._outcomes.setdefault(member.rank, outcome)
        if died:
            self._dead.append(member.rank)

    @property
    def is_over(self) -> bool:
        """Whether all have ended, or one has failed."""
        return len(self._outcomes) == len(self.members) or any(map(_is_failure, self._outcomes.values()))

    def outcome(self) -> Outcome:
        """What came of the attempt: of rank 0 when all did well, else the failure that was first."""
        failed = [*self._dead, *(rank for rank, outcome in self._outcomes.items() if _is_failure(outcome))]
        size = len(self.members)
        if not failed:
            return self._outcomes[0] if size == 1 else _of_several(self._outcomes[0], size)
        outcome = self._outcomes[failed[0]]
        if outcome.error is None or size == 1:
            return outcome
        return replace(outcome, error=f"worker {failed[0]} of {size}: {outcome.error}")


def _of_several(outcome: Outcome, size: int) -> Outcome:
    """On record is how many made it: the number is not in the key, and may be wanted when a result is looked into."""
    if not outcome.outputs:
        return outcome
    first, *others = outcome.outputs
    return replace(outcome, outputs=(replace(first, facts={**first.facts, "workers": size}), *others))


def _is_failure(outcome: Outcome) -> bool:
    return outcome.error is not None or outcome.lost is not None
