"""The ML test score of a model: Google's 28 tests, answered from evidence in the catalog alone.

Breck, Cai, Nielsen, Salib & Sculley, "The ML Test Score: A Rubric for ML Production Readiness and Technical Debt
Reduction", IEEE Big Data 2017. A test counts half when done by hand with the result on record, and one when automated
and repeated; the score is the least of the four sections' sums.
"""

from __future__ import annotations

from msgspec import Struct

from trivium.models.dossier import Dossier, read_dossier
from trivium.models.rubric import QUESTIONS, SECTIONS, Question
from trivium.models.score_tests import Answer
from trivium.store.store import Store
from trivium.values.models import Evidence


class Mark(Struct, frozen=True):
    """One test's points (0, 0.5 or 1), why, what would earn the next half (empty at 1), and where to see it."""

    id: str
    section: str
    title: str
    points: float
    why: str
    next: str
    link: str


class Score(Struct, frozen=True):
    """The score of one version: the sum of each section (0 to 7), and `total`, the least of them."""

    model: str
    version: int
    total: float
    sections: dict[str, float]
    tests: tuple[Mark, ...]

    @property
    def story(self) -> str:
        """Which section holds it back, and the cheapest step on."""
        weakest = min(self.sections, key=lambda section: self.sections[section])
        sums = ", ".join(f"{section} {points:g}" for section, points in self.sections.items())
        step = next((test for test in self.tests if test.section == weakest and test.points < 1), None)
        return f"{sums}." + (f" Next for {weakest}: {step.next}" if step else "")


def score_model(store: Store, name: str, version: int | str | None = None) -> Score:
    """The score of a version (None: the champion, or the newest one), which the version shows from now on.

    Raises NotFound.
    """
    score = score_dossier(read_dossier(store, name, version))
    store.catalog.models.set_score(name, score.version, score.total, actor=store.actor)
    return score


def score_dossier(facts: Dossier) -> Score:
    """Every test answered from these facts."""
    tests = tuple(_score(test, facts) for test in QUESTIONS)
    sections = {section: sum(test.points for test in tests if test.section == section) for section in SECTIONS}
    return Score(facts.model.name, facts.model.version, min(sections.values()), sections, tests)


def _score(test: Question, facts: Dossier) -> Mark:
    """The better of what the catalog shows by itself and what people put on record."""
    answers = [_of_evidence(each, facts) for each in facts.evidence if each.test == test.id]
    if test.answer is not None:
        answers.append(test.answer(facts))
    best = max(answers, key=lambda answer: answer.points, default=Answer(0.0, "nothing in the catalog shows it", ""))
    step = "" if best.points >= 1 else test.next.format(name=facts.model.name)
    return Mark(test.id, test.section, test.title, best.points, best.why, step, best.link)


def _of_evidence(evidence: Evidence, facts: Dossier) -> Answer:
    kind = "automated" if evidence.automated else "by hand"
    why = f"{kind}, {evidence.actor} on {evidence.recorded_at:%Y-%m-%d}: {evidence.statement}"
    return Answer(1.0 if evidence.automated else 0.5, why, evidence.link or f"trivium models show {facts.model.name}")
