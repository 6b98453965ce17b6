"""The address of a source: `duckdb:///file.db?table=flights`, `postgresql://user@host/database?table=flights`."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode

from trivium.errors import Misuse
from trivium.frames.stream import Wish


def split_address(text: str) -> tuple[str, dict[str, str]]:
    """The address without its options, and the options. Raises Misuse for NUL in it."""
    if "\0" in text:
        raise Misuse(f"{text!r} is no address: it has a NUL in it.")
    address, _, options = text.partition("?")
    return address, dict(parse_qsl(options, keep_blank_values=True))


def with_options(address: str, options: dict[str, str]) -> str:
    """The address with these options behind it."""
    return f"{address}?{urlencode(options)}" if options else address


def local_file(text: str) -> tuple[Path, dict[str, str]]:
    """The file of an address such as `sqlite:///data/shop.db?table=orders` (three slashes: from here; four: from the
    root), and its options. Raises Misuse when there is none."""
    address, options = split_address(text)
    place = unquote(address.partition("://")[2])
    path = Path(place.removeprefix("/"))
    if not place.startswith("/") or "\0" in place or not path.is_file():
        raise Misuse(f"{address} names no file; write {address.partition(':')[0]}:///folder/file.db?table=name.")
    return path, options


def select_statement(options: dict[str, str], wish: Wish, address: str) -> str:
    """The query to ask: that of the wish, or all of the table that the address names. Raises Misuse without either."""
    table = options.get("table")
    if (table is None) == (wish.query is None):
        raise Misuse(f"{address} needs either a table (?table=name in the address) or a query (`--query`).")
    if wish.query is not None:
        return wish.query.strip().rstrip(";")
    quoted = ".".join('"' + part.replace('"', '""') + '"' for part in str(table).split("."))
    return f"SELECT * FROM {quoted}"  # noqa: S608 # quoted


def check_columns(names: list[str], address: str) -> None:
    """Raises Misuse when two columns of a query have one name."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Misuse(f"The rows of {address} have the columns {twice} more than once; name them apart with AS.")
