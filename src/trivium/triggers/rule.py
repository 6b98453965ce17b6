"""When an event happens, do something: declared beside the pipeline that it runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from trivium.durations import parse_duration
from trivium.errors import Misuse
from trivium.pipelines.pipeline import Pipeline
from trivium.values.events import EventPattern, TriggerSpec


@dataclass(frozen=True)
class Rule:
    """An event pattern on its way to an action."""

    pattern: EventPattern
    period: str | None = None

    def every(self, period: str) -> Rule:
        """The same, but only when that much event time ("7d") has gone by since the last time."""
        parse_duration(period)
        return replace(self, period=period)

    def run(self, pipeline: Pipeline[..., Any], **parameters: object) -> TriggerSpec:
        """The pipeline runs on each such event; never on inputs with an open blocking alert.

        Raises Misuse for one that is configured: a trigger finds a pipeline by its name.
        """
        if pipeline.is_configured:
            raise Misuse(
                f"A trigger runs pipeline {pipeline.name!r} by its name, so what it was configured with would be lost; "
                f"give its parameters here: `.run({pipeline.name}, name=value)`."
            )
        spec = TriggerSpec(
            name=f"{pipeline.name}_on_{self.pattern.subject}",
            event=self.pattern.kind,
            subject=self.pattern.subject,
            action="run",
            target=pipeline.name,
            every=self.period,
            arguments=dict(parameters),
        )
        pipeline.triggers.append(spec)
        return spec


def on(pattern: EventPattern) -> Rule:
    """When this happens: `tv.on(flights.committed).every("7d").run(lateness)`."""
    return Rule(pattern)
