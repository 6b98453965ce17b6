"""One self-contained HTML file: nothing in it is fetched, nothing in it runs."""

from __future__ import annotations

from collections.abc import Sequence

from trivium.pictures.alert_card import (
    TONES,
    alert_anchor,
    draw_alert,
    draw_alert_facts,
    draw_badges,
    sentence,
    verdict_sentence,
)
from trivium.pictures.column_card import draw_column_card, draw_plots
from trivium.pictures.marks import is_pressing
from trivium.pictures.markup import bare, tag, text
from trivium.pictures.picture import AlertPicture, Mark, TablePicture
from trivium.pictures.style import COLOURS, DRAWING, PAGE
from trivium.pictures.wording import LONGEST_SENTENCE, plain

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
LISTED = 30
MARK = '<svg viewBox="0 0 22 22" aria-hidden="true"><g class="mark {klass}"><circle class="halo" cx="11" cy="11" r="9"/><circle class="core" cx="11" cy="11" r="5"/></g></svg>'  # noqa: E501
BAND = '<svg viewBox="0 0 22 22" aria-hidden="true"><rect class="band" x="1" y="5" width="20" height="12"/></svg>'
LEGEND = (
    (BAND, "expected"),
    (MARK.format(klass="block open"), "alarm that blocks"),
    (MARK.format(klass="warn open"), "alarm that warns"),
    (MARK.format(klass="block true"), "true alarm"),
    (MARK.format(klass="warn false"), "false alarm, or resolved"),
)


def table_page(picture: TablePicture) -> str:
    """The page of a table: what alarmed, then a card for each column."""
    marks = [*picture.loose, *(mark for column in picture.columns for mark in column.marks)]
    marks.sort(key=lambda mark: (not is_pressing(mark), -mark.at))
    parts = [
        tag("h1", text(picture.table)),
        tag("p", bare(summary(picture, marks), longest=LONGEST_SENTENCE), klass="soft"),
        draw_alerts(marks, "Alerts"),
        tag("h2", "Columns"),
        legend(),
        draw_index(picture),
        *[draw_column_card(column, at, picture) for at, column in enumerate(picture.columns)],
        left_out(picture),
    ]
    return document(picture.table, "".join(parts))


def alert_page(picture: AlertPicture) -> str:
    """The page of an alert: its sentence, its column's history, before and after, and what is on record."""
    alert = picture.alert
    places = [alert.table, *([alert.column] if alert.column else []), f"partition {alert.partition}"]
    drawn = "" if picture.column is None else draw_plots(picture.column, picture.partitions, picture.aside) + legend()
    parts = [
        tag("p", " · ".join(map(text, places)), klass="soft"),
        tag("h1", sentence(alert)),
        tag("p", f"{draw_badges(alert)} {tag('span', verdict_sentence(alert), klass='soft')}", klass="top"),
        tag("div", drawn, klass=f"card {TONES[alert.severity]}", id=alert_anchor(alert)) if drawn else "",
        draw_alert_facts(alert),
        draw_others(picture),
    ]
    return document(f"Alert: {alert.table}, {alert.column or alert.check}", "".join(parts))


def draw_others(picture: AlertPicture) -> str:
    """The column's other alerts, which marks lead to."""
    marks = picture.column.marks if picture.column else ()
    others = [mark for mark in marks if mark.alert.id != picture.alert.id]
    return draw_alerts(others, "Other alerts of this column")


def document(title: str, inner: str) -> str:
    """A whole HTML document."""
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"><meta name="referrer" content="no-referrer">'
        f"<title>{bare(title)}</title><style>{COLOURS}{DRAWING}{PAGE}</style>"
    )
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body><main>{inner}</main></body></html>\n'


def summary(picture: TablePicture, marks: Sequence[Mark]) -> str:
    """What is to be seen, in sentences."""
    if not picture.partitions:
        return "No partition has been published yet."
    count = len(picture.partitions)
    newest = f"partition {picture.partitions[-1]} with {picture.rows[-1]:,} rows"
    span = f"The newest of {count} partitions is {newest}." if count > 1 else f"The only partition is {newest}."
    pressing = sum(map(is_pressing, marks))
    told = f"{len(marks)} alerts on them, {pressing} of them open." if marks else "No alerts on them."
    return " ".join([span, told, *picture.notes])


def draw_alerts(marks: Sequence[Mark], heading: str) -> str:
    """The alerts in this order, the first ones in full."""
    if not marks:
        return ""
    cards = "".join(draw_alert(mark.alert, pressing=is_pressing(mark)) for mark in marks[:LISTED])
    more = len(marks) - LISTED
    note = tag("p", f"{more} more: <code>trivium alerts list</code>", klass="soft") if more > 0 else ""
    return tag("h2", heading) + tag("div", cards, klass="card alerts") + note


def draw_index(picture: TablePicture) -> str:
    """Where each column is, when there are many."""
    if len(picture.columns) < 6:
        return ""
    names = [
        tag("li", tag("a", text(column.name or "rows as a whole"), href=f"#column-{at}"))
        for at, column in enumerate(picture.columns)
    ]
    return tag("nav", tag("ul", "".join(names), klass="index"), aria_label="Columns", klass="card")


def left_out(picture: TablePicture) -> str:
    """How many columns are not shown, and how to see one."""
    if not picture.left_out:
        return ""
    told = f"{picture.left_out} less surprising columns are left out. One column: "
    command = f"trivium tables profile {plain(picture.table)} --column NAME --html FILE"
    return tag("p", told + tag("code", bare(command, longest=200)), klass="soft")


def legend() -> str:
    """What the signs mean."""
    return tag("p", "".join(tag("span", f"{sign} {word}") for sign, word in LEGEND), klass="legend")
