"""Where a catalog on PostgreSQL is: `postgresql://user:password@host:port/database?schema=name`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Literal, get_args
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from trivium.errors import Misuse

Encryption = Literal["disable", "prefer", "require", "verify-full"]
SCHEMES = ("postgresql", "postgres")
OPTIONS = ("schema", "host", "sslmode")
SHAPE = "postgresql://user@host:5432/database?schema=name"


class PostgresAddress(msgspec.Struct, frozen=True):
    """A schema of a database. `str()` and `repr()` leave the password out; a host that begins with `/` is the folder
    of a Unix socket."""

    user: str
    password: str
    host: str
    port: int
    database: str
    schema: str = "trivium"
    encryption: Encryption = "prefer"

    def __str__(self) -> str:
        return f"postgresql://{self.user}@{self.host}:{self.port}/{self.database}?schema={self.schema}"

    __repr__ = __str__


def is_postgres_url(text: str) -> bool:
    """Whether this names a PostgreSQL database."""
    return text.partition("://")[0] in SCHEMES


def parse_postgres_url(url: str, *, environ: Mapping[str, str] = os.environ) -> PostgresAddress:
    """The address that this URL tells; user and password default to PGUSER and PGPASSWORD.

    Options: `schema` (default trivium), `host` (the folder of a Unix socket), `sslmode` (disable, prefer, require,
    verify-full). Raises Misuse, with a message that does not show the password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or int(environ.get("PGPORT", "5432"))
    except ValueError:
        raise Misuse(f"The port of the store's address is not a number; write {SHAPE}.") from None
    options = dict(parse_qsl(parts.query))
    address = PostgresAddress(
        user=unquote(parts.username or environ.get("PGUSER", "")),
        password=unquote(parts.password or "") or environ.get("PGPASSWORD", ""),
        host=options.get("host") or parts.hostname or "localhost",
        port=port,
        database=unquote(parts.path.lstrip("/")),
        schema=options.get("schema", "trivium"),
        encryption=_encryption(options.get("sslmode", "prefer")),
    )
    _check(address, options)
    return address


def _encryption(text: str) -> Encryption:
    known: tuple[Encryption, ...] = get_args(Encryption)
    for each in known:
        if each == text:
            return each
    raise Misuse(f"sslmode={text} of the store's address is not one of {', '.join(known)}.")


def _check(address: PostgresAddress, options: Mapping[str, str]) -> None:
    for name, value in (("user", address.user), ("database", address.database)):
        if not value:
            raise Misuse(f"The store's address {address} names no {name}; write {SHAPE}.")
    unknown = sorted(set(options) - set(OPTIONS))
    if unknown:
        raise Misuse(
            f"The store's address {address} has the unknown option {unknown[0]!r}; known: {', '.join(OPTIONS)}."
        )
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", address.schema) or address.schema.startswith("pg_"):
        raise Misuse(
            f"{address.schema!r} cannot be the schema of a catalog: a name is up to 63 of a-z, 0-9 and _, does not "
            "begin with a digit, and not with pg_, which PostgreSQL keeps for itself."
        )
