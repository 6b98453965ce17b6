"""Runs, tables, alerts and reports as a notebook shows them: a card each, which brings its own look along.

A card is drawn from the value alone; only that of a table asks the store, for its newest version, its open alerts and
whether it is stale.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import singledispatch

from trivium.errors import TriviumError
from trivium.pictures.alert_card import MOMENT, TONES, alert_anchor, draw_alert, draw_badges, sentence, verdict_sentence
from trivium.pictures.alert_picture import picture_evidence
from trivium.pictures.column_card import draw_plots
from trivium.pictures.marks import is_pressing, mark
from trivium.pictures.markup import bare, tag, text
from trivium.pictures.style import COLOURS, DRAWING
from trivium.pictures.wording import LONGEST_SENTENCE
from trivium.store.store import current_store
from trivium.tables.read import get_version
from trivium.tables.table import Table
from trivium.values.alerts import Alert
from trivium.values.models import Metric, Report
from trivium.values.runs import Run

SHOWN = 30
ALERTS = 5
LOOK = """
.trivium { background: var(--card); color: var(--ink); border: 1px solid var(--line); border-radius: 10px;
  padding: 12px 16px; max-width: 900px; font: 14px/1.5 ui-sans-serif, system-ui, "Segoe UI", sans-serif; }
.trivium.loud { border-left: 4px solid var(--block); } .trivium.mild { border-left: 4px solid var(--warn); }
.trivium p { margin: 4px 0; } .trivium .soft { color: var(--soft); } .trivium h4 { margin: 10px 0 2px; }
.trivium dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; margin: 6px 0 0; }
.trivium dt { color: var(--soft); } .trivium dd { margin: 0; } .trivium svg { display: block; max-width: 760px; }
.trivium .badge { border: 1px solid currentColor; border-radius: 99px; padding: 1px 9px; font-size: 12px;
  margin-right: 8px; } .trivium .badge.block { color: var(--block); } .trivium .badge.warn { color: var(--warn); }
.trivium table { border-collapse: collapse; margin: 6px 0 0; } .trivium th { text-align: left; color: var(--soft); }
.trivium th, .trivium td { padding: 2px 14px 2px 0; }
"""


@singledispatch
def draw_card(value: object) -> str:
    """The value in HTML. Raises TypeError for what has no card."""
    raise TypeError(f"A {type(value).__name__} has no card.")


@draw_card.register
def draw_run(run: Run) -> str:
    """A run: how it ended, what it was given, what it measured, what was reused."""
    tones = {"failed": "loud", "cancelled": "mild"}
    badge = "block" if run.status == "failed" else ""
    took = f"{(run.ended_at - run.started_at).total_seconds():,.1f} s" if run.ended_at else "goes on"
    head = _head(run.pipeline, tag("span", run.status, klass=f"badge {badge}".strip()), run.id)
    facts = {
        "took": f"{took}; {run.executed} tasks executed, {run.cached} reused",
        "started": f"{run.started_at:{MOMENT}} by {run.actor}",
        "reads": ", ".join(f"{each.table} version {each.version}" for each in run.inputs),
        **{f"parameter {name}": str(value)[:LONGEST_SENTENCE] for name, value in run.parameters.items()},
        **{name: f"{value:.6g}" for name, value in run.metrics.items()},
        "error": run.error or "",
    }
    return _card(head + _facts(facts), tones.get(run.status, ""))


@draw_card.register
def draw_alert_alone(alert: Alert) -> str:
    """An alert: what it says, what became of it, and its column's past as its evidence tells it."""
    places = [alert.table, *([alert.column] if alert.column else []), f"partition {alert.partition}"]
    picture = picture_evidence(alert)
    drawn = "" if picture.column is None else draw_plots(picture.column, picture.partitions, picture.aside)
    plots = tag("div", drawn, id=alert_anchor(alert)) if drawn else ""  # where the marks lead to
    told = tag("p", sentence(alert)) + tag("p", verdict_sentence(alert), klass="soft") + plots
    head = _head(", ".join(places), draw_badges(alert), alert.id)
    return _card(head + told, TONES[alert.severity] if is_pressing(mark(alert, 0)) else "")


@draw_card.register
def draw_report(report: Report) -> str:
    """An evaluation: each metric beside that of the baseline, all rows first, then slices."""
    head = _head(f"Evaluation of {report.model}", "", "")
    told = f"{report.rows:,} rows, target {report.target}"
    if report.window is not None:
        told += f", {report.window[0]} to {report.window[1]}"
    baseline = {(each.name, each.slice): each for each in report.baseline}
    ordered = sorted(report.metrics, key=lambda each: each.slice != "")
    rows = [
        (each.slice or "all rows", each.name, _with_interval(each), _value(baseline.get((each.name, each.slice))),
         f"{each.rows:,}")
        for each in ordered[:SHOWN]
    ]  # fmt: skip
    table = _table(("slice", "metric", "model", "baseline", "rows"), rows, len(ordered))
    return _card(head + tag("p", text(told, longest=200), klass="soft") + table)


@draw_card.register
def draw_table(table: Table) -> str:
    """A table: its newest version and staleness, its columns and open alerts; without a version, what it declares."""
    spec = table.spec
    declared = {"key": ", ".join(spec.key), "event time": spec.time or "", "checks": str(len(spec.checks) or "")}
    try:
        store = current_store()
        commit = get_version(store, spec.name, None)
        alerts = store.catalog.alerts.list_alerts(table=spec.name, state="open", limit=ALERTS)
        staleness = table.staleness(store=store)
    except TriviumError as error:
        return _card(_head(spec.name, "", "") + _facts({**declared, "not shown": str(error)}))
    newest = f"version {commit.version}, {commit.rows:,} rows, {commit.state}"
    facts = {**declared, "newest": newest, "stale": str(staleness)}
    columns = [(each.name, each.type) for each in commit.columns[:SHOWN]]
    told = "".join(draw_alert(each, pressing=True) for each in alerts)
    tone = next((TONES[each.severity] for each in alerts), "mild" if staleness.stale else "")
    drawn = _table(("column", "type"), columns, len(commit.columns))
    return _card(_head(spec.name, "", "") + _facts(facts) + drawn + told, tone)


def _card(inner: str, tone: str = "") -> str:
    look = COLOURS.replace(":root", ".trivium") + _scoped(DRAWING) + LOOK
    return f"<style>{look}</style>" + tag("div", inner, klass=f"trivium {tone}".strip())


def _scoped(style: str) -> str:
    """The rules, for what is inside of a card only: a notebook's page has classes of its own."""

    def inside(rule: re.Match[str]) -> str:
        return ", ".join(f".trivium {each.strip()}" for each in rule[1].split(",")) + " {"

    return re.sub(r"([^{}]+)\{", inside, style)


def _head(title: str, badges: str, ident: str) -> str:
    return tag("p", badges + tag("strong", text(title, longest=200)) + " " + tag("code", bare(ident), klass="soft"))


def _facts(facts: Mapping[str, str]) -> str:
    told = [(name, value) for name, value in facts.items() if value]
    return tag("dl", "".join(
        tag("dt", text(name)) + tag("dd", text(value, longest=LONGEST_SENTENCE)) for name, value in told[:SHOWN]
    ))  # fmt: skip


def _table(names: Iterable[str], rows: Sequence[Sequence[str]], total: int) -> str:
    head = tag("tr", "".join(tag("th", name, scope="col") for name in names))
    body = "".join(tag("tr", "".join(tag("td", text(cell)) for cell in row)) for row in rows)
    more = tag("p", f"{total - len(rows)} more", klass="soft") if total > len(rows) else ""
    return tag("table", head + body) + more


def _value(metric: Metric | None) -> str:
    return "" if metric is None else f"{metric.value:.4g}"


def _with_interval(metric: Metric) -> str:
    if metric.low is None or metric.high is None:
        return _value(metric)
    return f"{_value(metric)} ({metric.low:.4g} to {metric.high:.4g})"
