from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from tests.pictures.made import a_day, made_alert

import trivium as tv
from trivium.errors import TaskFailed
from trivium.pictures.cards import draw_card
from trivium.store.store import Store
from trivium.tables.table import Table
from trivium.values.models import Metric, Report


class Tags(HTMLParser):
    """Every element that is opened, and the text outside of styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.opened.append(tag)

    def handle_data(self, data: str) -> None:
        if self.opened[-1:] != ["style"]:
            self.words.append(data)


def words(html: str) -> str:
    return " ".join(" ".join(Tags(html).words).split())


@tv.task
def area(side: float) -> float:
    if side < 0:
        raise ValueError("<script>negative</script>")
    tv.log_metric("area", side * side)
    return side * side


@tv.pipeline
def square(side: float = 3.0) -> float:
    return area(side)


def test_a_run_tells_how_it_ended_what_it_was_given_and_what_it_measured(store: Store) -> None:
    told = words(square.run()._repr_html_())
    assert "succeeded square" in told
    assert "1 tasks executed, 0 reused" in told
    assert "by ada" in told
    assert "parameter side 3.0" in told
    assert "area 9" in told


def test_a_failed_run_tells_its_error_and_nothing_of_it_becomes_markup(store: Store) -> None:
    with pytest.raises(TaskFailed):
        square.run(side=-1.0)
    html = store.catalog.runs.list_runs()[0]._repr_html_()
    assert "<script>negative</script>" in words(html)
    assert "script" not in Tags(html).opened
    assert 'class="trivium loud"' in html


def test_an_alert_is_drawn_with_the_past_that_its_evidence_tells(store: Store) -> None:
    evidence = {"fact": "median", "history": [65, 66], "observed": 2.0, "low": 60.0, "high": 70.0}
    html = made_alert(evidence=evidence)._repr_html_()
    assert "svg" in Tags(html).opened
    assert "`temp`: median 2" in words(html)
    assert "trivium alerts confirm 01alert" in words(html)
    assert "svg" not in Tags(made_alert(kind="rule")._repr_html_()).opened


def test_a_report_has_each_metric_beside_its_baseline_with_all_rows_first() -> None:
    report = Report(
        model="lateness", rows_digest="d", rows=1200, target="late", window=("2024-01-01", "2024-02-01"),
        metrics=(Metric("auc", 0.7, 200, "origin=JFK"), Metric("auc", 0.75, 1200, low=0.7, high=0.8)),
        baseline=(Metric("auc", 0.5, 1200),),
    )  # fmt: skip
    told = words(report._repr_html_())
    assert "1,200 rows, target late, 2024-01-01 to 2024-02-01" in told
    assert "all rows auc 0.75 (0.7 to 0.8) 0.5 1,200 origin=JFK auc 0.7 200" in told


def test_a_table_shows_its_newest_version_its_columns_and_its_open_alerts(store: Store) -> None:
    weather = Table("weather", key="id", time="at", checks=[tv.rule("temp > 0")], watch="off")
    assert "not shown" in words(weather._repr_html_())
    weather.append(a_day(1))
    told = words(weather._repr_html_())
    assert "newest version 1, 40 rows, valid" in told
    assert "temp float64" in told
    weather.append(a_day(2, shift=200))
    html = weather._repr_html_()
    assert "newest version 1, 40 rows" in words(html)
    assert "blocks" in words(html)
    assert 'class="trivium loud"' in html


def test_a_stale_table_says_so(store: Store) -> None:
    weather, warmth = (Table(name, key="id", time="at", watch="off") for name in ("weather", "warmth"))
    weather.append(a_day(1))
    with tv.run("derive"):
        warmth.append(weather.read().collect())
    assert "stale" not in words(warmth._repr_html_())
    weather.append(a_day(2))
    assert "stale weather 1 → 2 (new: " in words(warmth._repr_html_())
    assert 'class="trivium mild"' in warmth._repr_html_()


def test_the_look_of_a_card_reaches_nothing_else_on_the_page() -> None:
    style = re.findall(r"<style>(.*?)</style>", made_alert()._repr_html_(), flags=re.DOTALL)[0]
    rules = re.findall(r"([^{}]+)\{", style.replace("@media (prefers-color-scheme: dark) {", ""))
    assert rules
    assert [each for rule in rules for each in rule.split(",") if not each.strip().startswith(".trivium")] == []


def test_what_has_no_card_is_refused() -> None:
    with pytest.raises(TypeError, match="A datetime has no card"):
        draw_card(datetime(2024, 1, 1, tzinfo=UTC))


def test_declaring_a_table_loads_nothing_that_draws() -> None:
    script = "import sys, trivium as tv; tv.Table('a'); print([each for each in sys.modules if '.pictures.' in each])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
