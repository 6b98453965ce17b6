"""Error budgets over SQL: what is recorded of a check, and whether a commit used its budget up."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from trivium.durations import parse_duration
from trivium.store.catalog.sql.database import Transaction
from trivium.store.catalog.sql.rows import from_row, iso
from trivium.store.catalog.tables import Draft
from trivium.values.alerts import Alert, Judgement
from trivium.values.objectives import CheckOutcome, ErrorBudget, is_of_check, measure_budget, parse_objective
from trivium.values.tables import CheckSpec, TableSpec

SPEC = "SELECT * FROM table_specs WHERE name = ?"
RECORDED = (
    "SELECT j.partition, j.state, j.profile, j.results, c.id AS made_by, c.committed_at AS made_at FROM judgements j "
    'JOIN commits c ON c.id = j.commit_id WHERE j."table" = ? AND j.partition >= ? AND c.committed_at >= ? '
    "ORDER BY j.partition, c.id"
)
DISMISSED = (
    'SELECT a.*, COALESCE(c.diverted_from, c.id) AS made_by FROM alerts a JOIN commits c ON c.id = a."commit" '
    "WHERE a.\"table\" = ? AND a.verdict = 'false_alarm'"
)


def list_budgets(tx: Transaction, table: str) -> list[ErrorBudget]:
    """The error budget of every check of the table that has an objective."""
    spec = tx.one(TableSpec, SPEC, table)
    return [] if spec is None else [_budget(tx, spec, check) for check in spec.checks if check.objective]


def list_exhausted(tx: Transaction, draft: Draft) -> list[ErrorBudget]:
    """The budgets that were not used up before this commit, whose judgements are recorded, and are now."""
    failed = {result.check for each in draft.judgements for result in each.results if not result.passed}
    spec = tx.one(TableSpec, SPEC, draft.commit.table) if failed else None
    promised = [check for check in spec.checks if check.objective] if spec else []
    checks = [check for check in promised if any(is_of_check(name, check.name) for name in failed)]
    return [
        budget
        for check in checks
        if spec and (budget := _budget(tx, spec, check)).exhausted
        and not _budget(tx, spec, check, without=draft.commit.id).exhausted
    ]  # fmt: skip


def _budget(tx: Transaction, spec: TableSpec, check: CheckSpec, *, without: str = "") -> ErrorBudget:
    objective = str(check.objective)
    found = (each for each in _outcomes(tx, spec, check, parse_objective(objective).window) if each.commit != without)
    width = parse_duration(spec.every) if spec.time else None
    return measure_budget(
        found, table=spec.name, check=check.name, owner=check.owner or spec.owner, objective=objective, width=width
    )


def _outcomes(tx: Transaction, spec: TableSpec, check: CheckSpec, window: timedelta) -> Iterable[CheckOutcome]:
    """What is recorded of the check inside the window. A false alarm, as a person said, counts as passed."""
    false_alarms = set(_false_alarms(tx, spec.name))
    for row in tx.execute(RECORDED, spec.name, *_since(tx, spec, window)):
        judgement, commit = from_row(Judgement, row), str(row["made_by"])
        results = [result for result in judgement.results if is_of_check(result.check, check.name)]
        if results:
            passed = all(
                result.passed or (commit, judgement.partition, result.check) in false_alarms for result in results
            )
            made_at = datetime.fromisoformat(row["made_at"]).replace(tzinfo=None)
            at = _begin(judgement.partition) if spec.time else made_at
            yield CheckOutcome(judgement.partition, commit, at, passed)


def _since(tx: Transaction, spec: TableSpec, window: timedelta) -> tuple[str, str]:
    """The first partition, and the first moment of committing, that can be inside the window."""
    if spec.time is None:
        return "", iso(tx.clock() - window)
    newest = tx.execute('SELECT MAX(partition) FROM judgements WHERE "table" = ?', spec.name).fetchone()
    if newest is None or newest[0] is None:
        return "", ""
    return (_begin(newest[0]) - window).isoformat()[: len(newest[0])], ""


def _begin(partition: str) -> datetime:
    return datetime.fromisoformat(partition if "T" not in partition else f"{partition}:00")


def _false_alarms(tx: Transaction, table: str) -> Iterable[tuple[str, str, str]]:
    """(commit, partition, check or slice of one) of what failed, alone or among others, and a person dismissed."""
    for row in tx.execute(DISMISSED, table):
        alert = from_row(Alert, row)
        for check in (alert.check, *(str(each["check"]) for each in alert.evidence.get("also", ()))):
            yield str(row["made_by"]), alert.partition, check
