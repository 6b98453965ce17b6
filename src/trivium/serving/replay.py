"""The rows of an evaluation sent through the serving path: the same questions have to give the same answers."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from trivium.models.report import read_exam
from trivium.serving.client import Client
from trivium.serving.gateway_process import start_gateway
from trivium.store.store import Store
from trivium.values.models import Report

BATCH = 2000
SAME = 1e-9


class Replay(Struct, frozen=True):
    """How many rows were asked again, and the largest difference between the answers."""

    rows: int
    max_difference: float

    @property
    def equal(self) -> bool:
        """Whether serving answers as the evaluation did."""
        return self.max_difference <= SAME


def replay_report(store: Store, endpoint: str, report: Report, version: int, *, limit: int | None = None) -> Replay:
    """The evaluation's own rows, asked over HTTP of a routed version; no prediction is logged, the outcome is an event.

    limit: only this many rows, evenly spread. Raises NotFound when the version has no route.
    """
    exam = read_exam(store.blobs, report)
    if limit is not None and exam.height > limit:
        exam = exam[np.unique(np.linspace(0, exam.height - 1, limit).astype(int)).tolist()]
    expected = exam["score"].to_numpy()
    questions = exam.drop(["score", "label", "baseline"], strict=False).to_dicts()
    client = Client(start_gateway(store).url)
    answers: list[float] = []
    try:
        for start in range(0, len(questions), BATCH):
            asked = {"records": questions[start : start + BATCH], "replay": version}
            answers += client.post(f"/endpoints/{endpoint}/predict", asked)["scores"]
    finally:
        client.close()
    difference = np.max(np.abs(np.array(answers) - expected), initial=0.0)
    replay = Replay(len(answers), float(difference))
    detail = {"version": version, "rows": replay.rows, "max_difference": replay.max_difference, "equal": replay.equal}
    store.catalog.events.append("endpoint.replayed", endpoint, detail, actor=store.actor)
    return replay
