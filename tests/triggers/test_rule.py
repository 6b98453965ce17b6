"""What a trigger can be declared for."""

from __future__ import annotations

import pytest

from trivium.errors import Misuse
from trivium.pipelines.pipeline import pipeline
from trivium.tables.table import Table
from trivium.triggers.rule import on


@pipeline
def counting(n: int = 1) -> int:
    return n


def test_a_configured_pipeline_is_refused_because_a_trigger_knows_only_its_name() -> None:
    with pytest.raises(Misuse, match=r"give its parameters here: `\.run\(counting, name=value\)`"):
        on(Table("numbers").committed).run(counting.configured(texts={"n": "2"}))
    assert on(Table("numbers").committed).run(counting, n=2).arguments == {"n": 2}
