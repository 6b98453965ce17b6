"""Chapter 2: the pipeline trains and evaluates; the second run is all cache hits."""

from __future__ import annotations

from trivium.demo.stage import Stage
from trivium.models.report import get_report
from trivium.pipelines.results import load_result
from trivium.values.models import ModelVersion, Report
from trivium.values.runs import Run


def tell_training(stage: Stage) -> None:
    """Three runs: the first, the same again, and one with another parameter."""
    stage.narrator.chapter(2, "The pipeline joins, trains and evaluates")
    first = stage.cast.lateness.run(key="demo/first", store=stage.store)
    versions = ", ".join(f"{read.table}@{read.version}" for read in first.inputs)
    packages = len(stage.store.catalog.runs.get_environment(first.environment).packages)
    stage.narrator.say(
        f"Run [b]{first.id[-6:]}[/] read {versions}; code {first.code.digest[:8]}, "
        f"environment {first.environment[:8]} ({packages} packages)."
    )
    show_report(stage, registered(stage, first))
    again = stage.cast.lateness.run(key="demo/again", store=stage.store)
    other = stage.cast.lateness.run(key="demo/shallower", depth=4, store=stage.store)
    rows = [
        (title, run.parameters["depth"], run.executed, run.cached, f"{seconds(run):.1f} s", f"{run.metrics['auc']:.4f}")
        for title, run in (("first run", first), ("the same again", again), ("depth=4", other))
    ]
    stage.narrator.show(("run", "depth", "executed", "cached", "took", "AUC"), rows)
    ran = [task.node for task in stage.store.catalog.runs.list_tasks(other.id) if task.status == "executed"]
    stage.narrator.say(f"With another depth only what depends on it ran again: {', '.join(ran)}.")


def show_report(stage: Stage, model: ModelVersion) -> None:
    """The evaluation by slice, beside the simple baseline."""
    report = read_report(stage, model)
    slices = [metric for metric in report.metrics if metric.name == "auc" and metric.slice.startswith("origin=")]
    overall = next(metric for metric in report.metrics if metric.name == "auc" and not metric.slice)
    simple = next(metric for metric in report.baseline if metric.name == "auc" and not metric.slice)
    when = f" ({report.window[0][:10]} to {report.window[1][:10]})" if report.window else ""
    stage.narrator.say(f"Evaluated on the {report.rows:,} newest rows{when}:")
    rows = [("all flights", f"{overall.value:.3f}", f"{overall.low:.3f} to {overall.high:.3f}", overall.rows)]
    rows += [(m.slice, f"{m.value:.3f}", f"{m.low:.3f} to {m.high:.3f}", m.rows) for m in slices]
    rows += [("simple baseline", f"{simple.value:.3f}", f"{simple.low:.3f} to {simple.high:.3f}", simple.rows)]
    stage.narrator.show(("AUC on", "value", "95 % interval", "rows"), rows)


def registered(stage: Stage, run: Run) -> ModelVersion:
    """The model version that a run registered, as the catalog has it now."""
    made: ModelVersion = load_result(stage.store, run.id)
    return stage.store.catalog.models.get_model(made.name, made.version)


def read_report(stage: Stage, model: ModelVersion) -> Report:
    """The stored evaluation of a model version."""
    return get_report(stage.store, model)


def seconds(run: Run) -> float:
    """How long the run took."""
    return (run.ended_at - run.started_at).total_seconds() if run.ended_at else 0.0
