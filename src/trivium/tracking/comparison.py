"""What differs between runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from trivium.errors import Misuse
from trivium.store.store import Store
from trivium.values.runs import Run


class MetricRow(Struct, frozen=True):
    """One metric of each run (None where it has none), and its difference to the first run."""

    name: str
    values: tuple[float | None, ...]
    deltas: tuple[float | None, ...]


class Comparison(Struct, frozen=True):
    """Runs side by side: each value is a tuple with one entry for each run, in the order of `runs`.

    parameters by name; inputs: versions by table; code: (file, commit or digest) texts; packages by name.
    """

    runs: tuple[str, ...]
    parameters: dict[str, tuple[Any, ...]]
    metrics: tuple[MetricRow, ...]
    inputs: dict[str, tuple[int | None, ...]]
    code: tuple[str, ...]
    packages: dict[str, tuple[str | None, ...]]


def compare_runs(store: Store, ids: Sequence[str], *, everything: bool = False) -> Comparison:
    """What differs between these runs; with `everything` also what is the same.

    Raises NotFound for an unknown id, Misuse for fewer than two.
    """
    if len(ids) < 2:
        raise Misuse("Comparing needs two runs or more; `trivium runs list` shows them.")
    runs = [store.catalog.runs.get_run(each) for each in ids]
    environments = [store.catalog.runs.get_environment(run.environment) for run in runs]
    packages = [{"python": each.python, **each.packages} for each in environments]
    metrics = _side_by_side([run.metrics for run in runs], everything=everything)
    inputs = [{each.table: each.version for each in run.inputs} for run in runs]
    codes = tuple(_code(run) for run in runs)
    return Comparison(
        runs=tuple(run.id for run in runs),
        parameters=_side_by_side([run.parameters for run in runs], everything=everything),
        metrics=tuple(MetricRow(name, values, _deltas(values)) for name, values in metrics.items()),
        inputs=_side_by_side(inputs, everything=everything),
        code=codes if everything or len({run.code.digest for run in runs}) > 1 else (),
        packages=_side_by_side(packages, everything=everything),
    )


def _side_by_side(columns: Sequence[dict[str, Any]], *, everything: bool) -> dict[str, tuple[Any, ...]]:
    names = _ordered(columns)
    rows = {name: tuple(column.get(name) for column in columns) for name in names}
    return {name: values for name, values in rows.items() if everything or _differ(values)}


def _ordered(columns: Iterable[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for column in columns for name in column))


def _differ(values: tuple[Any, ...]) -> bool:
    return any(value != values[0] for value in values)


def _deltas(values: tuple[float | None, ...]) -> tuple[float | None, ...]:
    first = values[0]
    return tuple(None if first is None or value is None else value - first for value in values)


def _code(run: Run) -> str:
    commit = (run.code.git_commit or "")[:12]
    return f"{run.code.file} {commit}{'+changes' if run.code.dirty else ''} {run.code.digest[:12]}".replace("  ", " ")
