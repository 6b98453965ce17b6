"""What is about persons is masked wherever checks keep or show it."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from trivium.checks.alert import raise_alerts
from trivium.checks.judge import judge
from trivium.checks.kinds import check, coverage, matches, one_of, rule, unique
from trivium.checks.partition import Partition
from trivium.ids import new_id
from trivium.values.alerts import Judgement
from trivium.values.tables import CheckSpec, TableSpec

NOW = datetime(2024, 5, 1, tzinfo=UTC)
ROWS = pl.DataFrame({"id": [1, 1, 2] * 10, "email": ["ann@x.org", "bob@x.org", None] * 10})


def judged(*checks: CheckSpec, pii: tuple[str, ...] = ("email",)) -> Judgement:
    spec = TableSpec("people", checks=checks, pii=pii)
    (judgement,) = judge(spec, [Partition("all", ROWS)], [], now=NOW)
    return judgement


def test_examples_show_what_is_not_about_persons() -> None:
    (found,) = [each for each in judged(unique("id")).results if each.kind == "unique"]
    assert found.examples[:2] == ({"id": 1, "email": "***"}, {"id": 1, "email": "***"})
    assert found.examples[2] == {"id": 2, "email": None}


def test_no_kind_of_check_tells_a_value() -> None:
    def wrong(rows: pl.DataFrame) -> None:
        raise ValueError(f"what is {rows['email'][0]}?")

    judgement = judged(
        rule("CAST(email AS INTEGER) > 0"),
        rule("email LIKE '%@y.org'"),
        coverage("email"),
        matches("email", "[0-9]+"),
        one_of("email", ["carl@x.org"]),
        check(wrong),
    )
    told = repr((judgement, raise_alerts(TableSpec("people"), [judgement], commit="c", now=NOW, ids=new_id)))
    assert sum(not each.passed for each in judgement.results) == 6
    assert "ann@" not in told
    assert "bob@" not in told
    assert "not shown, for it could quote a masked column" in told


def test_frequent_values_are_pseudonyms_that_stay_the_same() -> None:
    def top(pii: tuple[str, ...]) -> dict[str, float]:
        return next(each.top for each in judged(pii=pii).profile.columns if each.name == "email")

    assert set(top(())) == {"ann@x.org", "bob@x.org"}
    assert top(("email",)) == top(("email",))
    assert sorted(top(("email",)).values()) == sorted(top(()).values())
    assert not {"ann@x.org", "bob@x.org"} & set(top(("email",)))
