"""Small made-up pictures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from trivium.values.alerts import Alert, Finding

START = datetime(2024, 1, 1, tzinfo=UTC)


def made_alert(
    *,
    partition: str = "2024-05-08",
    column: str | None = "temp",
    message: str = "`temp`: median 2",
    verdict: Finding | None = None,
    evidence: dict[str, Any] | None = None,
    kind: str = "learned",
) -> Alert:
    """An alert of the table `weather`; a false alarm is resolved."""
    return Alert(
        id="01alert", table="weather", column=column, partition=partition, check=f"{kind}({column})", kind=kind,
        severity="block", state="resolved" if verdict == "false_alarm" else "open", message=message,
        evidence=evidence if evidence is not None else {}, commit=None, opened_at=START, verdict=verdict,
    )  # fmt: skip


def a_day(number: int, *, rows: int = 40, shift: float = 0.0, kind: str = "rain") -> pl.DataFrame:
    """Rows of one day: `temp` around 65 and the `kind` of weather, the same numbers in another order each day."""
    day = START + timedelta(days=number)
    temps = [60.0 + (each * 7 + number * 3) % 11 + 0.1 * (number % 5) - shift for each in range(rows)]
    return pl.DataFrame(
        {
            "id": [number * 1000 + each for each in range(rows)],
            "at": [day + timedelta(minutes=each) for each in range(rows)],
            "temp": temps,
            "kind": [kind if (each + number) % 3 else "sun" for each in range(rows)],
        }
    )
