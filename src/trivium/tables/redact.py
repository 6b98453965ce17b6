"""What was said of rows that are erased, without them."""

from __future__ import annotations

from collections.abc import Collection

from msgspec.structs import replace

from trivium.values.alerts import Alert, CheckResult, Judgement

SILENCE = "(the message quoted a row that was erased)"


def redact_judgement(judgement: Judgement, texts: Collection[str]) -> Judgement:
    """The judgement without examples, evidence, or messages that quote one of the texts."""
    return replace(judgement, results=tuple(_redact_result(result, texts) for result in judgement.results))


def redact_alert(alert: Alert, texts: Collection[str]) -> Alert:
    """The alert without evidence, and without its message if that quotes one of the texts."""
    return replace(alert, evidence={}, message=_redact(alert.message, texts))


def _redact_result(result: CheckResult, texts: Collection[str]) -> CheckResult:
    observed = result.observed
    return replace(
        result,
        examples=(),
        evidence={},
        message=_redact(result.message, texts),
        expected=_redact(result.expected, texts),
        observed=_redact(observed, texts) if isinstance(observed, str) else observed,
    )


def _redact(message: str, texts: Collection[str]) -> str:
    return SILENCE if any(text in message for text in texts) else message
