"""Times as offsets from their partition."""

from __future__ import annotations

import pytest

from trivium.checks.times import clocks_changed


@pytest.mark.parametrize(
    "partition",
    ["2013-03-10", "2013-03-16", "2024-03-31", "2024-04-07", "2024-09-29", "2024-10-27", "2013-11-03", "2024-11-05T07"],
)
def test_the_week_after_clocks_are_put_forward_or_back_is_known(partition: str) -> None:
    assert clocks_changed(partition)


@pytest.mark.parametrize("partition", ["2013-03-09", "2024-01-07", "2024-06-30", "2024-11-17", "2024-12-31", "all"])
def test_other_days_are_not(partition: str) -> None:
    assert not clocks_changed(partition)
