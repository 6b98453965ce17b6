"""Texts that stand for numbers and times: read only where the whole column says the same thing in other words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from trivium.frames.stream import Wish

ABSENT = ("", "NA", "null")
NUMBER = r"^[+-]?(((0|[1-9]\d*)(\.\d*)?|\.\d+)([eE][+-]?\d+)?|[iI]nf(inity)?)$|^[nN][aA][nN]$"
LONG = r"^-?\d{16,}$"
DAY = r"^\d{4}-\d{2}-\d{2}"
CLOCK = r"[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?"
FINE_CLOCK = r"[T ]\d{2}:\d{2}:\d{2}\.\d{7,9}"
ANY_CLOCK = rf"({CLOCK}|{FINE_CLOCK})"
ZONE = r"(Z|[+-]\d{2}:?\d{2})"


@dataclass(frozen=True)
class Reading:
    """One way to read texts: their form, and how such a text becomes a value (null when it has none)."""

    name: str
    form: str
    read: Callable[[pl.Expr], pl.Expr]


def _moment(text: pl.Expr, unit: Any, zone: str = "") -> pl.Expr:
    plain = text.str.replace(" ", "T", literal=True)
    whole = pl.when(plain.str.contains(r"T\d{2}:\d{2}($|Z|[+-])")).then(plain.str.replace(r"(T\d{2}:\d{2})", "${1}:00"))
    settled = whole.otherwise(plain).str.replace(r"Z$", "+00:00")
    return settled.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f" + zone, time_unit=unit, strict=False)


READINGS: tuple[Reading, ...] = (
    Reading("bool", r"^(true|false|True|False|TRUE|FALSE)$", lambda text: text.str.to_lowercase() == "true"),
    Reading("int64", r"^(0|-?[1-9]\d*)$", lambda text: text.cast(pl.Int64, strict=False)),
    Reading("int128", r"^(0|-?[1-9]\d*)$", lambda text: text.cast(pl.Int128, strict=False)),
    Reading("float64", NUMBER, lambda text: text.cast(pl.Float64, strict=False)),
    Reading("date", DAY + "$", lambda text: text.str.to_date("%Y-%m-%d", strict=False)),
    Reading("timestamp[us]", DAY + CLOCK + "$", lambda text: _moment(text, "us")),
    Reading("timestamp[ns]", DAY + ANY_CLOCK + "$", lambda text: _moment(text, "ns")),
    Reading("timestamp[us, UTC]", DAY + CLOCK + ZONE + "$", lambda text: _moment(text, "us", "%z")),
    Reading("timestamp[ns, UTC]", DAY + ANY_CLOCK + ZONE + "$", lambda text: _moment(text, "ns", "%z")),
    Reading("time", r"^\d{2}:\d{2}:\d{2}(\.\d{1,9})?$", lambda text: text.str.to_time("%H:%M:%S%.f", strict=False)),
)
TIMES = READINGS[4:9]
TEXT = Reading("text", "", lambda text: text)
WHOLE = ("int64", "int128")
WIDER = {"int64": ("int128", "float64"), "int128": ("float64",), "timestamp[us]": ("timestamp[ns]",),
         "timestamp[us, UTC]": ("timestamp[ns, UTC]",)}  # fmt: skip


class TextTypes:
    """What the texts of each column turn out to be, learned piece by piece.

    A reading is kept while every text so far has its form and a value; leading zeros, signs and other marks that a
    number would lose make a column text. "NA" and "null" are absent values, except in a column of text.
    """

    def __init__(self, wish: Wish) -> None:
        self._wish = wish
        self._found: dict[str, Reading] = {}
        self._long: set[str] = set()

    def see(self, piece: pl.DataFrame) -> None:
        """The texts of one more piece."""
        for name in piece.columns:
            found = self._found.get(name)
            texts = _present(piece[name]) if found is not TEXT else piece[name].head(0)
            if len(texts):
                self._found[name] = self._narrowed(name, texts, self._offered(name) if found is None else chain(found))

    def read(self, piece: pl.DataFrame) -> pl.DataFrame:
        """The piece with its columns as what they are."""
        return piece.with_columns(self._column(piece[name]) for name in piece.columns)

    def _offered(self, name: str) -> Sequence[Reading]:
        wanted = self._wish.types.get(name)
        if wanted is None:
            return TIMES if name == self._wish.time else READINGS
        return () if wanted == pl.String else (*of_type(wanted), *READINGS)

    def _narrowed(self, name: str, texts: pl.Series, offered: Iterable[Reading]) -> Reading:
        for reading in offered:
            if reading.name in WHOLE and name not in self._long and texts.str.contains(LONG).any():
                self._long.add(name)
            # A float does not hold sixteen digits, so whole numbers that long do not go with fractions.
            if not (reading.name == "float64" and name in self._long) and fits(reading, texts):
                return reading
        return TEXT

    def _column(self, values: pl.Series) -> pl.Series:
        wanted = self._wish.types.get(values.name)
        found = self._found.get(values.name)
        if found is None and wanted != pl.String:
            return pl.Series(values.name, [None], dtype=wanted or pl.Null).new_from_index(0, len(values))
        return values if found in (None, TEXT) else _apply(found, values)


def chain(reading: Reading) -> Iterator[Reading]:
    """The reading, and those that read everything it does."""
    yield reading
    for name in WIDER.get(reading.name, ()):
        yield next(each for each in READINGS if each.name == name)


def fits(reading: Reading, texts: pl.Series) -> bool:
    """Whether every text has the reading's form and a value. texts: without absent ones."""
    if not texts.str.contains(reading.form).all():
        return False
    values = texts.to_frame("x").select(reading.read(pl.col("x")))["x"]
    if values.null_count():
        return False
    endless = values.is_infinite().sum() if values.dtype.is_float() else 0
    return not endless or endless == texts.str.contains("(?i)inf").sum()


def read_texts(frame: pl.DataFrame, wish: Wish) -> pl.DataFrame:
    """The frame with texts as the wished types, a column at a time, where each text is one; others stay as they are.

    This is for sources that have texts, but no times: the column of event time becomes moments.
    """
    wanted: Mapping[str, Any] = wish.types
    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    made = []
    for name in texts:
        offered = of_type(wanted[name]) if name in wanted else TIMES if name == wish.time else ()
        present = frame[name].drop_nulls()
        found = next((each for each in offered if fits(each, present)), None)
        if found:
            made.append(frame.select(found.read(pl.col(name)).alias(name))[name])
    return frame.with_columns(made)


def of_type(wanted: Any) -> tuple[Reading, ...]:
    """How texts are read as one type; empty when only the texts themselves will do."""
    if isinstance(wanted, pl.Datetime):
        return tuple(_zoned(each, wanted) for each in TIMES[1:] if ("UTC" in each.name) == bool(wanted.time_zone))
    if isinstance(wanted, pl.Decimal):
        form = rf"^-?\d+(\.\d{{1,{wanted.scale}}})?$" if wanted.scale else r"^-?\d+$"
        return (Reading("decimal", form, lambda text: text.cast(wanted, strict=False)),)
    named = {"int": r"^-?\d+$", "float": NUMBER}
    for family, form in named.items():
        if wanted.is_integer() if family == "int" else wanted.is_float():
            return (Reading(family, form, lambda text: text.cast(wanted, strict=False)),)
    if wanted in (pl.Categorical, pl.Enum):
        return (Reading("text", "", lambda text: text.cast(wanted, strict=False)),)
    return tuple(each for each in READINGS if each.name in PLAIN and PLAIN[each.name] == wanted)


PLAIN: dict[str, Any] = {"bool": pl.Boolean, "date": pl.Date, "time": pl.Time}


def _zoned(reading: Reading, wanted: pl.Datetime) -> Reading:
    zone = wanted.time_zone
    if zone in (None, "UTC"):
        return reading
    return Reading(reading.name, reading.form, lambda text: reading.read(text).dt.convert_time_zone(str(zone)))


def _present(values: pl.Series) -> pl.Series:
    return values.filter(~values.is_in(ABSENT) & values.is_not_null())


def _apply(reading: Reading, values: pl.Series) -> pl.Series:
    absent = pl.col("x").is_in(ABSENT)
    text = pl.when(absent).then(None).otherwise(pl.col("x"))
    return values.to_frame("x").select(reading.read(text).alias(values.name))[values.name]
