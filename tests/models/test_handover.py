"""A handover says what the catalog says, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from trivium.checks.metric import latency
from trivium.errors import NotFound
from trivium.models.card import write_card
from trivium.models.handover import write_handover
from trivium.models.markdown import cell, table
from trivium.models.package import open_model
from trivium.models.score import score_model
from trivium.store.store import Store
from trivium.tables.commit import commit_rows
from trivium.tables.table import Table
from trivium.tracking.run import run
from trivium.values.endpoints import EndpointSpec, Route, Verdict
from trivium.values.tables import TableSpec


def section(document: str, title: str) -> str:
    """What stands under a heading of the second level."""
    return document.split(f"\n## {title}\n")[1].split("\n## ", maxsplit=1)[0]


@pytest.fixture
def served(lived: Store, past: pl.DataFrame) -> Store:
    """The same, with an endpoint, and a day of input that was kept aside and repaired."""
    spec = EndpointSpec(
        "parcels-live", "lateness", "parcel", "sent_at", ("parcels",), checks=(latency(p99="50ms"),), owner="linus"
    )
    lived.catalog.endpoints.deploy(spec, (Route(1, "champion"),), actor="ada")
    routes = (Route(1, "champion"), Route(2, "canary", 0.25))
    lived.catalog.endpoints.set_routes("parcels-live", routes, because="try it", actor="ada")
    lived.catalog.endpoints.record_verdict(
        Verdict("parcels-live", 2, 1, "roll_back", "log loss is higher", {}, lived.clock()), actor="ada"
    )
    day = past.tail(100).sample(fraction=1.0, shuffle=True, seed=1)
    day = day.with_columns(pl.col("sent_at") + timedelta(days=1), parcel=pl.concat_str(pl.lit("n"), "parcel"))
    parcels = lived.catalog.tables.get_spec("parcels")
    commit_rows(lived, parcels, day.with_columns(stops=-pl.col("stops")))
    commit_rows(lived, parcels, day)
    log = TableSpec("parcels-live_predictions", key=("parcel",), time="sent_at", watch="off")
    commit_rows(lived, log, day.select("parcel", "sent_at", score=pl.lit(0.5), latency_ms=pl.lit(2.0)))
    return lived


def test_every_part_is_written_from_the_catalog(served: Store) -> None:
    score = score_model(served, "lateness", "champion")
    document = write_handover(served, "lateness")
    model = served.catalog.models.get_model("lateness", 1)
    run = served.catalog.runs.get_run(model.run or "")
    assert f"ML test score: {score.total:g} of 7" in section(document, "Purpose")
    assert "| endpoint | parcels-live | linus |" in section(document, "Purpose")
    assert "read at version 1, now at version 2" in section(document, "Data")
    assert 't0[("parcels")]' in section(document, "Pipeline")
    assert f"Run {run.id}" in section(document, "How it was trained")
    assert "iterations = 20" in section(document, "How it was trained")
    assert run.code.digest[:12] in section(document, "How it was trained")
    assert f"| auc | all rows | {model.metrics['auc']:.4f} |" in section(document, "How good it is")
    assert "| approved | grace | gate passed, slices even |" in section(document, "Gate and approvals")
    assert "| champion | 1 | ada | better of two |" in section(document, "What was live when")
    assert "version 2 as canary (25%)" in section(document, "Endpoints")
    assert "| 2 | 1 | roll_back | log loss is higher |" in section(document, "Endpoints")
    assert "100 predictions" in section(document, "What breaks if it stops")
    assert "None is open." in section(document, "Open alerts")


def test_incidents_name_what_ended_them(served: Store) -> None:
    incidents = section(write_handover(served, "lateness"), "Incidents")
    assert "parcels 2024-01-21" in incidents
    assert "of 100 rows was kept aside | committed again as version 2 (" in incidents
    assert "was committed again" in incidents


def test_the_jobs_are_commands_with_the_real_names(served: Store) -> None:
    jobs = section(write_handover(served, "lateness"), "The five usual jobs")
    for command in (
        "trivium run lateness --set iterations=20",
        "trivium tables log parcels",
        "trivium models approve lateness 2 --because '...'",
        "trivium models rollback lateness --because '...'",
        "trivium endpoints rollback parcels-live --because '...'",
    ):
        assert command in jobs


def test_a_card_shows_slices_beside_the_baseline(lived: Store) -> None:
    card = write_card(lived, "lateness", 2)
    assert card.startswith("# lateness, version 2\n")
    assert "| auc | depot=south |" in card
    assert "Nobody has approved this version." in card
    assert "Pipeline(ColumnTransformer, HistGradientBoostingClassifier)" in card


def test_a_model_that_is_not_there_has_no_handover(store: Store) -> None:
    with pytest.raises(NotFound):
        write_handover(store, "nothing")


def test_stored_text_cannot_break_the_page() -> None:
    assert cell("a|b\n<script>") == "a\\|b &lt;script>"
    assert table(("a",), [], empty="None.") == ["None."]


def test_where_the_rows_come_from_and_what_came_of_the_answers_is_told(served: Store) -> None:
    with run("score", store=served) as context:
        open_model(served.blobs, served.catalog.models.get_model("lateness", 1).artifact)
        Table("scores", watch="off").append(pl.DataFrame({"score": [0.5]}), store=served)
    document = write_handover(served, "lateness")
    assert "- parcels version 1, written by hand" in section(document, "Data")
    dependents = section(document, "What breaks if it stops")
    assert f"- Run {context.run} opened it, or read what it answered." in dependents
    assert "- Table scores has rows that came of it." in dependents
