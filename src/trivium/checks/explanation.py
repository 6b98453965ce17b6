"""Why a column surprised: its surprising facts merged into one cause, said in a sentence, with a small picture."""

from __future__ import annotations

import math
from typing import Any

from msgspec import Struct

from trivium.checks.facts import NOVEL, QUANTILES, RELATION, SHARE, family_of
from trivium.checks.history import History
from trivium.checks.surprise import Surprises
from trivium.checks.units import find_conversion
from trivium.checks.wording import TELLING, name_of, show, show_band
from trivium.values.alerts import Profile

PICTURED = 60
COMPARABLE = 0.25
FAR, TWICE = 3.0, 2.0
ALIKE = 0.1
COPIES_ROWS = frozenset({"distinct", "longest_run", "top_share", "entropy"})


class Explanation(Struct, frozen=True):
    """One column's cause. `facts`: the surprising ones, strongest first. `rows_share`: how much of the rows is touched,
    by the shares that `moved` and by how many of the five inner quantiles surprise.

    `evidence` holds the leading fact's past values and band for a sparkline.
    """

    column: str
    facts: tuple[str, ...]
    surprise: float
    rows_share: float
    observed: float
    expected: str
    message: str
    looks_like: str | None
    moved: dict[str, float]
    evidence: dict[str, Any]


def explain_column(column: str, profile: Profile, history: History, surprises: Surprises) -> Explanation:
    """The explanation of a column with at least one alarming fact; column "" is the rows as a whole."""
    hits = {
        fact: at for at, (owner, fact) in enumerate(surprises.keys) if owner == column and surprises.scores[at] >= 1.0
    }
    scores = {fact: float(surprises.scores[at]) for fact, at in hits.items()}
    facts = sorted(hits, key=lambda fact: -scores[fact])
    lead = leading_fact(facts, scores)
    moved, cause = moved_shares(hits, surprises), likely_cause(column, profile, surprises, hits)
    share = 1.0 if moved_as_a_whole(column, surprises) else touched_share(hits, moved, cause)
    observed = shown_value(lead, surprises.from_scale(hits[lead], float(surprises.values[hits[lead]])))
    evidence = picture(column, lead, hits[lead], history, surprises)
    expected = show_band(lead, evidence["low"], evidence["high"])
    return Explanation(
        column=column,
        facts=tuple(facts),
        surprise=scores[facts[0]],
        rows_share=share,
        observed=observed,
        expected=expected,
        message=_sentence(column, lead, observed, expected, known=len(history), share=share, cause=cause),
        looks_like=cause,
        moved=moved,
        evidence=evidence
        | {
            "rows_share": round(share, 4),
            "cause": cause,
            "facts": {fact: round(scores[fact], 3) for fact in facts[:8]},
        },
    )


def picture(column: str, fact: str, at: int, history: History, surprises: Surprises) -> dict[str, Any]:
    """What a sparkline of the fact needs: its last 60 values, their partitions, the band, what was expected and is."""
    low, high = band(fact, at, surprises)
    return {
        "fact": fact,
        "history": past_values((column, fact), history),
        "partitions": list(history.partitions[-PICTURED:]),
        "low": low,
        "high": high,
        "expected": shown_value(fact, surprises.from_scale(at, float(surprises.expected[at]))),
        "observed": shown_value(fact, surprises.from_scale(at, float(surprises.values[at]))),
    }


def touched_share(hits: dict[str, int], moved: dict[str, float], cause: str | None) -> float:
    """The share of rows that is touched.

    All of them for a known cause, which explains the whole column; else what the shares moved by, or how many of the
    five inner quantiles surprise, whichever is more.
    """
    if cause is not None:
        return 1.0
    return max([sum(fact in hits for fact in QUANTILES) / len(QUANTILES), *moved.values()])


def moved_as_a_whole(column: str, surprises: Surprises) -> bool:
    """Whether the mean moved by over three standard deviations while the values spread no more than twice as wide: had
    only some of the rows moved so far, the rest would have kept the mean or spread the values."""
    mean, spread = surprises.at((column, "mean")), surprises.at((column, "sd"))
    if mean is None or spread is None:
        return False
    was, now = (surprises.from_scale(mean, float(each[mean])) for each in (surprises.expected, surprises.values))
    usual, wide = (surprises.from_scale(spread, float(each[spread])) for each in (surprises.expected, surprises.values))
    return usual > 0 and abs(now - was) > FAR * usual and wide <= TWICE * usual and surprises.scores[mean] >= 1.0


def leading_fact(facts: list[str], scores: dict[str, float]) -> str:
    """The most telling fact among those at least a quarter as surprising as the strongest, which comes first."""
    close = [fact for fact in facts if scores[fact] >= COMPARABLE * scores[facts[0]]]
    return next((fact for fact in TELLING if fact in close), facts[0])


def moved_shares(hits: dict[str, int], surprises: Surprises) -> dict[str, float]:
    """How far each surprising fact that is a share of the rows moved, in [0, 1]; "log_rows" by the share of rows."""
    moved = {}
    for fact, at in hits.items():
        shift = abs(float(surprises.values[at] - surprises.expected[at]))
        if fact == "log_rows":
            moved[fact] = 1 - math.exp(-shift)
        elif family_of(fact) in (SHARE, NOVEL) and fact != "entropy":
            moved[fact] = min(shift, 1.0)
    return moved


def likely_cause(column: str, profile: Profile, surprises: Surprises, hits: dict[str, int]) -> str | None:
    """The engineering fault that the facts look like; None when they look like none that is known."""
    raw = next((known.facts for known in profile.columns if known.name == column), {})
    shift = {fact: float(surprises.values[at] - surprises.expected[at]) for fact, at in hits.items()}
    if shift.get("copied", 0) > 0:
        return "a copy of an earlier partition"
    if max(shift.get("lower_rate", 0), shift.get("upper_rate", 0)) > 0.5 and _letters_as_usual(column, surprises):
        return "the case of the letters changed"
    if "mean" in hits or sum(fact in hits for fact in QUANTILES) >= 2:
        conversion = find_conversion(column, raw, surprises)
        return conversion.name if conversion else None
    return None


def _letters_as_usual(column: str, surprises: Surprises) -> bool:
    """Whether texts hold as many letters as expected, of any case, and are as seldom blank."""
    places = {fact: surprises.at((column, fact)) for fact in ("upper_share", "lower_share", "blank_rate")}
    if None in places.values():
        return False
    moved = {
        fact: float(surprises.values[at] - surprises.expected[at]) for fact, at in places.items() if at is not None
    }
    return abs(moved["upper_share"] + moved["lower_share"]) <= ALIKE and abs(moved["blank_rate"]) <= ALIKE


def band(fact: str, at: int, surprises: Surprises) -> tuple[float, float]:
    """Where the fact would not have alarmed, in its own units; shares stay in [0, 1], correlations in [-1, 1]."""
    middle, width = float(surprises.expected[at]), float(surprises.widths[at])
    low, high = (shown_value(fact, surprises.from_scale(at, side)) for side in (middle - width, middle + width))
    if fact == "entropy" or family_of(fact) not in (SHARE, NOVEL, RELATION):
        return low, high
    return max(low, -1.0 if fact == "rank_correlation" else 0.0), min(high, 1.0)


def shown_value(fact: str, value: float) -> float:
    """A fact in the unit that people read: the number of rows for its logarithm."""
    return math.expm1(min(value, 700.0)) if fact == "log_rows" else value


def past_values(key: tuple[str, str], history: History) -> list[float | None]:
    """The fact's last 60 values, oldest first; None where it was not defined."""
    at = history.keys[key]
    values = [float(vector[at]) if at < vector.size else math.nan for vector in history.values[-PICTURED:]]
    return [shown_value(key[1], value) if math.isfinite(value) else None for value in values]


def _sentence(
    column: str, lead: str, observed: float, expected: str, *, known: int, share: float, cause: str | None
) -> str:
    subject = f"`{column}`: " if column else ""
    fact = f"{subject}{name_of(lead)} {show(lead, observed)}, expected {expected} (last {known} partitions)"
    touched = f"; {show('null_rate', share)} of rows" if share >= 0.01 else ""
    return f"{fact}{touched}{f'; looks like {cause}' if cause else ''}"
