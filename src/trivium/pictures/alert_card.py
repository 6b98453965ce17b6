"""An alert in HTML: its sentence, what has become of it, and what is on record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trivium.pictures.marks import number, verdict_of
from trivium.pictures.markup import bare, tag, text
from trivium.pictures.wording import LONGEST_SENTENCE
from trivium.values.alerts import Alert

EXAMPLES, CELLS = 5, 12
FOLLOWS = {"block": "blocks", "warn": "warns", "divert": "diverts rows"}
TONES = {"block": "loud", "warn": "mild", "divert": "mild"}
MOMENT = "%Y-%m-%d %H:%M UTC"


def alert_anchor(alert: Alert) -> str:
    """The id of the alert's element."""
    return f"alert-{alert.id}"


def draw_badges(alert: Alert) -> str:
    """What follows from it, and what has become of it."""
    return tag("span", FOLLOWS[alert.severity], klass=f"badge {alert.severity}") + tag(
        "span", verdict_of(alert), klass="badge"
    )


def draw_alert(alert: Alert, *, pressing: bool) -> str:
    """One of many alerts: badges, sentence, what was said of it. pressing: somebody still has to look at it."""
    about = f"{text(alert.column or alert.check)} in {text(alert.partition)}"
    top = tag("div", draw_badges(alert) + tag("span", about) + tag("code", bare(alert.id), klass="soft"), klass="top")
    said = tag("p", verdict_sentence(alert), klass="soft") if alert.state != "open" or alert.verdict else ""
    tone = f"alert {TONES[alert.severity]}" if pressing else "alert"
    return tag("article", top + tag("p", sentence(alert)) + said, klass=tone, id=alert_anchor(alert))


def sentence(alert: Alert) -> str:
    """What the alert says."""
    return text(alert.message, longest=LONGEST_SENTENCE)


def verdict_sentence(alert: Alert) -> str:
    """Who said what of it and why; else why it is resolved, or how to say something."""
    if alert.verdict is not None:
        told = f"{text(alert.verdict_by or 'somebody')} said that it is a {verdict_of(alert)}: "
        return told + text(alert.verdict_because or "", longest=LONGEST_SENTENCE)
    if alert.state == "open":
        verbs = [f"trivium alerts {verb} {alert.id} --because ..." for verb in ("confirm", "dismiss")]
        return "Is it true? " + " or ".join(tag("code", bare(verb, longest=200)) for verb in verbs)
    return "Resolved: " + text(alert.resolved_because or "", longest=LONGEST_SENTENCE)


def draw_alert_facts(alert: Alert) -> str:
    """Everything that is on record, below the picture."""
    surprise, rows = number(alert.evidence.get("surprise")), number(alert.evidence.get("failing_rows"))
    facts = {
        "check": alert.check,
        "observed": _short(alert.evidence.get("observed")),
        "expected": _short(alert.evidence.get("expected")),
        "surprise": f"{surprise:.2f} times its alarm threshold" if surprise is not None else "",
        "rows": f"{rows:,.0f}" if rows else "",
        "looks like": _short(alert.evidence.get("cause")),
        "opened": f"{alert.opened_at:{MOMENT}}",
        "resolved": f"{alert.resolved_at:{MOMENT}}" if alert.resolved_at else "",
        "commit": alert.commit or "",
        "alert": alert.id,
    }
    told = "".join(tag("dt", name) + tag("dd", text(value, longest=200)) for name, value in facts.items() if value)
    parts = [tag("h2", "On record"), tag("dl", told, klass="card"), draw_causes(alert), draw_examples(alert)]
    return "".join(parts)


def draw_causes(alert: Alert) -> str:
    """What else failed with it."""
    also = alert.evidence.get("also")
    found = [each for each in also if isinstance(each, dict)] if isinstance(also, (list, tuple)) else []
    if not found:
        return ""
    items = [tag("li", text(str(each.get("message", "")), longest=LONGEST_SENTENCE)) for each in found[:20]]
    return tag("h2", "With the same cause") + tag("ul", "".join(items), klass="card")


def draw_examples(alert: Alert) -> str:
    """Some of the failing rows."""
    examples = alert.evidence.get("examples")
    rows = [each for each in examples if isinstance(each, dict)] if isinstance(examples, (list, tuple)) else []
    if not rows:
        return ""
    names = list(rows[0])[:CELLS]
    head = tag("tr", "".join(tag("th", text(str(name)), scope="col") for name in names))
    return tag("h2", "Some failing rows") + tag(
        "div", tag("table", head + "".join(_row(each, names) for each in rows[:EXAMPLES])), klass="card wide"
    )


def _row(example: Mapping[str, Any], names: Sequence[str]) -> str:
    return tag("tr", "".join(tag("td", text(_short(example.get(name)))) for name in names))


def _short(value: Any) -> str:
    """A value in a few characters, whatever its size: of a text of 10 MB only the beginning is looked at."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value[:200]
    known = number(value)
    return f"{known:.6g}" if known is not None else str(value)[:200]
