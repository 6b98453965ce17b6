"""Everything that checks say about a batch of partitions: declared checks, the schema, learned expectations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from trivium.checks.declared import judge_declared
from trivium.checks.feedback import NO_FEEDBACK, Feedback
from trivium.checks.history import History
from trivium.checks.learned import judge_learned
from trivium.checks.partition import Partition
from trivium.checks.pii import mask_profile, mask_result
from trivium.checks.profile import outline_partition, profile_partition
from trivium.checks.schema import judge_schema
from trivium.checks.surroundings import Surroundings
from trivium.checks.unordered import forget_order
from trivium.values.alerts import CheckResult, Judgement, Profile
from trivium.values.tables import State, TableSpec


def judge(
    spec: TableSpec,
    batch: Sequence[Partition],
    history: Sequence[Profile] | History,
    *,
    now: datetime,
    around: Surroundings | None = None,
    feedback: Feedback = NO_FEEDBACK,
) -> tuple[Judgement, ...]:
    """A judgement for each partition of the batch, in its order.

    history: profiles of the partitions that were published before; a History kept between calls saves learning them
    anew, and is left as it was. Each partition that is not quarantined counts as history for the ones after it.
    around: other tables and the own past, for the checks that look there. feedback: what verdicts taught.
    Raises Misuse for a declared check that does not fit the table.
    """
    memory = history if isinstance(history, History) else History.of_profiles(history)
    judgements: list[Judgement] = []
    for number, part in enumerate(batch):
        newest = number == len(batch) - 1 and part.name >= memory.newest
        judged = judge_partition(spec, part, memory, now=now, newest=newest, around=around, feedback=feedback)
        judgements.append(judged)
        if judgements[-1].state != "quarantined" and number < len(batch) - 1:
            memory = memory.extended(judgements[-1].profile)
            around = None if around is None else around.extended(part)
    return tuple(judgements)


def judge_partition(
    spec: TableSpec,
    part: Partition,
    history: History,
    *,
    now: datetime,
    newest: bool = True,
    around: Surroundings | None = None,
    feedback: Feedback = NO_FEEDBACK,
) -> Judgement:
    """The profile of one partition, every result, and the state that follows from them."""
    profile = describe_partition(spec, part, history)
    schema = judge_schema(profile, history.types, severity="warn" if spec.watch == "warn" else "block")
    broken = [str(result.column) for result in schema]
    declared = judge_declared(spec, part, now=now, newest=newest, broken=broken, around=around)
    learned = []
    if spec.watch != "off":
        learned = judge_learned(profile, history, watch=spec.watch, keys=spec.key, without=broken, feedback=feedback)
    results = (*([] if spec.watch == "off" else schema), *declared, *learned)
    return Judgement(part.name, state_of(results), profile, tuple(mask_result(each, spec.pii) for each in results))


def describe_partition(spec: TableSpec, part: Partition, history: History | None = None) -> Profile:
    """The profile that is kept of a partition: an outline where nobody watches, without values about persons.

    history: says which relations between columns are measured; without it none is.
    """
    if spec.watch == "off":
        return outline_partition(spec.name, part)
    relations = history.relations_to_measure(part.rows) if history is not None else ()
    profile = profile_partition(spec.name, part, relations)
    return mask_profile(profile if part.in_order else forget_order(profile), spec.pii)


def state_of(results: Sequence[CheckResult]) -> State:
    """Quarantined when a blocking check failed, or a diverting one whose rows are still there; flagged when another one
    did; else valid."""
    failed = {result.severity for result in results if not result.passed}
    return "quarantined" if failed & {"block", "divert"} else "flagged" if failed else "valid"
