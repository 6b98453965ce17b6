"""What a verdict on an alert changed, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from trivium.checks.feedback import LEARNED
from trivium.checks.wording import RELATED, name_of, show_band
from trivium.tables.learned_feedback import Band, Retuning
from trivium.values.alerts import Alert

SHOWN = 3
SAME = "No band changes: "


def retuning_lines(alert: Alert, retuned: Sequence[Retuning]) -> list[str]:
    """The bands before and after, the leading fact's first; or why none changed."""
    if alert.kind != LEARNED:
        return [f"A declared check is never re-tuned; change `{alert.check}` of {alert.table} where it is declared."]
    if not retuned and alert.verdict == "true_alarm":
        return [f"{SAME}from now on no dismissal widens one so far that this alarm would be quiet."]
    if not retuned:
        return [f"{SAME}a confirmed alarm that is as near bounds it, or an earlier dismissal widened it already."]
    lines = [retuning_line(each) for each in retuned[:SHOWN]]
    more = len(retuned) - SHOWN
    return lines if more <= 0 else [*lines, f"Likewise {more} more bands (--json has them)."]


def retuning_line(each: Retuning) -> str:
    """ "`wind` median: expected 8.2 to 11.9, now 4.1 to 16 (3.1 times as wide as learned)"."""
    about = " and ".join(f"`{name}`" for name in each.columns) or "the table"
    fact = each.fact.replace("_", " ") if each.fact in RELATED else name_of(each.fact)
    wide = "as learned" if each.factor_after == 1 else f"{each.factor_after:.3g} times as wide as learned"
    return f"{about}, {fact}: expected {spelled(each.fact, each.before)}, now {spelled(each.fact, each.after)} ({wide})"


def spelled(fact: str, band: Band) -> str:
    """ "8.2 to 11.9"."""
    return show_band(fact, *band)
