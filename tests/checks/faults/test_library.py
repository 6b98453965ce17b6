from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from trivium.checks.faults.fault import Target, fits, pick_rows
from trivium.checks.faults.library import EVERY_FAULT, FAULTS, HELD_OUT

ROWS = 200
OF_VALUES = [kind for kind, fault in EVERY_FAULT.items() if not fault.of_rows and kind != "column_change"]


def make_rows(seed: int = 0) -> pl.DataFrame:
    """Numbers, texts and times, some of each missing."""
    rng = np.random.default_rng(seed)
    start = datetime(2024, 3, 1)  # noqa: DTZ001 # wall time of the data
    rows = pl.DataFrame(
        {
            "amount": rng.gamma(4.0, 60.0, ROWS).round(2),
            "count": rng.integers(1, 900, ROWS),
            "city": rng.choice(["Oslo", "Rome", "Bern"], ROWS),
            "name": [f"Person {n}" for n in rng.permutation(ROWS)],
            "at": [start + timedelta(minutes=int(m)) for m in np.sort(rng.integers(0, 1440, ROWS))],
            "on": [date(2024, 1, 2) + timedelta(days=int(d)) for d in rng.integers(0, 300, ROWS)],
        }
    )
    missing = pl.Series(rng.random(ROWS) < 0.05)
    return rows.with_columns(pl.when(~missing).then(pl.col(name)).alias(name) for name in ("amount", "count", "city"))


def columns_for(kind: str, rows: pl.DataFrame) -> list[tuple[str, ...]]:
    """Every choice of columns that the fault can damage."""
    fault = EVERY_FAULT[kind]
    if fault.needs == "rows":
        return [()]
    names = [name for name in rows.columns if fits(rows[name], fault.needs)]
    return [tuple(names[at : at + fault.fewest]) for at in range(len(names) - fault.fewest + 1)]


def inject(
    kind: str, rows: pl.DataFrame, columns: tuple[str, ...], *, share: float = 0.5, seed: int = 0
) -> pl.DataFrame:
    """The rows with this fault in this share of them."""
    hit = pick_rows(rows.height, share, np.random.default_rng(seed))
    target = Target(rows, columns, hit, make_rows(9), np.random.default_rng(seed))
    return EVERY_FAULT[kind].inject(target)


@pytest.mark.parametrize("kind", EVERY_FAULT)
def test_every_fault_changes_rows_of_every_column_that_it_fits(kind: str) -> None:
    rows = make_rows()
    for columns in columns_for(kind, rows):
        assert any(not inject(kind, rows, columns, seed=seed).equals(rows) for seed in range(4)), columns


@pytest.mark.parametrize("kind", OF_VALUES)
def test_a_fault_leaves_the_other_columns_and_the_types_alone(kind: str) -> None:
    rows = make_rows()
    for columns in columns_for(kind, rows):
        broken = inject(kind, rows, columns)
        assert broken.schema == rows.schema
        assert broken.drop(columns).equals(rows.drop(columns))


@pytest.mark.parametrize("kind", OF_VALUES)
def test_a_fault_leaves_the_rows_alone_that_were_not_hit(kind: str) -> None:
    rows = make_rows()
    hit = pick_rows(ROWS, 0.3, np.random.default_rng(0))
    for columns in columns_for(kind, rows):
        broken = inject(kind, rows, columns, share=0.3)
        assert broken.filter(~pl.Series(hit)).equals(rows.filter(~pl.Series(hit)))


@pytest.mark.parametrize("kind", EVERY_FAULT)
def test_the_same_seed_breaks_in_the_same_way(kind: str) -> None:
    rows = make_rows()
    columns = columns_for(kind, rows)[0]
    assert inject(kind, rows, columns, seed=3).equals(inject(kind, rows, columns, seed=3))


@pytest.mark.parametrize("kind", EVERY_FAULT)
def test_a_fault_leaves_at_least_one_row(kind: str) -> None:
    rows = make_rows()
    assert all(inject(kind, rows, columns, share=1.0).height for columns in columns_for(kind, rows))


@pytest.mark.parametrize("kind", EVERY_FAULT)
def test_a_column_without_values_breaks_no_fault(kind: str) -> None:
    rows = make_rows().with_columns(pl.lit(None).cast(dtype).alias(name) for name, dtype in make_rows().schema.items())
    for columns in columns_for(kind, rows):
        inject(kind, rows, columns)


def test_the_tuned_and_the_held_out_faults_are_different_ones() -> None:
    assert not FAULTS.keys() & HELD_OUT.keys()
    assert not {fault.inject for fault in FAULTS.values()} & {fault.inject for fault in HELD_OUT.values()}


@pytest.mark.parametrize(
    ("kind", "column", "holds"),
    [
        ("null_spike", "amount", lambda before, after: after.null_count() == ROWS),
        ("sign_flip", "count", lambda before, after: (after.drop_nulls() == -before.drop_nulls()).all()),
        ("constant_fill", "city", lambda before, after: after.n_unique() == 1),
        ("sentinel", "amount", lambda before, after: after.n_unique() == 1),
        ("rounding", "count", lambda before, after: (after.drop_nulls() % 10 == 0).all()),
        ("saturation", "amount", lambda before, after: after.max() < before.max()),
        ("overflow", "count", lambda before, after: after.is_between(-128, 127).all()),
        ("mean_imputation", "amount", lambda before, after: after.n_unique() == 1),
        ("midnight", "at", lambda before, after: (after.dt.hour() == 0).all()),
        ("shuffle", "amount", lambda before, after: after.sort().equals(before.sort())),
        ("misalignment", "count", lambda before, after: after[1:].equals(before[:-1])),
        ("label_permutation", "city", lambda before, after: (after.drop_nulls() != before.drop_nulls()).all()),
        ("time_shift", "at", lambda before, after: (after - before).n_unique() == 1),
        ("padding", "name", lambda before, after: (after.str.len_chars() > before.str.len_chars()).all()),
        ("cut_text", "name", lambda before, after: (after.str.len_chars() < before.str.len_chars()).all()),
    ],
)
def test_a_fault_that_hits_all_rows_does_what_it_says(
    kind: str, column: str, holds: Callable[[pl.Series, pl.Series], bool]
) -> None:
    rows = make_rows()
    assert holds(rows[column], inject(kind, rows, (column,), share=1.0)[column])


def test_a_stale_copy_holds_the_older_values() -> None:
    assert inject("stale_copy", make_rows(), ("name",), share=1.0)["name"].equals(make_rows(9)["name"])


def test_exchanged_columns_hold_each_others_values() -> None:
    rows = make_rows().with_columns(other=pl.col("amount") * 2)
    broken = inject("swap", rows, ("amount", "other"), share=1.0)
    assert broken["amount"].equals(rows["other"], check_names=False)
    assert broken["other"].equals(rows["amount"], check_names=False)


@pytest.mark.parametrize(("kind", "share"), [("truncation", 0.3), ("segment_loss", 0.3), ("biased_sample", 0.3)])
def test_as_many_rows_are_lost_as_were_hit(kind: str, share: float) -> None:
    rows = make_rows()
    assert inject(kind, rows, columns_for(kind, rows)[0], share=share).height == ROWS - 60


def test_rows_that_arrive_twice_are_those_that_were_hit() -> None:
    for seed in range(4):
        broken = inject("duplication", make_rows(), (), share=0.1, seed=seed)
        assert broken.height == ROWS + 20
        assert broken.unique().height == ROWS


def test_a_lost_category_is_the_one_nearest_to_the_rows_hit() -> None:
    rows = pl.DataFrame({"kind": ["a"] * 120 + ["b"] * 60 + ["c"] * 20})
    assert set(inject("category_drop", rows, ("kind",), share=0.3)["kind"]) == {"a", "c"}


def test_half_of_the_hits_are_one_block() -> None:
    hits = [pick_rows(ROWS, 0.2, np.random.default_rng(seed)) for seed in range(200)]
    assert {int(hit.sum()) for hit in hits} == {40}
    blocks = sum(np.diff(np.flatnonzero(hit)).max() == 1 for hit in hits)
    assert 70 <= blocks <= 130
