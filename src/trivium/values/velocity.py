"""How fast people get on: runs and experiments by day, and the way of code into production."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct


class DayOfRuns(Struct, frozen=True):
    """One person's runs of one pipeline that started on one day (UTC, "2024-01-31").

    experiments: runs with code or parameters that the pipeline was never run with before. executed, cached: tasks.
    saved: seconds that the executions took whose results were reused. triggered: runs that a trigger asked for, and
    waited: the seconds from its event until they started.
    """

    day: str
    pipeline: str
    actor: str
    runs: int = 0
    succeeded: int = 0
    experiments: int = 0
    executed: int = 0
    cached: int = 0
    saved: float = 0.0
    triggered: int = 0
    waited: float = 0.0


class Promotion(Struct, frozen=True):
    """The first time that a model of this code became champion, with the way there; times in UTC.

    code: the digest of the pipeline's code. actor: who ran the run that the model came out of. first_run_at: when the
    pipeline first ran with this code. approved_at: when somebody first approved the model; None when nobody had to.
    """

    pipeline: str
    code: str
    actor: str
    model: str
    version: int
    first_run_at: datetime
    registered_at: datetime
    approved_at: datetime | None
    promoted_at: datetime
