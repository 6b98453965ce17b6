"""The canary decides: promoted, rolled back, or still waiting, from paired predictions and the truth that came."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import polars as pl
from msgspec import Struct

from trivium.checks.measures import find_measure, improvement
from trivium.errors import ApprovalMissing, GateFailed, NotFound
from trivium.failpoints import failpoint
from trivium.models.gate import headline
from trivium.models.promotion import promote
from trivium.models.report import get_report
from trivium.serving.sequential import MeanInterval, confidence_sequence, widen_for_look
from trivium.serving.truth import read_labelled
from trivium.store.store import Store
from trivium.values.endpoints import Endpoint, Route, Verdict, VerdictDecision
from trivium.values.models import Metric

MARGIN = 0.02
LEAST_DAYS = 3
LEAST_ROWS = 30
MOST_ERRORS = 0.01


def decide(store: Store, name: str, *, margin: float = MARGIN, least_days: int = LEAST_DAYS) -> Verdict:
    """The candidate's verdict is on record and carried out.

    Every request was answered by one version and silently asked of the other, so both are measured on the very same
    rows, by the measure that heads the candidate's evaluation. The test is lopsided on purpose: taking a candidate back
    costs little, so rows count one by one; promoting it changes everything, and the rows of a day share its weather, so
    days count. "roll_back": surely worse by more than `margin` (in the measure's unit) over all rows, or failing on
    over 1 % of them. "promote": surely not worse by `margin` over at least `least_days` days. Else "wait". Both hold
    however often one looks: see `sequential`.

    Raises NotFound when no version is a canary or shadow.
    """
    endpoint = store.catalog.endpoints.get_endpoint(name)
    candidate = find_candidate(endpoint)
    verdict = find_settled(store, endpoint, candidate)
    if verdict is None:
        verdict = judge_candidate(store, endpoint, candidate, margin=margin, least_days=least_days)
        store.catalog.endpoints.record_verdict(verdict, actor=f"endpoint:{name}")
        failpoint("verdict:recorded")
    return carry_out(store, endpoint, verdict)


def find_candidate(endpoint: Endpoint) -> Route:
    """The canary, else the first shadow. Raises NotFound."""
    for role in ("canary", "shadow"):
        for route in endpoint.routes:
            if route.role == role:
                return route
    raise NotFound(f"Endpoint {endpoint.name!r} has no canary and no shadow to decide about.")


def find_settled(store: Store, endpoint: Endpoint, candidate: Route) -> Verdict | None:
    """A final verdict that was recorded, but not carried out before the process died.

    Routes that changed since mean that it was carried out, and that somebody lets the candidate try again.
    """
    verdicts = store.catalog.endpoints.list_verdicts(endpoint.name)
    mine = [each for each in verdicts if each.candidate == candidate.version]
    if not mine or mine[-1].decision == "wait" or candidate.role != "canary":
        return None
    return mine[-1] if mine[-1].evidence.get("routes_seq") == endpoint.routes_seq else None


def judge_candidate(store: Store, endpoint: Endpoint, candidate: Route, *, margin: float, least_days: int) -> Verdict:
    """What the evidence says today."""
    model = store.catalog.models.get_model(endpoint.spec.model, candidate.version)
    measure = headline(get_report(store, model))
    looks = sum(each.candidate == candidate.version for each in store.catalog.endpoints.list_verdicts(endpoint.name))
    rows = read_labelled(store, endpoint.spec)
    pairs, facts = pair_answers(rows, candidate.version, endpoint.champion)
    seen = compare(pairs, endpoint.spec.time, measure, looks + 1)
    decision, because = weigh(seen, facts["error_share"], margin, least_days)
    return Verdict(
        endpoint=endpoint.name, candidate=candidate.version, champion=endpoint.champion, decision=decision,
        because=because, decided_at=store.clock(),
        evidence={
            **facts, "measure": measure, "margin": margin, "look": looks + 1, "routes_seq": endpoint.routes_seq,
            **msgspec.to_builtins(seen),
        },
    )  # fmt: skip


class Comparison(Struct, frozen=True):
    """Candidate against champion on the same rows: by how much better, by rows and by days."""

    by_rows: Metric | None
    by_days: MeanInterval
    candidate: float | None
    champion: float | None


def pair_answers(rows: pl.DataFrame, candidate: int, champion: int) -> tuple[pl.DataFrame, dict[str, Any]]:
    """Both versions' answers to the same requests with the label, and how often the candidate failed or agreed."""
    if not rows.height:
        return rows, {"error_share": 0.0, "pairs": 0, "labelled": 0, "agreement": None}
    theirs = rows.filter(pl.col("version") == candidate)
    failed = theirs["score"].null_count() / theirs.height if theirs.height else 0.0
    ours = rows.filter(pl.col("version") == champion).select("request_id", ours="score")
    pairs = theirs.rename({"score": "theirs"}).join(ours, on="request_id", how="inner")
    both = pairs.filter(pl.col("ours").is_not_null() & pl.col("theirs").is_not_null())
    agreement = both.select(1 - (pl.col("ours") - pl.col("theirs")).abs().mean()).item() if both.height else None
    known = both.filter(pl.col("label").is_not_null())
    return known, {"error_share": failed, "pairs": both.height, "labelled": known.height, "agreement": agreement}


def compare(pairs: pl.DataFrame, time: str, measure: str, look: int) -> Comparison:
    """The candidate's improvement over all labelled pairs, and day by day."""
    if not pairs.height:
        return Comparison(None, confidence_sequence(np.empty(0)), None, None)
    overall = improvement(measure, pairs["label"], pairs["theirs"], pairs["ours"])
    days = [
        found.value
        for _, day in pairs.group_by(pl.col(time).dt.date(), maintain_order=True)
        if day.height >= LEAST_ROWS
        and (found := improvement(measure, day["label"], day["theirs"], day["ours"])) is not None
    ]
    values = {side: find_measure(measure, pairs["label"], pairs[side], "") for side in ("theirs", "ours")}
    return Comparison(
        by_rows=widen_for_look(overall, look) if overall else None,
        by_days=confidence_sequence(np.array(days, dtype=np.float64)),
        candidate=values["theirs"].value if values["theirs"] else None,
        champion=values["ours"].value if values["ours"] else None,
    )


def weigh(seen: Comparison, error_share: float, margin: float, least_days: int) -> tuple[VerdictDecision, str]:
    """The decision and its reason in a sentence."""
    if error_share > MOST_ERRORS:
        return "roll_back", f"the candidate fails on {error_share:.1%} of the requests"
    rows, days = seen.by_rows, seen.by_days
    if rows is None or rows.low is None or rows.high is None:
        return "wait", "no truth has come yet for requests that both versions saw"
    by_rows = f"{rows.name} {rows.value:+.3f} against the champion on {rows.rows:,} pairs"
    if rows.high < -margin:
        return "roll_back", f"{by_rows} ({rows.low:+.3f} to {rows.high:+.3f}): surely worse by more than {margin:g}"
    if days.count < least_days:
        return "wait", f"{by_rows}; {days.count} of at least {least_days} days of truth so far"
    by_days = f"{by_rows}; {days.mean:+.3f} a day ({days.low:+.3f} to {days.high:+.3f}) over {days.count} days"
    if days.low > -margin:
        return "promote", f"{by_days}: surely not worse by {margin:g}"
    return "wait", f"{by_days}: not sure yet"


def carry_out(store: Store, endpoint: Endpoint, verdict: Verdict) -> Verdict:
    """The routes follow the verdict. Doing it again changes nothing.

    A promotion that lacks its gate or approvals waits, and the verdict that is returned says so.
    """
    because = f"canary verdict: {verdict.because}"
    actor = f"endpoint:{endpoint.name}"
    if verdict.decision == "roll_back":
        kept = tuple(route for route in endpoint.routes if route.version != verdict.candidate)
        store.catalog.endpoints.set_routes(endpoint.name, kept, because=because, actor=actor)
    if verdict.decision == "promote":
        try:
            promote(store, endpoint.spec.model, verdict.candidate, because=because, actor=actor)
        except (GateFailed, ApprovalMissing) as refusal:
            return _waiting(verdict, str(refusal))
        routes = (Route(verdict.candidate, "champion"),)
        store.catalog.endpoints.set_routes(endpoint.name, routes, because=because, actor=actor)
    return verdict


def _waiting(verdict: Verdict, refusal: str) -> Verdict:
    return Verdict(
        endpoint=verdict.endpoint, candidate=verdict.candidate, champion=verdict.champion, decision="wait",
        because=f"{verdict.because}, but {refusal}", evidence=verdict.evidence, decided_at=verdict.decided_at,
    )  # fmt: skip
