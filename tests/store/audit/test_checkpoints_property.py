"""Whatever is changed in whichever event, it is found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from tests.store.audit.conftest import NAMES, Shell, add_events, faults

from trivium.store.audit.checkpoints import make_checkpoint
from trivium.store.store import Store

EVENTS = 8
VALUES = st.one_of(
    st.text(alphabet=st.characters(codec="utf-8"), max_size=8),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.binary(max_size=8),
    st.sampled_from([str(number) for number in range(12)]),
)
OFTEN = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def kept(project: Store, shell: Shell) -> Iterator[list[dict[str, object]]]:
    """The rows of the log, which a checkpoint covers."""
    make_checkpoint(project)
    yield shell.rows()
    assert project.catalog.events.count(through=EVENTS) == EVENTS


@OFTEN
@given(seq=st.integers(1, EVENTS), name=st.sampled_from(NAMES), value=VALUES)
@example(seq=1, name="detail", value=b'{"number":0}')
@example(seq=8, name="seq", value=9)
@example(seq=8, name="seq", value=2**62)
@example(seq=1, name="seq", value=-(2**63))
@example(seq=8, name="at", value="")
def test_any_other_value_in_any_column_of_any_event_is_found(
    project: Store, shell: Shell, kept: list[dict[str, object]], *, seq: int, name: str, value: Any
) -> None:
    taken = [row[name] for row in kept if name == "seq"]
    assume(value not in taken and value not in [str(number) for number in taken])
    shell.run(f"UPDATE events SET {name} = ? WHERE seq = ?", value, seq)
    if shell.rows() != kept:
        assert faults(project)
    shell.write(kept)
    assert faults(project) == ()


@OFTEN
@given(order=st.lists(st.integers(0, EVENTS - 1), max_size=12), numbered=st.booleans(), hashed=st.booleans())
@example(order=list(range(EVENTS)), numbered=True, hashed=True)
@example(order=[*range(EVENTS), 3], numbered=True, hashed=False)
def test_any_other_choice_or_order_of_events_is_found(
    project: Store, shell: Shell, kept: list[dict[str, object]], *, order: list[int], numbered: bool, hashed: bool
) -> None:
    """Left out, doubled or in another order; numbers closed or not; hashes all made to fit or not."""
    chosen = order if numbered else sorted(set(order))
    shell.write([{**kept[each], **({"seq": number} if numbered else {})} for number, each in enumerate(chosen, 1)])
    if hashed:
        shell.hash_anew()
    goes_on = shell.rows()[:EVENTS] == kept  # what comes after the checkpoint may fit, since anybody can append
    found = faults(project)
    if not goes_on or (not hashed and len(chosen) > EVENTS):
        assert found
    else:
        assert found == ()
    shell.write(kept)


@OFTEN
@given(seq=st.integers(1, EVENTS), name=st.sampled_from(NAMES[1:-1]), value=st.text("ab{}:", max_size=3))
def test_a_rewrite_from_any_event_on_is_found(
    project: Store, shell: Shell, kept: list[dict[str, object]], *, seq: int, name: str, value: str
) -> None:
    shell.run(f"UPDATE events SET {name} = ? WHERE seq = ?", value, seq)
    shell.hash_anew()
    assert [fault.kind for fault in faults(project)] == ["rewrite"]
    shell.write(kept)


def test_a_log_that_goes_on_after_any_of_this_is_still_found(project: Store, shell: Shell) -> None:
    make_checkpoint(project)
    shell.run("UPDATE events SET detail = '{}' WHERE seq = 3")
    add_events(project, 5)
    assert [(fault.kind, fault.first) for fault in faults(project)] == [("edit", 3)]
