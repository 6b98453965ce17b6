"""What a change of a table or a column would reach."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from trivium.lineage.column_use import mentions
from trivium.lineage.impact import Impact, find_alert_impact, find_impact
from trivium.lineage.thing import find_thing
from trivium.store.store import Store
from trivium.values.alerts import Alert


def impact(store: Store, text: str, **more: int) -> Impact:
    return find_impact(store, find_thing(store.catalog, text), **more)


def test_an_input_reaches_the_models_that_name_it_through_the_table_between(lived: Store) -> None:
    found = impact(lived, "flights.distance")
    assert found.summary == "1 model, 1 endpoint and 2 tables (1 perhaps)"
    assert (found.models[0].node.name, found.models[0].sure, found.models[0].versions) == ("late", True, (2, 1))
    assert found.models[0].why == "an input of versions 2, 1"
    assert [(each.node.name, each.why) for each in found.endpoints] == [("late", "serves late version 1")]
    assert {each.node.name: each.sure for each in found.tables} == {"features": True, "late_evaluations": False}
    assert found.complete


def test_the_target_counts_as_named(lived: Store) -> None:
    assert impact(lived, "flights.late").models[0].why == "the target of versions 2, 1"


def test_a_column_that_nobody_names_is_perhaps_used(lived: Store) -> None:
    found = impact(lived, "flights.left_at")
    assert not found.models[0].sure
    assert "what was made of the column is not known" in found.models[0].why
    assert found.summary == "1 model (1 perhaps), 1 endpoint (1 perhaps) and 2 tables (2 perhaps)"
    assert found.declared == ("its event time",)


def test_an_endpoint_needs_the_inputs_and_the_key_of_its_lookups_and_what_its_truth_mentions(lived: Store) -> None:
    assert impact(lived, "weather.wind").endpoints[0].why == "looks it up in weather"
    assert impact(lived, "weather.origin").endpoints[0].sure
    assert impact(lived, "delays.delay").endpoints[0].why == "its truth is delay > 15 of delays"
    assert impact(lived, "delays.flight").endpoints[0].sure


def test_a_whole_table_reaches_everything_behind_it(lived: Store) -> None:
    assert impact(lived, "flights").summary == "1 model, 1 endpoint and 2 tables"
    assert impact(lived, "weather").summary == "0 models, 1 endpoint and 0 tables"


def alert(table: str, column: str | None) -> Alert:
    noon = datetime(2024, 1, 1, 12, tzinfo=UTC)
    return Alert("a", table, column, "2024-01-01", "c", "rule", "warn", "open", "m", {}, None, noon)


def test_one_alert_about_a_column_reaches_every_model_and_endpoint_that_reads_it(lived: Store) -> None:
    assert find_alert_impact(lived, alert("flights", "distance")) == impact(lived, "flights.distance")
    assert find_alert_impact(lived, alert("weather", None)) == impact(lived, "weather")


def test_an_alert_about_a_column_that_went_missing_still_finds_who_reads_the_table(lived: Store) -> None:
    found = find_alert_impact(lived, alert("flights", "never_seen"))
    assert found is not None
    assert [each.sure for each in found.models] == [False]


def test_an_alert_about_what_is_no_table_reaches_nothing(lived: Store) -> None:
    assert find_alert_impact(lived, alert("split:exam", None)) is None


def test_a_limit_that_ends_the_search_is_told(lived: Store) -> None:
    assert not impact(lived, "flights.distance", limit=2).complete


@pytest.mark.parametrize(
    ("expression", "named"),
    [
        ("delay > 15", True),
        ("DELAY>15", True),
        ("delays > 15", False),
        ("late AND t.delay", True),
        ("my_delay", False),
        ('"delay" > 1', True),
    ],
)
def test_an_expression_mentions_whole_words(expression: str, named: bool) -> None:
    assert mentions(expression, "delay") is named
