"""The release gate: the declared checks and those that every model has to pass, on the rows of its own exam."""

from __future__ import annotations

import numpy as np
import polars as pl

from trivium.checks.measures import improvement
from trivium.checks.metric import metric
from trivium.checks.predictions import judge_exam, show
from trivium.errors import NotFound, TriviumError
from trivium.models.manifest import Manifest
from trivium.models.package import open_model, read_manifest
from trivium.models.report import declared_gate, get_report, read_exam
from trivium.store.acting import off_the_record
from trivium.store.store import Store
from trivium.values.alerts import CheckResult
from trivium.values.models import Gate, ModelVersion, Report
from trivium.values.tables import Severity

EXAM = "exam"
SAME = 1e-9
WORSE_BY = 0.01  # the champion may be better by this share of the measure's unit before a worse candidate is refused


@off_the_record()
def judge_gate(store: Store, name: str, version: int | str | None = None) -> Gate:
    """The gate of a version (number, alias, or None for the newest) is judged now and on record; see `passed`.

    Every declared check is judged on the stored exam; beyond them the model has to beat the simple baseline, not to be
    clearly worse than the champion on the same rows, to give the same answers again when opened afresh, and to have
    learnt something of each of its columns. Raises NotFound.
    """
    model = store.catalog.models.get_model(name, version)
    report = get_report(store, model)
    exam = read_exam(store.blobs, report)
    rival = find_rival(store, model)
    results = [judge_champion(store, rival, report, exam)] if rival else []
    if rival and results[0].observed is not None:
        exam = exam.with_columns(pl.Series("champion", champion_answers(store, rival, exam)))
    # A dictionary by name: who declares what every model has to show anyway is not told twice.
    specs = {spec.name: spec for spec in (*declared_gate(report), metric(headline(report), beats="baseline"))}
    results = [
        *(result for spec in specs.values() for result in judge_exam(spec, exam, partition=EXAM)),
        *results,
        judge_replay(store, model, exam),
        judge_signature(read_manifest(store.blobs, model.artifact)),
    ]
    gate = Gate(
        model=name,
        version=model.version,
        passed=all(result.passed or result.severity == "warn" for result in results),
        results=tuple(results),
        against=rival.version if rival else None,
        judged_at=store.clock(),
    )
    store.catalog.models.record_gate(gate, actor=store.actor)
    return gate


def find_champion(store: Store, name: str) -> ModelVersion | None:
    """The version that is live by alias, or None."""
    try:
        return store.catalog.models.get_model(name, "champion")
    except NotFound:
        return None


def find_rival(store: Store, model: ModelVersion) -> ModelVersion | None:
    """The champion, when it is older than the model: a newer one may have learnt from the rows of this exam."""
    champion = find_champion(store, model.name)
    return champion if champion is not None and champion.version < model.version else None


def headline(report: Report) -> str:
    """The measure by which models of this kind are compared."""
    return str(report.facts.get("headline") or report.metrics[0].name)


def champion_answers(
    store: Store, champion: ModelVersion, exam: pl.DataFrame
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """What the champion says of the exam's rows. Raises TriviumError when it cannot be opened or asked."""
    return open_model(store.blobs, champion.artifact).predict(exam)


def judge_champion(store: Store, champion: ModelVersion, report: Report, exam: pl.DataFrame) -> CheckResult:
    """Whether the model is not clearly worse than the champion on the very same rows."""
    name, title = headline(report), f"not worse than the champion (version {champion.version})"
    try:
        theirs = champion_answers(store, champion, exam)
    except TriviumError as error:
        return outcome(title, False, f"the champion cannot answer these rows: {error}", severity="warn")
    gain = improvement(name, exam["label"], exam["score"], theirs)
    if gain is None or gain.high is None:
        return outcome(title, True, f"{name} cannot be compared on these rows")
    passed = not (gain.value < -WORSE_BY and gain.high < 0)
    story = (
        f"{name} better by {show(gain)} on the same {gain.rows:,} rows; refused when surely worse by over {WORSE_BY}"
    )
    return outcome(title, passed, story, observed=gain.value)


def judge_replay(store: Store, model: ModelVersion, exam: pl.DataFrame) -> CheckResult:
    """Whether the artefact, opened afresh, answers its exam and its examples as it did."""
    title = "replay gives the same answers"
    try:
        opened = open_model(store.blobs, model.artifact)
        answers = opened.predict(exam)
        difference = max(opened.example_difference(), float(np.max(np.abs(answers - exam["score"].to_numpy()))))
    except TriviumError as error:
        return outcome(title, False, str(error))
    story = (
        f"largest difference {difference:.2g} over {exam.height:,} rows and the examples; at most {SAME:g} is allowed"
    )
    return outcome(title, difference <= SAME, story, observed=difference)


def judge_signature(manifest: Manifest) -> CheckResult:
    """Whether the training rows had values in every column of the signature."""
    empty = [field.name for field in manifest.fields if field.nulls >= 1]
    story = f"{len(manifest.fields)} inputs with type, range or categories, {len(manifest.examples)} examples"
    if empty:
        story = f"the training rows had no value in {', '.join(empty)}: drop the column or mend the join"
    return outcome("signature is complete", not empty and bool(manifest.fields and manifest.examples), story)


def outcome(
    check: str, passed: bool, message: str, *, observed: float | None = None, severity: Severity = "block"
) -> CheckResult:
    """The result of one of the built-in checks of a gate."""
    return CheckResult(
        check=check, kind="gate", column=None, partition=EXAM, passed=passed, severity=severity, message=message,
        observed=observed,
    )  # fmt: skip
