"""The 28 tests of the ML test score (Breck et al. 2017), and what would earn the next half of each.

A test without a question to the catalog is answered only by evidence that people or programs put on record.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from trivium.models.dossier import Dossier
from trivium.models.score_tests import (
    Answer,
    canary_before_serving,
    data_expectations,
    dependencies_notify,
    hyperparameters_tried,
    invariants_hold,
    no_skew,
    not_stale,
    numerically_stable,
    pipeline_integrated,
    quick_enough,
    rollback_works,
    simpler_is_not_better,
    slices_sufficient,
    specs_reviewed,
    staleness_known,
    still_good,
    training_reproducible,
    validated_before_serving,
)

SECTIONS = ("data", "model", "infrastructure", "monitoring")
RECORD = "record a dated statement or an automated result as evidence for it."


class Question(Struct, frozen=True):
    """One test of the rubric: its id for evidence ("data-1"), its question to the catalog, and how to earn more."""

    id: str
    title: str
    next: str
    answer: Callable[[Dossier], Answer] | None = None

    @property
    def section(self) -> str:
        """The section that it counts in."""
        return self.id.rpartition("-")[0]


QUESTIONS = (
    Question(
        "data-1",
        "feature expectations are captured in a schema",
        "declare checks on every input table.",
        data_expectations,
    ),
    Question("data-2", "all features are beneficial", f"measure the model without each feature, and {RECORD}"),
    Question("data-3", "no feature's cost is too much", f"weigh latency and upkeep of each feature, and {RECORD}"),
    Question(
        "data-4", "features adhere to meta-level requirements", f"check the inputs against your policy, and {RECORD}"
    ),
    Question("data-5", "the data pipeline has privacy controls", f"review who can read which column, and {RECORD}"),
    Question("data-6", "new features can be added quickly", f"time how long the last one took, and {RECORD}"),
    Question("data-7", "all input feature code is tested", f"test the feature tasks as plain functions, and {RECORD}"),
    Question(
        "model-1",
        "model specs are reviewed and checked in",
        "run from a clean commit, and have somebody approve the version: `trivium models approve {name}`.",
        specs_reviewed,
    ),
    Question(
        "model-2", "offline and online metrics correlate", f"compare exam and served metrics of versions, and {RECORD}"
    ),
    Question(
        "model-3",
        "all hyperparameters have been tuned",
        "run the pipeline with other parameters on the same data; an automated search counts one.",
        hyperparameters_tried,
    ),
    Question(
        "model-4",
        "the impact of model staleness is known",
        "register newer versions: each gate measures the champion on newer rows (three count one).",
        staleness_known,
    ),
    Question(
        "model-5",
        "a simpler model is not better",
        "give the exam's past to evaluate(against=), and pass the gate.",
        simpler_is_not_better,
    ),
    Question(
        "model-6",
        "quality is sufficient on all important slices",
        "declare metric(..., by=...) in the gate of register.",
        slices_sufficient,
    ),
    Question(
        "model-7",
        "the model was tested for considerations of inclusion",
        f"measure the people whom it could treat unequally, and {RECORD}",
    ),
    Question(
        "infrastructure-1",
        "training is reproducible",
        "`trivium runs reproduce RUN` of the run that made it (twice counts one).",
        training_reproducible,
    ),
    Question(
        "infrastructure-2", "model spec code is unit tested", f"test the training task on a few rows, and {RECORD}"
    ),
    Question(
        "infrastructure-3",
        "the full pipeline is integration tested",
        "let a trigger run the pipeline from tables to a gated version.",
        pipeline_integrated,
    ),
    Question(
        "infrastructure-4",
        "quality is validated before serving",
        "promote only what passed its gate: `trivium models gate {name}`.",
        validated_before_serving,
    ),
    Question(
        "infrastructure-5",
        "the model can be debugged step by step on one example",
        f"follow one row through the tasks, and {RECORD}",
    ),
    Question(
        "infrastructure-6",
        "models are tried on a canary before serving",
        "send a share of traffic to the next version, and let the verdict promote it.",
        canary_before_serving,
    ),
    Question(
        "infrastructure-7",
        "models can be rolled back quickly and safely",
        "let a canary be rolled back by its verdict, or drill `trivium models rollback {name}`.",
        rollback_works,
    ),
    Question(
        "monitoring-1",
        "dependency changes result in notification",
        "name an owner for each input table, and drill a change that alerts.",
        dependencies_notify,
    ),
    Question(
        "monitoring-2",
        "data invariants hold in training and serving inputs",
        "let checks judge every input table and the prediction log.",
        invariants_hold,
    ),
    Question(
        "monitoring-3", "training and serving features do not differ", "replay the exam through the endpoint.", no_skew
    ),
    Question("monitoring-4", "models are not too stale", "retrain by a trigger on new data.", not_stale),
    Question(
        "monitoring-5",
        "the model is numerically stable",
        "serve it, with its prediction log watched.",
        numerically_stable,
    ),
    Question(
        "monitoring-6",
        "speed, latency and memory have not regressed",
        "declare latency(p99=...) on the endpoint, and watch more than one day of predictions.",
        quick_enough,
    ),
    Question(
        "monitoring-7",
        "prediction quality has not regressed on served data",
        "declare labels and metric(...) on the endpoint, and watch more than one day of predictions.",
        still_good,
    ),
)
