"""A commit that is known under an idempotency key."""

from __future__ import annotations

from trivium.errors import Misuse
from trivium.values.tables import Commit, Operation


def refuse_other_act(known: Commit, operation: Operation) -> None:
    """Raises Misuse unless the commit that has the key is of this operation: nothing would be done, and nobody told."""
    if known.operation != operation:
        raise Misuse(
            f"The idempotency key {known.idempotency_key!r} stands for the {known.operation} of table {known.table!r} "
            f"that is commit {known.id}, and this is the operation {operation!r}; give this one a key of its own."
        )
