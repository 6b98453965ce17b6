"""The address of a server is read fully, and never shown with its password."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from trivium.clock import system_clock
from trivium.errors import MissingExtra, Misuse, StoreUnreachable
from trivium.store.catalog import open_catalog
from trivium.store.catalog.sql.postgres_address import PostgresAddress, parse_postgres_url

URL = "postgresql://ada:s%40cret@db.example:6543/team?schema=lateness&sslmode=verify-full"


def test_an_address_is_read_fully() -> None:
    assert parse_postgres_url(URL, environ={}) == PostgresAddress(
        "ada", "s@cret", "db.example", 6543, "team", "lateness", "verify-full"
    )


def test_what_the_url_leaves_out_is_found_in_the_environment_or_is_usual() -> None:
    address = parse_postgres_url("postgres://db/team", environ={"PGUSER": "ada", "PGPASSWORD": "x", "PGPORT": "6543"})
    assert address == PostgresAddress("ada", "x", "db", 6543, "team", "trivium", "prefer")
    assert parse_postgres_url("postgresql://ada@/team?host=/run/pg", environ={}).host == "/run/pg"
    assert parse_postgres_url("postgresql://ada@/team", environ={}).host == "localhost"


def test_a_password_is_not_shown() -> None:
    address = parse_postgres_url(URL, environ={})
    assert str(address) == repr(address) == "postgresql://ada@db.example:6543/team?schema=lateness"


@pytest.mark.parametrize(
    ("url", "story"),
    [
        ("postgresql://:s3cret@host/team", "names no user"),
        ("postgresql://ada:s3cret@host", "names no database"),
        ("postgresql://ada:s3cret@host:many/team", "port .* is not a number"),
        ("postgresql://ada:s3cret@host/team?schema=A;DROP", "'A;DROP' cannot be the schema"),
        ("postgresql://ada:s3cret@host/team?schema=pg_x", "'pg_x' cannot be the schema"),
        ("postgresql://ada:s3cret@host/team?sslmode=maybe", "sslmode=maybe .* is not one of disable, prefer"),
        ("postgresql://ada:s3cret@host/team?pool=3", "unknown option 'pool'"),
        ("mysql://ada:s3cret@host/team", "begins with 'mysql'; write postgresql://"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_showing_the_password(url: str, story: str) -> None:
    with pytest.raises(Misuse, match=story) as caught:
        open_catalog(url, clock=system_clock)
    assert "s3cret" not in str(caught.value)


def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreUnreachable, match=r"does not answer .*Make sure that the server runs there") as caught:
        open_catalog(f"postgresql://ada:s3cret@/team?host={tmp_path}", clock=system_clock)
    assert "s3cret" not in str(caught.value)


def test_without_the_driver_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pg8000.native", None)
    monkeypatch.delitem(sys.modules, "trivium.store.catalog.sql.postgres_session", raising=False)
    with pytest.raises(MissingExtra, match=r"needs the package 'pg8000': pip install 'trivium\[postgres\]'"):
        open_catalog(URL, clock=system_clock)
