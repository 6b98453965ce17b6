"""The card of a model: what it is, what it learnt from, and how good it is for whom.

The questions are those of Mitchell et al., "Model Cards for Model Reporting" (FAT* 2019), as far as facts answer them.
"""

from __future__ import annotations

from trivium.models.dossier import Dossier, read_dossier
from trivium.models.manifest import Field
from trivium.models.markdown import Lines, bullets, heading, interval_of, moment, table, value_of
from trivium.models.report import find_metric
from trivium.store.store import Store
from trivium.values.models import Gate, Metric

METRICS = ("metric", "rows", "value", "95 % interval", "baseline", "count")


def write_card(store: Store, name: str, version: int | str | None = None) -> str:
    """The card of a version (None: the champion, or the newest one) as Markdown. Raises NotFound."""
    facts = read_dossier(store, name, version)
    model = facts.model
    parts = [
        [f"# {name}, version {model.version}"],
        describe_model(facts),
        [*heading("Inputs"), *describe_inputs(facts)],
        [*heading("Evaluation"), *describe_evaluation(facts)],
        [*heading("Release"), *describe_gate(facts.gate), *describe_approvals(facts)],
    ]
    return "\n".join(text for part in parts for text in part) + "\n"


def describe_model(facts: Dossier) -> Lines:
    """Purpose, kind, author and bytes."""
    model, manifest = facts.model, facts.manifest
    what = "the probability" if manifest.target == "binary" else "the value"
    of = (
        f"that `{facts.report.target}` is {manifest.positive}"
        if manifest.target == "binary"
        else f"of `{facts.report.target}`"
    )
    return [
        "",
        model.description or "No description was given: `register(..., description=...)` takes one.",
        "",
        *bullets(
            [
                f"Predicts {what} {of}, by {manifest.estimator}",
                f"Registered by {model.author} on {moment(model.registered_at)} UTC"
                + (f"; aliases: {', '.join(model.aliases)}" if model.aliases else "; no alias names it"),
                (
                    f"Artefact {model.artifact[:12]} ({manifest.format}, "
                    f"{'unsafe: loading runs code' if manifest.unsafe else 'loading runs no code'}), "
                    f"{sum(file.bytes for file in manifest.files):,} bytes of weights"
                ),
                f"ML test score: {'not computed yet' if model.score is None else f'{model.score:g} of 7'}",
                describe_staleness(facts),
            ]
        ),
    ]


def describe_staleness(facts: Dossier) -> str:
    """Whether what it learnt from has newer versions."""
    if facts.staleness.stale:
        return f"Stale, since what it learnt from has newer versions: {facts.staleness}"
    if facts.run is None:
        return "Whether it is stale is not known: no run is on record"
    return "Not stale: what it learnt from has no newer versions"


def describe_inputs(facts: Dossier) -> Lines:
    """The signature as the training rows had it, and what is derived from it."""
    rows = [(f.name, f.type, values_of(f), f"{f.nulls:.1%}") for f in facts.manifest.fields]
    derived = [(each.name, f"`{each.expression}`") for each in facts.manifest.derived]
    lines = table(("input", "type", "in training", "missing"), rows)
    return [*lines, "", *table(("derived", "by"), derived, empty="Nothing is derived from them.")]


def values_of(field: Field) -> str:
    """The range or the values of an input."""
    if field.categories is not None:
        more = f", … ({len(field.categories)} values)" if len(field.categories) > 8 else ""
        return ", ".join(field.categories[:8]) + more
    return "" if field.low is None else f"{shown(field.low)} to {shown(field.high)}"


def shown(value: float | str | None) -> str:
    """A bound of a range."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def describe_evaluation(facts: Dossier) -> Lines:
    """Every metric with its interval, and the headline by slice, beside the simple baseline."""
    report = facts.report
    when = f", {report.window[0][:10]} to {report.window[1][:10]}" if report.window else ""
    simple = report.facts.get("baseline", {}).get("story", "none")
    headline = str(report.facts.get("headline", ""))
    lines = [f"On {report.rows:,} rows that it did not learn from{when}. Simple baseline: {simple}.", ""]
    lines += table(METRICS, [_metric_row(facts, each) for each in report.metrics if not each.slice])
    slices = [_metric_row(facts, each) for each in report.metrics if each.slice and each.name == headline]
    return [*lines, "", *table(METRICS, slices, empty="No slice was measured.")]


def _metric_row(facts: Dossier, metric: Metric) -> tuple[str, ...]:
    other = find_metric(facts.report.baseline, metric.name, metric.slice)
    where = metric.slice or "all rows"
    return metric.name, where, value_of(metric), interval_of(metric), value_of(other), f"{metric.rows:,}"


def describe_gate(gate: Gate | None) -> Lines:
    """Every check of the newest gate."""
    if gate is None:
        return ["The gate was never judged."]
    against = f" against version {gate.against}" if gate.against else ""
    rows = [(each.check, "pass" if each.passed else "FAIL", each.message) for each in gate.results]
    verdict = "passed" if gate.passed else "failed"
    return [f"The gate {verdict} on {moment(gate.judged_at)} UTC{against}.", "", *table(("check", "", "finding"), rows)]


def describe_approvals(facts: Dossier) -> Lines:
    """Who approved the version, and why."""
    given = facts.approvals.get(facts.model.version, ())
    rows = [(each.decision, each.actor, each.because, moment(each.decided_at)) for each in given]
    return ["", *table(("decision", "by", "because", "when (UTC)"), rows, empty="Nobody has approved this version.")]
