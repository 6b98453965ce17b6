"""A deliberately bad model: its labels are shuffled, as a wrong join would do. The gate has to refuse it."""

import lateness as good
import polars as pl

import trivium as tv


@tv.task
def shuffle_labels(rows: pl.DataFrame) -> pl.DataFrame:
    """Each row keeps its inputs and gets the label of another."""
    return rows.with_columns(pl.col("late").shuffle(seed=1))


@tv.pipeline
def mistake() -> tv.ModelVersion:
    rows = good.features(good.flights, good.weather, good.planes)
    past, latest = tv.split(rows, latest="30d")
    model = good.train(shuffle_labels(past), 6, 0.1)
    report = tv.evaluate(model, latest, target="late", slices=["origin", "carrier"], against=past)
    return tv.register("lateness", model, report, gate=good.GATE)
