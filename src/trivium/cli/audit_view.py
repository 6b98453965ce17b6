"""What an examination of the audit log reads like."""

from __future__ import annotations

from collections.abc import Iterator

from trivium.values.audit import AuditReport

UNSEEN = (
    "No checkpoint shows that its end was not cut off and that it was not rewritten as a whole: neither can be seen in "
    "the log alone. `trivium audit checkpoint` makes one."
)


def tell_report(report: AuditReport) -> Iterator[str]:
    """What was found, a sentence a line; what to do is said once for all problems that need the same."""
    yield from tell_whole(report) if report.holds else tell_broken(report)
    yield from (f"Note: {note}" for note in report.notes)


def tell_whole(report: AuditReport) -> Iterator[str]:
    """How far nothing can be wrong."""
    yield f"The chain of {report.events:,} events holds; its head is {report.head}."
    if report.proof == "none":
        yield UNSEEN
        return
    later = report.events - report.through
    yield (
        f"It agrees with every checkpoint ({report.checkpoints:,}), so up to event {report.through:,} nothing was cut "
        f"off or rewritten.{f' The {later:,} since then have the chain alone.' if later else ''}"
    )


def tell_broken(report: AuditReport) -> Iterator[str]:
    """What is wrong, and what to do."""
    yield "The audit log does not hold:"
    yield from (f"  {fault.kind}: {fault.message}" for fault in report.problems)
    yield from (f"What to do: {each}" for each in dict.fromkeys(fault.next for fault in report.problems))


def tell_problem(report: AuditReport) -> str:
    """The first problem, and how many more there are."""
    first, *more = report.problems
    others = f" There {'is 1 more problem' if len(more) == 1 else f'are {len(more):,} more problems'}." if more else ""
    return f"The audit log does not hold ({first.kind}): {first.message}{others}"
