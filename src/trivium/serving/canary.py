"""The canary decides: promoted, rolled back, or still waiting, from paired predictions and the truth that came."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from trivium.checks.measures import find_measure
from trivium.errors import ApprovalMissing, GateFailed, NotFound
from trivium.failpoints import failpoint
from trivium.models.promotion import promote
from trivium.serving.sequential import MeanInterval, confidence_sequence
from trivium.serving.truth import read_labelled
from trivium.store.store import Store
from trivium.values.endpoints import Endpoint, Route, Verdict, VerdictDecision

MARGIN = 0.002
LEAST_ROWS = 500
MOST_ERRORS = 0.01


def decide(store: Store, name: str, *, margin: float = MARGIN, least_rows: int = LEAST_ROWS) -> Verdict:
    """The candidate's verdict is on record and carried out.

    Every request was answered by one version and silently asked of the other, so their squared errors (for a
    classifier: Brier scores) are compared on the very same rows. "promote" when the candidate is surely not worse by
    more than `margin`; "roll_back" when it is surely worse, or fails on over 1 % of rows; else "wait". Looking again
    every day keeps the error rate, see `confidence_sequence`.

    Raises NotFound when no version is a canary or shadow.
    """
    endpoint = store.catalog.endpoints.get_endpoint(name)
    candidate = find_candidate(endpoint)
    settled = find_settled(store, endpoint, candidate)
    if settled is None:
        settled = judge_candidate(store, endpoint, candidate, margin=margin, least_rows=least_rows)
        store.catalog.endpoints.record_verdict(settled, actor=f"endpoint:{name}")
        failpoint("verdict:recorded")
    return carry_out(store, endpoint, settled)


def find_candidate(endpoint: Endpoint) -> Route:
    """The canary, else the first shadow. Raises NotFound."""
    for role in ("canary", "shadow"):
        for route in endpoint.routes:
            if route.role == role:
                return route
    raise NotFound(f"Endpoint {endpoint.name!r} has no canary and no shadow to decide about.")


def find_settled(store: Store, endpoint: Endpoint, candidate: Route) -> Verdict | None:
    """A final verdict that was recorded, but not carried out before the process died."""
    verdicts = store.catalog.endpoints.list_verdicts(endpoint.name)
    mine = [each for each in verdicts if each.candidate == candidate.version]
    return mine[-1] if mine and mine[-1].decision != "wait" and candidate.role == "canary" else None


def judge_candidate(store: Store, endpoint: Endpoint, candidate: Route, *, margin: float, least_rows: int) -> Verdict:
    """What the evidence says today."""
    rows = read_labelled(store, endpoint.spec)
    pairs, evidence = pair_answers(rows, candidate.version, endpoint.champion)
    seen = confidence_sequence(pairs["difference"].to_numpy() if pairs.height else np.empty(0))
    decision, because = weigh(seen, evidence["error_share"], margin, least_rows)
    evidence |= {"rows": seen.rows, "mean_difference": seen.mean, "low": _finite(seen.low), "high": _finite(seen.high)}
    evidence |= {"margin": margin, "auc_candidate": _auc(pairs, "theirs"), "auc_champion": _auc(pairs, "ours")}
    return Verdict(
        endpoint=endpoint.name, candidate=candidate.version, champion=endpoint.champion, decision=decision,
        because=because, evidence=evidence, decided_at=store.clock(),
    )  # fmt: skip


def pair_answers(rows: pl.DataFrame, candidate: int, champion: int) -> tuple[pl.DataFrame, dict[str, Any]]:
    """Both versions' answers to the same requests with the label, and how often the candidate failed or agreed."""
    if not rows.height:
        return pl.DataFrame(schema={"difference": pl.Float64}), {"error_share": 0.0}
    theirs = rows.filter(pl.col("version") == candidate)
    failed = theirs["score"].null_count() / theirs.height if theirs.height else 0.0
    ours = rows.filter(pl.col("version") == champion).select("request_id", ours="score")
    pairs = theirs.rename({"score": "theirs"}).join(ours, on="request_id", how="inner").sort("asked_at", "request_id")
    both = pairs.filter(pl.col("ours").is_not_null() & pl.col("theirs").is_not_null())
    agreement = both.select(1 - (pl.col("ours") - pl.col("theirs")).abs().mean()).item() if both.height else None
    known = both.filter(pl.col("label").is_not_null()).with_columns(
        difference=(pl.col("theirs") - pl.col("label")) ** 2 - (pl.col("ours") - pl.col("label")) ** 2
    )
    return known, {"error_share": failed, "pairs": both.height, "labelled": known.height, "agreement": agreement}


def weigh(seen: MeanInterval, error_share: float, margin: float, least_rows: int) -> tuple[VerdictDecision, str]:
    """The decision and its reason in a sentence."""
    if error_share > MOST_ERRORS:
        return "roll_back", f"the candidate fails on {error_share:.1%} of the requests"
    if seen.rows < least_rows:
        return "wait", f"{seen.rows:,} of at least {least_rows:,} labelled pairs so far"
    shown = (
        f"squared error {seen.mean:+.4f} against the champion ({seen.low:+.4f} to {seen.high:+.4f}) "
        f"on {seen.rows:,} labelled pairs"
    )
    if seen.high < margin:
        return "promote", f"{shown}: surely not worse by {margin:g}"
    if seen.low > 0:
        return "roll_back", f"{shown}: surely worse"
    return "wait", f"{shown}: not sure yet"


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


def _auc(pairs: pl.DataFrame, answers: str) -> float | None:
    if not pairs.height:
        return None
    found = find_measure("auc", pairs["label"], pairs[answers], "")
    return None if found is None else found.value


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
