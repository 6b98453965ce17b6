"""From failed results to alerts: one for each column of each partition, with every cause merged into it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from trivium.ids import Ids
from trivium.values.alerts import Alert, CheckResult, Judgement
from trivium.values.tables import TableSpec

STRONGEST = ("schema", "learned")


def raise_alerts(
    spec: TableSpec, judgements: Sequence[Judgement], *, commit: str | None, now: datetime, ids: Ids
) -> tuple[Alert, ...]:
    """One open alert for each (partition, column) with a failed result, led by its strongest cause.

    The other causes are in `evidence["also"]`; a result about no single column stands for itself.
    """
    return tuple(
        _alert(spec, causes, commit=commit, now=now, ids=ids)
        for judgement in judgements
        for causes in group_causes(judgement.results)
    )


def group_causes(results: Iterable[CheckResult]) -> list[list[CheckResult]]:
    """Failed results by column, the strongest first; those about no single column each alone."""
    groups: dict[str, list[CheckResult]] = {}
    for result in results:
        if not result.passed:
            groups.setdefault(f"column {result.column}" if result.column else f"check {result.check}", []).append(
                result
            )
    return [sorted(causes, key=_strength, reverse=True) for causes in groups.values()]


def _strength(result: CheckResult) -> tuple[bool, bool, float]:
    """Blocking before warning, a broken schema or an explained surprise before a broken rule."""
    return result.severity == "block", result.kind in STRONGEST, result.surprise or 0.0


def _alert(spec: TableSpec, causes: Sequence[CheckResult], *, commit: str | None, now: datetime, ids: Ids) -> Alert:
    lead, *others = causes
    evidence = {
        **lead.evidence,
        "observed": lead.observed,
        "expected": lead.expected,
        "surprise": lead.surprise,
        "failing_rows": max(cause.failing_rows for cause in causes),
        "examples": next((list(cause.examples) for cause in causes if cause.examples), []),
        "also": [{"check": cause.check, "kind": cause.kind, "message": cause.message} for cause in others],
    }
    return Alert(
        id=ids(),
        table=spec.name,
        column=lead.column,
        partition=lead.partition,
        check=lead.check,
        kind=lead.kind,
        severity=lead.severity,
        state="open",
        message=lead.message,
        evidence=evidence,
        commit=commit,
        opened_at=now,
    )
