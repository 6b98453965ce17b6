"""Rows that are appended where the very same rows are already: a delivery that came twice."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from trivium.checks.judge import state_of
from trivium.store.store import Store
from trivium.values.alerts import CheckResult, Judgement
from trivium.values.tables import Commit, DataFile, TableSpec

FEWEST = 8  # fewer rows may well be alike by chance


def tell_twice(
    store: Store, spec: TableSpec, newest: Commit | None, judgements: Sequence[Judgement], added: Sequence[DataFile]
) -> tuple[Judgement, ...]:
    """The judgements, with a warning for each partition to which a file of the same bytes was appended before.

    What a compaction merged meanwhile is not recognised. Nothing is said of a table that nobody watches.
    """
    fresh = {file.partition: file for file in added if file.rows >= FEWEST}
    if newest is None or newest.version is None or spec.watch == "off" or not fresh:
        return tuple(judgements)
    known = {(file.partition, file.digest) for file in store.catalog.tables.files(spec.name, newest.version, [*fresh])}
    twice = {name: file for name, file in fresh.items() if (name, file.digest) in known}
    return tuple(
        _told(judgement, twice[judgement.partition]) if judgement.partition in twice else judgement
        for judgement in judgements
    )


def _told(judgement: Judgement, file: DataFile) -> Judgement:
    found = CheckResult(
        check="learned(rows)",
        kind="learned",
        column=None,
        partition=file.partition,
        passed=False,
        severity="warn",
        message=f"all {file.rows:,} rows are in this partition already, each as it is: were they committed twice? "
        "(an idempotency key, a key to upsert by, or overwriting the partition keeps them apart)",
        observed=float(file.rows),
        failing_rows=file.rows,
    )
    results = (*judgement.results, found)
    return replace(judgement, results=results, state=state_of(results))
