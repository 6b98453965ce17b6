"""Finding an executor by what the settings say."""

from __future__ import annotations

import pytest

from trivium.errors import Misuse
from trivium.pipelines.attempt import Outcome
from trivium.pipelines.decision import Decision
from trivium.pipelines.executors.executor import check_executor, parse_executor
from trivium.pipelines.graph import build_graph
from trivium.pipelines.task import task
from trivium.pipelines.work import MOST_LOSSES, Work


@pytest.mark.parametrize(
    ("text", "kind", "address"),
    [
        ("local", "local", ""),
        ("ray", "ray", ""),
        ("ray://10.0.0.1:10001", "ray", "ray://10.0.0.1:10001"),
        ("ray:head:6379", "ray", "head:6379"),
    ],
)
def test_an_executor_is_a_name_and_perhaps_an_address(text: str, kind: str, address: str) -> None:
    assert parse_executor(text) == (kind, address)


def test_an_unknown_executor_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(Misuse, match=r"There is no executor 'slurm'; there are: inline, local, ray"):
        check_executor("slurm")


def test_an_address_where_there_is_none_is_refused() -> None:
    with pytest.raises(Misuse, match="Executor 'local' has no address; write 'local' instead of 'local:3'"):
        check_executor("local:3")


@task(retries=1)
def one() -> int:
    return 1


def test_lost_workers_are_made_up_for_beyond_the_retries_but_not_for_ever() -> None:
    (node,) = build_graph("whole", one, {}).nodes
    work = Work(node, Decision("", None, None, ""))
    lost, own = Outcome(error="WorkerLost", worker_lost=True), Outcome(error="ValueError")

    def tried_again(outcome: Outcome) -> bool:
        again = work.may_try_again(outcome)
        work.failed += [None] if again else []  # type: ignore[list-item] # how many there are is what counts
        return again

    assert [tried_again(lost) for _ in range(3)] == [True] * 3
    assert [tried_again(own), tried_again(own)] == [True, False]
    assert [tried_again(lost) for _ in range(MOST_LOSSES - 3)] == [True] * (MOST_LOSSES - 3)
    assert not tried_again(lost)
