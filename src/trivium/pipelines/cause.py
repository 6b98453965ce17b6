"""Why a task gave another result: what is on record of both runs is compared, then the task is executed alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from trivium.errors import TriviumError
from trivium.pipelines.cache_key import KeyParts, decode_parts
from trivium.pipelines.chance import is_clock, is_unordered
from trivium.pipelines.first_few import first_few
from trivium.pipelines.isolation import Answer, Job, do_job, settings_for_job
from trivium.pipelines.reproduction import Cause
from trivium.pipelines.resources import ONE_THREAD
from trivium.store.store import Store
from trivium.values.runs import Run, TaskRun

HASH_SEED = "PYTHONHASHSEED"
OTHER_HASH_SEEDS = ("1", "2", "3")
MOST_SECONDS = 300.0
LEAST_TIMEOUT = 60.0
SHOWN = 5


def recorded_causes(
    store: Store, run: Run, again: Run, node: str, packages: Mapping[str, tuple[str, str]]
) -> list[Cause]:
    """What differs on record: the code of this task, packages, and the content of inputs."""
    old, new = (_parts(store, each, node) for each in (run, again))
    causes = []
    if old and new and old.code != new.code:
        changed = sorted({name for name, _ in set(old.code) ^ set(new.code)})
        causes.append(Cause("code", f"the code differs: {some(changed)}"))
    elif not (old and new) and run.code.digest != again.code.digest:
        causes.append(Cause("code", "the code differs"))
    if packages:
        causes.append(Cause("packages", f"package versions differ: {some(tell_packages(packages))}"))
    inputs = {each.table: each for each in run.inputs}
    causes += [
        Cause("input", f"version {each.version} of table {each.table} has other content")
        for each in again.inputs
        if each.table in inputs and inputs[each.table].digest != each.digest
    ]
    if old and new:
        causes += [Cause("input", told) for told in _other_parameters(old, new)]
    return causes


def tell_packages(packages: Mapping[str, tuple[str, str]]) -> list[str]:
    """Each as "polars 1.9.0 -> 1.10.0"."""
    return [f"{name} {old} -> {new}" for name, (old, new) in packages.items()]


def some(names: list[str]) -> str:
    """The first few, and how many more."""
    return first_few(names, SHOWN)


@dataclass
class Trial:
    """One task of a reproduction, to be executed alone as often as it takes to see what its result depends on.

    metric: the metric that differs, when it is not an output. seconds: how long the task took. python: the interpreter
    that it is executed in, "" for this one. links: what is in the folder that it works in, and what each stands for.
    """

    store: Store
    run: Run
    again: Run
    node: str
    code: str
    metric: str = ""
    seconds: float = 0.0
    python: str = ""
    links: Mapping[str, str] = field(default_factory=dict)

    def causes(self) -> Iterator[Cause]:
        """What makes this task differ, in the order of the trials; one that explains it ends them."""
        if self.seconds > MOST_SECONDS:
            yield Cause("unknown", f"{self.node} took {self.seconds:.0f} s, too long to execute it again to find out")
            return
        try:
            yield from self._try()
        except (TriviumError, TimeoutError) as error:
            yield Cause("unknown", f"{self.node} could not be executed alone to find out: {error}")

    def _try(self) -> Iterator[Cause]:
        answer = self._execute(times=2)
        first, second = self._results(answer)
        if first != second:
            yield self._unsteady(answer.calls)
        else:
            yield self._steady(first, answer.calls)

    def _unsteady(self, calls: tuple[str, ...]) -> Cause:
        """It gives another result each time, in one process."""
        each_time = f"{self.node} gives another result each time"
        random = [call for call in calls if not is_clock(call) and not is_unordered(call)]
        named = f": it calls {some(random)} without a seed" if random else ""
        seeded = self._results(self._execute(times=2, seeded=True))
        if seeded[0] == seeded[1]:
            return Cause("seed", f"{each_time}, and the same one when random numbers are seeded{named}")
        if random:
            return Cause("seed", f"{each_time}{named}")
        single = self._results(self._execute(times=2, environ=ONE_THREAD))
        if single[0] == single[1]:
            return Cause("threads", f"{each_time}, and the same one with one thread")
        return self._named(calls) or Cause("unknown", f"{each_time}, with and without seeds and threads")

    def _named(self, calls: tuple[str, ...]) -> Cause | None:
        """What the code calls, where no trial tells."""
        unordered = [call for call in calls if is_unordered(call)]
        if unordered:
            return Cause("order", f"{self.node} gives rows in any order: {some(unordered)} without maintain_order=True")
        clock = [call for call in calls if is_clock(call)]
        if clock:
            return Cause("clock", f"{self.node} reads the clock by {some(clock)}")
        return Cause("process", f"{self.node} calls {some(list(calls))}") if calls else None

    def _steady(self, result: Any, calls: tuple[str, ...]) -> Cause:
        """It gives the same result each time in one process; other processes differ in their threads and hash seeds."""
        (plain,) = self._results(self._execute(environ={HASH_SEED: "0"}))
        (single,) = self._results(self._execute(environ={HASH_SEED: "0", **ONE_THREAD}))
        if single != plain:
            return Cause("threads", f"{self.node} gives another result with one thread than with several")
        for seed in OTHER_HASH_SEEDS:
            if self._results(self._execute(environ={HASH_SEED: seed})) != [plain]:
                why = "it depends on the order of a set, or on hash()"
                return Cause("hash seed", f"{self.node} gives another result with another PYTHONHASHSEED: {why}")
        named = self._named(calls)
        if named is not None:
            return named
        if result == self._recorded():
            return Cause("process", f"{self.node} gives the recorded result alone: it depends on what ran before it")
        return Cause(
            "unknown",
            f"{self.node} gives one result here, always, and another where the run was made: it may read a file, the "
            "network or an environment variable",
        )

    def _execute(self, *, times: int = 1, seeded: bool = False, environ: Mapping[str, str] | None = None) -> Answer:
        job = Job(
            settings=settings_for_job(self.store), run=self.run.id, code=self.code, node=self.node,
            inputs_of=self.again.id, times=times, seeded=seeded, links=dict(self.links),
        )  # fmt: skip
        timeout = LEAST_TIMEOUT + 10 * times * self.seconds
        return do_job(job, environ=environ, timeout=timeout, python=self.python)

    def _results(self, answer: Answer) -> list[Any]:
        if answer.error:
            raise TriviumError(answer.error)
        return [self._result(outputs) for outputs in answer.outputs]

    def _recorded(self) -> Any:
        return next((self._result(task.outputs) for task in tasks_of(self.store, self.run, self.node)), None)

    def _result(self, outputs: Iterable[Any]) -> Any:
        """What is compared: the metric that differs, else the outputs."""
        refs = list(outputs)
        if self.metric:
            return refs[0].facts.get("metrics", {}).get(self.metric) if refs else None
        return [ref.digest for ref in refs]


def tasks_of(store: Store, run: Run, node: str) -> list[TaskRun]:
    """The run's record of this node, if it has one."""
    return [task for task in store.catalog.runs.list_tasks(run.id) if task.node == node]


def _parts(store: Store, run: Run, node: str) -> KeyParts | None:
    for task in tasks_of(store, run, node):
        if task.parts and store.blobs.has(task.parts):
            return decode_parts(store.blobs.get(task.parts))
    return None


def _other_parameters(old: KeyParts, new: KeyParts) -> Iterator[str]:
    """Those that differ on record; of files, what was in them then and now."""
    for name, now in new.inputs.items():
        was = old.inputs.get(name)
        if was is None or was.digest == now.digest:
            continue
        if "file" in (was.kind, now.kind):
            yield f"its parameter {name} was {was.shown}, and is {now.shown} now"
        elif now.kind == "parameter":
            yield f"its parameter {name} differs"
