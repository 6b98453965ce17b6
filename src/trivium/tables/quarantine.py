"""What is kept aside: commits in quarantine and diverted rows, and what became of their partitions since."""

from __future__ import annotations

import warnings
from datetime import datetime

from msgspec import Struct

from trivium.caller import stacklevel_of_user
from trivium.store.store import Store
from trivium.tables.read import MOST_TOLD
from trivium.values.tables import Commit


class QuarantinedData(UserWarning):
    """A commit did not become a version, because a blocking check failed: `commit`."""

    def __init__(self, message: str, commit: Commit | None = None) -> None:
        super().__init__(message)
        self.commit = commit


class Aside(Struct, frozen=True):
    """A commit in quarantine. `because`: the first of what the checks said of it. `written_since`: the newest version
    that wrote to one of its partitions later, None when there is none."""

    id: str
    table: str
    rows: int
    partitions: tuple[str, ...]
    diverted_from: str | None
    written_since: int | None
    because: str
    actor: str
    committed_at: datetime


def list_aside(store: Store, table: str | None = None) -> list[Aside]:
    """Everything that is kept aside, of one table or of all, oldest first."""
    return [_describe(store, commit) for commit in store.catalog.tables.list_quarantined(table)]


def _describe(store: Store, commit: Commit) -> Aside:
    return Aside(
        id=commit.id,
        table=commit.table,
        rows=commit.rows,
        partitions=commit.partitions,
        diverted_from=commit.diverted_from,
        written_since=store.catalog.tables.written_since(commit.id),
        because=_tell_causes(store, commit),
        actor=commit.actor,
        committed_at=commit.committed_at,
    )


def warn_quarantined(store: Store, commit: Commit) -> Commit:
    """The commit, once its author is warned that it is in quarantine, where it is."""
    if commit.state == "quarantined":
        warnings.warn(
            QuarantinedData(
                f"Quarantined: {sum(file.rows for file in commit.added):,} rows of {commit.table} are kept aside, and "
                f"no version has them: {_tell_causes(store, commit)}. "
                f"`trivium alerts list --table {commit.table}` shows why; then "
                f"`trivium tables release {commit.id}` or `trivium tables discard {commit.id}`",
                commit,
            ),
            stacklevel=stacklevel_of_user(),
        )
    return commit


def _tell_causes(store: Store, commit: Commit) -> str:
    """The first of what failed, with its partition where there are several."""
    causes = _causes(store, commit)
    several = len(commit.partitions) > 1
    told = [f"{message} ({partition})" if several else message for partition, message in causes[:MOST_TOLD]]
    more = [f"and {len(causes) - MOST_TOLD} more"] if len(causes) > MOST_TOLD else []
    return "; ".join([*told, *more])


def _causes(store: Store, commit: Commit) -> list[tuple[str, str]]:
    """(partition, message) of what failed: in the judgement of the commit itself, or for diverted rows in that of the
    one they came from."""
    judgements = store.catalog.tables.judgements(commit.diverted_from or commit.id)
    wanted = ("divert",) if commit.diverted_from else ("block", "divert")
    return [
        (judgement.partition, result.message)
        for judgement in judgements
        for result in judgement.results
        if not result.passed and result.severity in wanted
    ]
