"""Reproductions as the terminal tells them."""

from __future__ import annotations

from trivium.pipelines.cause import some, tell_packages
from trivium.pipelines.reproduction import Evidence, Reproduction

DIFFERENCES = 5


def reproduction_line(evidence: Evidence) -> str:
    """The last reproduction of a run, as `trivium runs show` has it."""
    return f"on {evidence.at:%Y-%m-%d}: {evidence.told}" + (f", by run {evidence.again}" if evidence.again else "")


def reproduction_lines(outcome: Reproduction) -> list[str]:
    """What there is to know of a reproduction, besides that it differs."""
    lines = [f"Note: {note}." for note in outcome.notes]
    if outcome.packages:
        lines.append(f"Packages that are not as they were: {some(tell_packages(outcome.packages))}.")
    if outcome.same:
        lines.append(f"Run {outcome.run} is reproduced by {outcome.again}: every output has the same content.")
    lines += [f"differs: {each.tell()}" for each in outcome.differences[1 : DIFFERENCES + 1]]
    return lines


def differing_line(outcome: Reproduction) -> str:
    """The first difference, and why it may be."""
    causes = f" Likely cause: {'; '.join(each.text for each in outcome.causes)}." if outcome.causes else ""
    failed = f" It failed: {outcome.error.splitlines()[0]}" if outcome.error else ""
    return f"Run {outcome.again or 'of the kept code'} differs from {outcome.run} in {outcome.first}.{failed}{causes}"
