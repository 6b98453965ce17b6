"""Files of rows, by their ending: read in pieces or whole."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from trivium.digest import digest_file
from trivium.errors import Misuse, TriviumError
from trivium.frames.columnar import stream_arrow, stream_parquet
from trivium.frames.csv_file import stream_csv
from trivium.frames.frame import engine_error, frame_of
from trivium.frames.json_lines import stream_json_lines
from trivium.frames.stream import Stream, Wish, collect

Opener = Callable[[Path, Wish], tuple[int | None, Iterator[pl.DataFrame]]]
OPENERS: dict[str, Opener] = {
    ".parquet": stream_parquet,
    ".csv": stream_csv,
    ".jsonl": stream_json_lines,
    ".ndjson": stream_json_lines,
    ".arrow": stream_arrow,
    ".feather": stream_arrow,
    ".ipc": stream_arrow,
}
ENDINGS = "Parquet (.parquet), CSV (.csv), JSON lines (.jsonl) or Arrow (.arrow, .feather) file"


def to_frame(value: Any) -> pl.DataFrame:
    """A polars DataFrame of anything tabular: polars, pandas, Arrow, a DuckDB relation, records, or a file's path.

    Raises UnsupportedValue for what is not tabular, Misuse for a file that cannot be read.
    """
    return read_file(Path(value)) if isinstance(value, (str, Path)) else frame_of(value)


def read_file(path: Path) -> pl.DataFrame:
    """The rows of a file. Raises Misuse when it is not one."""
    with tempfile.TemporaryDirectory(prefix="trivium-") as scratch:
        return collect(open_file(path, Wish(Path(scratch)), identify=False))


def open_file(path: Path, wish: Wish, *, identify: bool = True) -> Stream:
    """The rows of a file in pieces. identify: with the digest of its bytes. Raises Misuse when it is none."""
    opener = OPENERS.get(path.suffix.lower())
    if opener is None:
        lines = " JSON is read by lines, an object on each: `jq -c '.[]'` makes them of an array."
        raise Misuse(f"{path} is not a {ENDINGS}.{lines if path.suffix.lower() == '.json' else ''}")
    if "\0" in str(path) or not path.is_file():
        raise Misuse(f"There is no file {path}.")
    digest = digest_file(path) if identify else None
    with naming(path):
        rows, frames = opener(path, wish)
    return Stream(str(path), named(path, frames), rows, digest)


def named(path: Path, frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The pieces; an error of the engine on the way says which file it was."""
    with naming(path):
        yield from frames


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Inside the block, an error of the engine says which file cannot be read."""
    try:
        yield
    except BaseException as error:
        if isinstance(error, TriviumError) or not engine_error(error):
            raise
        story = next(iter(str(error).splitlines()), type(error).__name__)
        raise Misuse(f"{path} cannot be read as {path.suffix}: {story}") from None
