"""What a task can know of the run that it belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta

from trivium.errors import Misuse
from trivium.pipelines.redaction import Redaction
from trivium.pipelines.worker import Worker
from trivium.store.acting import act_from_now_on, use_acting
from trivium.store.store import Store
from trivium.values.runs import MetricPoint

FLUSH_AFTER = timedelta(seconds=1)


class TaskContext:
    """The run and node that are executing here.

    `idempotency_key` is the same for every attempt of this node in this run, also after a crash: give it to whatever
    the task writes to. Metrics are on record at the latest when the task ends, also when it fails. `redaction` hides
    the secrets that the task was given. `worker` is the process of it that this is.
    """

    def __init__(self, store: Store, run: str, node: str, idempotency_key: str) -> None:
        self.store = store
        self.run = run
        self.node = node
        self.idempotency_key = idempotency_key
        self.redaction = Redaction()
        self.worker = Worker()
        self.logged: dict[str, tuple[float, int]] = {}
        self._secrets: dict[str, str] = {}
        self._waiting: list[MetricPoint] = []
        self._flushed: datetime = store.clock()

    def log_metric(self, name: str, value: float, step: int = 0) -> None:
        """The run has this value of the metric at this step; of several workers only what the first says is on record.

        Raises Misuse for what is not a number.
        """
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise Misuse(f"Metric {name!r} is a number, not {value!r}.") from None
        if not self.worker.is_first:
            return
        name, now = self.redaction.clean(name), self.store.clock()
        if name not in self.logged or step >= self.logged[name][1]:
            self.logged[name] = (number, step)
        self._waiting.append(MetricPoint(self.run, name, number, step, now))
        if now - self._flushed >= FLUSH_AFTER:
            self.flush()

    def log_metrics(self, metrics: Mapping[str, float], step: int = 0) -> None:
        """The same for several metrics."""
        for name, value in metrics.items():
            self.log_metric(name, value, step)

    def tag(self, **tags: str) -> None:
        """The run carries these tags; of several workers only what the first says is on record."""
        if not self.worker.is_first:
            return
        clean = self.redaction.clean
        self.store.catalog.runs.tag(self.run, {clean(name): clean(str(value)) for name, value in tags.items()})

    def give_secrets(self, values: Mapping[str, str]) -> None:
        """The task may read these secrets, and what it prints and logs does not show them."""
        self.redaction.hide(values)
        self._secrets.update(values)

    def secret(self, name: str) -> str:
        """The value of a secret that the task was given, by its arguments or by `@task(secrets=...)`; else Misuse."""
        if name not in self._secrets:
            known = ", ".join(self._secrets) or "none"
            raise Misuse(
                f"Task {self.node!r} was not given the secret {name!r} (it has: {known}): declare "
                f'`@tv.task(secrets=("{name}",))`, or pass `tv.secret("{name}")` as an argument.'
            )
        return self._secrets[name]

    def flush(self) -> None:
        """Every metric logged so far is on record."""
        if self._waiting:
            self.store.catalog.runs.log_metrics(self._waiting)
        self._waiting = []
        self._flushed = self.store.clock()


_current: ContextVar[TaskContext | None] = ContextVar("trivium_task", default=None)


def current_task() -> TaskContext | None:
    """The task (or script run) that is executing here, or None."""
    return _current.get()


def current_worker() -> Worker:
    """The process of the task that is executing here; outside of a task, the first of one.

    Ask in the thread that the task was called in, as for `current_task`: in others there is no task.
    """
    task = _current.get()
    return Worker() if task is None else task.worker


def use_task_from_now_on(context: TaskContext) -> None:
    """This is the current task until the context of execution ends, as that of a notebook's cell does."""
    _current.set(context)
    act_from_now_on(context.store.catalog, context.run, context.node)


@contextmanager
def use_task(context: TaskContext) -> Iterator[TaskContext]:
    """Inside the block, this is the current task; its metrics are on record afterwards."""
    token = _current.set(context)
    try:
        with use_acting(context.store.catalog, context.run, context.node):
            yield context
    finally:
        _current.reset(token)
        context.flush()
