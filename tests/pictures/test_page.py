"""The HTML page: safe, self-contained, complete."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from tests.pictures.made import made_alert

from trivium.pictures.alert_picture import picture_evidence
from trivium.pictures.example import write_example
from trivium.pictures.expectation import affordable
from trivium.pictures.page import alert_page, table_page
from trivium.pictures.picture import AlertPicture, TablePicture
from trivium.pictures.table_picture import picture_profiles
from trivium.values.alerts import Alert, ColumnProfile, Profile
from trivium.values.tables import TableSpec

EXAMPLE = Path(__file__).parents[2] / "docs" / "guide" / "expected.svg"
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'onmouseover='alert(1)",
    "</title></style><svg onload=alert(1)>",
    "javascript:alert(1)",
    "&lt;b&gt;",
    "\x1b[31m\x00\u202eevil\u2066",
    "👩‍👩‍👧 عمود",
]
ALLOWED = frozenset(
    (
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "main",
        "h1",
        "h2",
        "h3",
        "h4",
        "p",
        "a",
        "div",
        "span",
        "article",
        "nav",
        "ul",
        "li",
        "figure",
        "details",
        "summary",
        "table",
        "tr",
        "th",
        "td",
        "code",
        "dl",
        "dt",
        "dd",
        "bdi",
        "svg",
        "g",
        "path",
        "circle",
        "line",
        "rect",
        "polygon",
        "text",
    )
)
ADDRESSES = frozenset({"src", "srcset", "xlink:href", "action", "formaction", "data", "poster", "background"})


class Reader(HTMLParser):
    """Every element and attribute as a browser would find them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_nothing_that_comes_from_data_is_markup() -> None:
    for page in (table_page(hostile_table()), alert_page(hostile_alert())):
        for tag, attributes in Reader(page).found:
            assert tag in ALLOWED, tag
            assert not [name for name in attributes if name.startswith("on") or name in ADDRESSES], attributes
            assert attributes.get("href", "#") is not None
            assert str(attributes.get("href", "#")).startswith("#")


def test_a_page_fetches_nothing_and_runs_nothing() -> None:
    page = table_page(hostile_table())
    assert "default-src 'none'" in page
    assert not {"http:", "https:", "url(", "@import"} & {
        each for each in ("http:", "https:", "url(", "@import") if each in page
    }


def test_control_and_direction_characters_are_not_passed_on_and_emoji_are() -> None:
    page = table_page(hostile_table())
    assert not {"\x1b", "\x00", "\u202e", "\u2066"} & set(page)
    assert "<bdi>👩‍👩‍👧 عمود</bdi>" in page


def test_every_link_leads_somewhere_on_the_page() -> None:
    for page in (table_page(hostile_table()), alert_page(hostile_alert())):
        found = Reader(page).found
        ids = [attributes["id"] for _, attributes in found if "id" in attributes]
        assert len(ids) == len(set(ids))
        assert {str(attributes["href"])[1:] for _, attributes in found if "href" in attributes} <= set(ids)


def test_every_drawing_and_every_mark_has_words() -> None:
    found = Reader(table_page(hostile_table())).found
    drawings = [attributes for tag, attributes in found if tag == "svg"]
    marks = [attributes for tag, attributes in found if tag == "a" and "mark" in str(attributes.get("class"))]
    assert marks
    assert all("aria-label" in each or "aria-hidden" in each for each in (*drawings, *marks))


def test_a_picture_is_data_that_survives_a_journey_as_json() -> None:
    picture = hostile_table()
    assert msgspec.json.decode(msgspec.json.encode(picture), type=TablePicture) == picture
    json.loads(msgspec.json.encode(hostile_alert()))


@pytest.mark.parametrize(
    "evidence",
    [
        {},
        {"fact": 7, "history": "no", "observed": True},
        {"fact": "median", "observed": 2.0},
        {"fact": "median", "observed": 2.0, "history": [1.0, None, "x", 3.0], "low": 1.0, "high": None},
        {"fact": "median", "observed": 1e308, "history": [-1e308] * 70, "low": -1e308, "high": 1e308},
        {"also": "no", "examples": [{"a": "x" * 10_000_000}, 7], "surprise": "high"},
    ],
)
def test_any_evidence_makes_a_page(evidence: dict[str, object]) -> None:
    page = alert_page(picture_evidence(made_alert(evidence=evidence)))
    assert "median 2" in page
    assert len(page) < 100_000


def test_a_wide_table_with_a_long_past_is_a_small_page() -> None:
    spec = TableSpec("wide", time="at")
    facts = dict.fromkeys(("null_rate", "median", "minimum", "maximum", "q25", "q75", "mean", "sd"), 0.5)
    columns = tuple(ColumnProfile(f"c{number}", "float64", facts) for number in range(500))
    profiles = [Profile("wide", f"{at:06d}", 100, columns, {"log_rows": 4.6}) for at in range(1000)]
    assert affordable(profiles) < 5
    picture = picture_profiles(spec_unwatched(spec), profiles, [], partitions=1000)
    assert picture.left_out == 460
    assert len(table_page(picture)) < 5_000_000


def test_the_picture_of_the_guide_is_fresh_and_a_file_of_its_own() -> None:
    assert EXAMPLE.read_text(encoding="utf-8") == write_example(), "run `make docs`"
    assert 'xmlns="http://www.w3.org/2000/svg"' in write_example()


def spec_unwatched(spec: TableSpec) -> TableSpec:
    return msgspec.structs.replace(spec, watch="off")


def hostile_table() -> TablePicture:
    """A table whose columns, values, types and messages all try to be markup, with an alert on each column."""
    columns = tuple(
        ColumnProfile(name, name, {"median": 1.0, "null_rate": 0.0, "minimum": 0.0, "maximum": 2.0}, {name: 0.5})
        for name in HOSTILE
    )
    profiles = [Profile("t", name, 5, columns, {"log_rows": 1.8}) for name in sorted(HOSTILE)]
    alerts = [hostile(name, number) for number, name in enumerate(HOSTILE)]
    return picture_profiles(TableSpec("<b>t</b>", time="at"), profiles, alerts, partitions=30)


def hostile_alert() -> AlertPicture:
    return picture_evidence(hostile(HOSTILE[1], 0))


def hostile(name: str, number: int) -> Alert:
    """An alert in which every text is `name`."""
    evidence = {"fact": "median", "observed": 9.0, "low": 0.0, "high": 2.0, "history": [1.0, 2.0], "cause": name,
        "partitions": [name, name], "also": [{"message": name}], "examples": [{name: name}]}  # fmt: skip
    alert = made_alert(partition=name, column=name, message=name, evidence=evidence)
    return msgspec.structs.replace(
        alert,
        id=f"01alert{number}",
        check=name,
        table=name,
        verdict="true_alarm",
        verdict_by=name,
        verdict_because=name,
    )
