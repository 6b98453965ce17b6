"""Points come from facts in the catalog, and from nothing else."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from trivium.checks.metric import metric
from trivium.models.dossier import read_dossier
from trivium.models.evaluate import evaluate
from trivium.models.package import Model
from trivium.models.register import register
from trivium.models.rubric import QUESTIONS, SECTIONS
from trivium.models.score import Score, score_model
from trivium.store.store import Store
from trivium.tables.commit import commit_rows
from trivium.values.endpoints import EndpointSpec, Route
from trivium.values.models import Evidence
from trivium.values.tables import TableSpec

NOW = datetime(2024, 6, 1, tzinfo=UTC)


def points(score: Score) -> dict[str, float]:
    return {test.id: test.points for test in score.tests if test.points}


def test_there_are_seven_questions_in_each_of_four_sections() -> None:
    assert [question.id for question in QUESTIONS] == [
        f"{section}-{number}" for section in SECTIONS for number in range(1, 8)
    ]


def test_a_model_without_surroundings_scores_zero(store: Store, model: Model, exam: pl.DataFrame) -> None:
    register("alone", model, evaluate(model, exam, target="late"))
    score = score_model(store, "alone")
    assert score.total == 0
    assert points(score) == {"model-5": 1, "monitoring-3": 0.5, "monitoring-5": 0.5}
    assert all(test.next for test in score.tests if test.points < 1)
    assert store.catalog.models.get_model("alone").score == 0


def test_what_was_done_counts_and_names_where_to_see_it(lived: Store) -> None:
    score = score_model(lived, "lateness")
    assert score.version == 1
    earned = points(score)
    assert earned["data-1"] == 1
    assert earned["model-3"] == 0.5
    assert earned["model-6"] == 1
    assert earned["infrastructure-3"] == 0.5
    assert earned["infrastructure-4"] == 1
    assert earned["monitoring-2"] == 0.5
    assert "infrastructure-6" not in earned
    tuned = next(test for test in score.tests if test.id == "model-3")
    assert tuned.why == "2 parameter settings were compared by auc on the same data"
    assert tuned.link == "trivium runs list --pipeline lateness"
    assert score.sections["monitoring"] == sum(value for key, value in earned.items() if key.startswith("monitoring"))
    assert score.total == min(score.sections.values())


def test_the_second_version_measured_the_champion_on_newer_rows_only_once_there_is_one(lived: Store) -> None:
    assert "model-4" not in points(score_model(lived, "lateness"))


def test_a_declared_monitor_counts_only_after_it_has_measured(lived: Store) -> None:
    spec = EndpointSpec("door", "lateness", "parcel", "sent_at", checks=(metric("auc", at_least=0.5),))
    lived.catalog.endpoints.deploy(spec, (Route(1, "champion"),), actor="ada")
    assert "monitoring-7" not in points(score_model(lived, "lateness"))
    for day, earned in ((1, 0.5), (2, 1.0)):
        rows = pl.DataFrame({"at": [NOW], "partition": [f"2024-06-0{day}"], "metric": ["auc"], "value": [0.7]})
        commit_rows(lived, TableSpec("door_metrics", watch="off"), rows)
        assert points(score_model(lived, "lateness"))["monitoring-7"] == earned
    assert "monitoring-6" not in points(score_model(lived, "lateness"))


@pytest.mark.parametrize(("automated", "earned"), [(False, 0.5), (True, 1.0)])
def test_evidence_on_record_counts_half_by_hand_and_one_when_automated(
    lived: Store, automated: bool, earned: float
) -> None:
    lived.catalog.models.record_evidence(
        Evidence("lateness", "data-5", automated, "columns reviewed, none is personal", "grace", NOW)
    )
    score = score_model(lived, "lateness")
    test = next(test for test in score.tests if test.id == "data-5")
    assert test.points == earned
    assert "grace on 2024-06-01: columns reviewed" in test.why
    assert bool(test.next) == (earned < 1)


def test_scoring_twice_gives_the_same_and_one_event(lived: Store) -> None:
    assert score_model(lived, "lateness") == score_model(lived, "lateness")
    events = lived.catalog.events.list_events(kind="model.scored")
    assert len(events) == 1


def test_the_dossier_holds_the_run_and_what_it_read(lived: Store) -> None:
    facts = read_dossier(lived, "lateness")
    assert facts.run is not None
    assert facts.run.pipeline == "lateness"
    assert [table.spec.name for table in facts.tables] == ["parcels"]
    assert {task.task for task in facts.tasks} == {"split", "train", "evaluate", "register"}
    assert facts.environment is not None
    assert [version.version for version in facts.versions] == [1, 2]
