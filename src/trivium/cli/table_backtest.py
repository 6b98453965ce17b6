"""`trivium tables backtest`: how good a table's alarms are, before anybody has to trust them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
import typer

from trivium.checks.alarm_quality import measure_quality
from trivium.checks.backtest import Backtest, backtest
from trivium.checks.faults.library import EVERY_FAULT, FAULTS, HELD_OUT
from trivium.checks.replay import Replay
from trivium.checks.surprise import COLD
from trivium.cli.backtest_view import BacktestView, missed_rows, print_backtest, ruling_rows
from trivium.cli.declared_functions import know_functions
from trivium.cli.flags import AsJson
from trivium.cli.listing import print_json
from trivium.cli.project import open_project
from trivium.errors import Misuse
from trivium.tables.backtest import replay_table

SETS = {"common": tuple(FAULTS), "rare": tuple(HELD_OUT), "all": tuple(EVERY_FAULT), "none": ()}
Name = Annotated[str, typer.Argument(help="The table.")]
Faults = Annotated[
    list[str] | None, typer.Option("--faults", help=f"Kinds of faults to inject, or a set of them: {', '.join(SETS)}.")
]
Trials = Annotated[int, typer.Option("--trials", min=1, help="So many faults of each kind and severity.")]
Last = Annotated[int | None, typer.Option("--last", min=1, help="Only so many of the newest partitions.")]
Seed = Annotated[int, typer.Option("--seed", help="Other seeds make other faults; the same seed the same ones.")]


def backtest_table(
    context: typer.Context,
    name: Name,
    *,
    faults: Faults = None,
    trials: Trials = 3,
    last: Last = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Judge every published partition by those before it, and once more with faults: how good are the alarms?"""
    kinds = fault_kinds(faults or ["common"])
    store = open_project(context)
    know_functions(store, name)
    replay = replay_table(store, name, last=last)
    found = run_backtest(replay, kinds, trials, seed)
    quality = measure_quality(found)
    if as_json:
        print_json(
            {
                "table": name,
                "partitions": ruling_rows(found.clean),
                "missed": missed_rows(found.trials),
                **msgspec.to_builtins(quality),
            }
        )
    else:
        print_backtest(name, len(replay.parts), found, quality)


def run_backtest(replay: Replay, kinds: Sequence[str], trials: int, seed: int) -> Backtest:
    """The backtest, with its progress on stderr.

    The first partitions are only learned from: 14 of them, or half of a short past; none where nobody watches.
    """
    warm_up = 0 if replay.spec.watch == "off" else min(COLD, len(replay.parts) // 2)
    view = BacktestView()
    try:
        return backtest(replay, warm_up=warm_up, faults=kinds, trials=trials, seed=seed, tell=view.tell)
    finally:
        view.close()


def fault_kinds(wanted: Sequence[str]) -> tuple[str, ...]:
    """The kinds under these names, where a set stands for its kinds. Raises Misuse for a name that is neither."""
    names = [each for name in wanted for each in name.split(",")]
    for name in names:
        if name not in SETS and name not in EVERY_FAULT:
            known = ", ".join((*SETS, *EVERY_FAULT))
            raise Misuse(f"No kind of fault is called {name!r}; there are {known}.")
    return tuple(dict.fromkeys(kind for name in names for kind in SETS.get(name, (name,))))
