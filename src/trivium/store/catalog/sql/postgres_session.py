"""A catalog in one schema of a PostgreSQL database."""

from __future__ import annotations

import re
import socket
import ssl
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, TypeVar

import pg8000.native as driver

from trivium.errors import Misuse, OutcomeUnknown, StoreBusy, StoreUnreachable, TriviumError
from trivium.store.catalog.sql.fetched import Fetched, name_values, to_number
from trivium.store.catalog.sql.marks import numbered
from trivium.store.catalog.sql.postgres_address import PostgresAddress
from trivium.store.catalog.sql.rows import Scalar

T = TypeVar("T")
CONNECT_SECONDS = 10.0
IDLE_SECONDS = 30
STATEMENTS_KEPT = 200
NUMERIC = 1700
TEXT_TYPE = re.compile(r"(?<!\bAS )\bTEXT\b")
WAITED = ("55P03", "57014")  # lock not available; statement cancelled
CHANGED = ("0A000",)  # the columns of a prepared statement are not what they were
REFUSED = ("42501", "25006", "53100")  # privilege, read only, disk full
FULL_HOUSE = ("53300", "57P03")  # too many connections; starting up or shutting down
KEY_COLUMNS = (
    "SELECT a.attname FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place) "
    "JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number "
    "WHERE i.indisprimary AND i.indrelid = to_regclass($1) ORDER BY k.place"
)


class PostgresSession:
    """Implements `Session`. The one row of `catalog_schema` is locked by whoever writes, so writers queue and numbers
    of versions and events have no gaps; readers lock nothing. With durability "fast" (synchronous_commit = off) a crash
    of the server may take the commits of about the last second, never a part of one; a kill of this process none.

    A writer that stops in the middle of a transaction is ended by the server after half a minute.
    """

    kind = "postgresql"

    def __init__(self, address: PostgresAddress, *, durability: str, patience: float) -> None:
        self.address = address
        self.patience = patience
        self.broken = False
        self.in_transaction = False
        self._failed = False
        self._keys: dict[str, tuple[str, ...]] = {}
        self._prepared: OrderedDict[str, driver.PreparedStatement] = OrderedDict()
        self._connection = connect(address, patience)
        self._connection.register_in_adapter(NUMERIC, to_number)
        milliseconds = int(patience * 1000)
        self._run(
            f"SET search_path = {address.schema}; SET lock_timeout = {milliseconds}; "
            f"SET statement_timeout = {2 * milliseconds}; SET idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'; "
            f"SET synchronous_commit = {'on' if durability == 'full' else 'off'}; SET client_min_messages = warning; "
            "SET default_transaction_isolation = 'read committed'"
        )

    @property
    def place(self) -> str:
        return str(self.address)

    def execute(self, statement: str, values: Sequence[Scalar] = ()) -> Fetched:
        prepared = self._prepare(numbered(statement))
        rows = self._asked(lambda: prepared.run(**{f"v{place}": value for place, value in enumerate(values)}))
        return name_values([column["name"] for column in prepared.columns or ()], rows or [])

    def begin(self) -> int:
        self._failed = False
        try:
            number = self._run("BEGIN; SELECT number FROM catalog_schema FOR UPDATE")[0][0]
        except BaseException:
            self.rollback()
            raise
        self.in_transaction = True
        return int(number)

    def commit(self) -> None:
        if self._failed:
            raise TriviumError(f"A statement of this transaction failed in {self.address}; nothing of it was stored.")
        try:
            self._run("COMMIT")
        except StoreUnreachable as error:
            raise OutcomeUnknown(
                f"The connection to {self.address} broke while a transaction was being committed: whether it is stored "
                "is unknown. Look for it, or repeat it with the same idempotency key, which stores it once."
            ) from error
        self.in_transaction = False

    def rollback(self) -> None:
        self.in_transaction = False
        if not self.broken:
            with suppress(TriviumError, driver.DatabaseError):
                self._run("ROLLBACK")

    def primary_key(self, table: str) -> tuple[str, ...]:
        if table not in self._keys:
            found = self.execute(KEY_COLUMNS, [table])
            self._keys[table] = tuple(row["attname"] for row in found)
        return self._keys[table]

    def prepare(self) -> int:
        schema = self.address.schema
        known = self.execute("SELECT to_regnamespace(?), to_regclass('catalog_schema')", [schema]).fetchone()
        if known[1] is None:
            # Even when there is the schema, making one takes a right that a user who was given it may not have.
            make_schema = f"CREATE SCHEMA IF NOT EXISTS {schema}; " if known[0] is None else ""
            # Two processes that make one schema at once would both fail: so the second one waits.
            self._run(
                f"BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('trivium {schema}', 0)); {make_schema}"
                "CREATE TABLE IF NOT EXISTS catalog_schema (number BIGINT NOT NULL); "
                "INSERT INTO catalog_schema SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM catalog_schema); COMMIT"
            )
        return int(self.execute("SELECT number FROM catalog_schema").fetchone()[0])

    def migrate(self, number: int, statements: Sequence[str]) -> None:
        self._run("SET LOCAL statement_timeout = 0")
        for statement in statements:
            # The order of texts has to be SQLite's, and stay what it is when the system's locales change.
            self._run(TEXT_TYPE.sub('TEXT COLLATE "C"', statement))
        self._run(f"UPDATE catalog_schema SET number = {number}")

    def back_up(self, number: int, moment: datetime) -> None:
        """Nothing: the upgrade is one transaction, and back-ups are the server's."""

    def scrub(self) -> None:
        tables = self.execute("SELECT tablename FROM pg_tables WHERE schemaname = ?", [self.address.schema]).fetchall()
        self._run("SET statement_timeout = 0")
        for table in tables:
            self._run(f'VACUUM FULL {self.address.schema}."{table["tablename"]}"')
        self._run(f"SET statement_timeout = {int(2000 * self.patience)}")

    def close(self) -> None:
        self.broken = True
        with suppress(driver.Error, OSError):
            self._connection.close()

    def _prepare(self, statement: str) -> driver.PreparedStatement:
        prepared = self._prepared.get(statement)
        if prepared is None:
            prepared = self._prepared[statement] = self._asked(lambda: self._connection.prepare(statement))
            if len(self._prepared) > STATEMENTS_KEPT:
                _, oldest = self._prepared.popitem(last=False)
                self._asked(oldest.close)
        self._prepared.move_to_end(statement)
        return prepared

    def _run(self, statements: str) -> list[list[Any]]:
        return self._asked(lambda: self._connection.run(statements)) or []

    def _asked(self, question: Callable[[], T]) -> T:
        """The answer; a connection without one is not used again."""
        if self.broken:
            raise self._lost("connection closed")
        whole = False
        try:
            with told(self.address, self.patience):
                answer = question()
            whole = True
            return answer
        except UnicodeEncodeError:
            whole = True  # refused before anything was sent
            raise
        except (driver.DatabaseError, TriviumError):
            whole = self._failed = True
            raise
        except (driver.InterfaceError, OSError) as error:
            raise self._lost(error) from error
        finally:
            if not whole:
                self.close()

    def _lost(self, cause: object) -> StoreUnreachable:
        return StoreUnreachable(
            f"The connection to {self.address} was lost ({cause}); nothing of an open transaction was stored. Make "
            "sure that the server runs, and repeat the act."
        )


def connect(address: PostgresAddress, patience: float) -> driver.Connection:
    """A connection to this database. Raises StoreUnreachable, or Misuse when the server refuses user or database."""
    try:
        channel = open_socket(address)
        # Longer than the server takes to give up: only one that vanished without a word is not waited for any more.
        channel.settimeout(3 * patience + CONNECT_SECONDS)
        return driver.Connection(
            address.user, host=address.host, port=address.port, database=address.database, password=address.password,
            sock=channel, ssl_context=ssl_context(address), application_name="trivium",
        )  # fmt: skip
    except (driver.Error, OSError) as error:
        refusal = _find_refusal(error)
        if refusal is None:
            raise StoreUnreachable(
                f"{address} does not answer ({error}). Make sure that the server runs there, and that `store` is right."
            ) from error
        if code_of(refusal) in FULL_HOUSE:
            raise StoreBusy(
                f"{address} takes no more connections: {message_of(refusal)}. Wait, and repeat it."
            ) from None
        raise Misuse(
            f"{address} refuses the connection: {message_of(refusal)}. Check user, password (PGPASSWORD) and database."
        ) from None


def _find_refusal(error: BaseException | None) -> driver.DatabaseError | None:
    """What the server said, also when saying goodbye to it failed afterwards and hid it."""
    while error is not None and not isinstance(error, driver.DatabaseError):
        error = error.__context__
    return error


def open_socket(address: PostgresAddress) -> socket.socket:
    """A connected socket: TCP, or Unix when the host is a folder."""
    if not address.host.startswith("/"):
        return socket.create_connection((address.host, address.port), CONNECT_SECONDS)
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        channel.connect(f"{address.host}/.s.PGSQL.{address.port}")
    except BaseException:
        channel.close()
        raise
    return channel


def ssl_context(address: PostgresAddress) -> ssl.SSLContext | bool | None:
    """How the driver encrypts: False never, None when the server can, True always, a context with its certificate."""
    if address.encryption == "disable" or address.host.startswith("/"):
        return False
    if address.encryption == "verify-full":
        return ssl.create_default_context()
    return True if address.encryption == "require" else None


@contextmanager
def told(address: PostgresAddress, patience: float) -> Iterator[None]:
    """Errors of the server that a person can do something about say what."""
    try:
        yield
    except driver.DatabaseError as error:
        code, message = code_of(error), message_of(error)
        if code in WAITED:
            raise StoreBusy(
                f"The catalog {address} was being written by others for {patience:g} seconds, so nothing of this was "
                f"stored ({message}). Repeat it; if it stays so, look for the transaction that stays open in "
                "pg_stat_activity."
            ) from error
        if code in CHANGED:
            raise TriviumError(
                f"The catalog {address} was upgraded while this process had it open ({message}). Start the process "
                "again with the newer Trivium."
            ) from error
        if code in REFUSED:
            raise TriviumError(
                f"{address} refused: {message}. Nothing of this was stored. Give the user the right to write "
                f"(CREATE SCHEMA {address.schema} AUTHORIZATION {address.user}), or the server room, and repeat it."
            ) from error
        raise


def code_of(error: driver.DatabaseError) -> str:
    """The SQLSTATE of an error (PostgreSQL documentation, appendix A)."""
    return str(_fields(error).get("C", ""))


def message_of(error: driver.DatabaseError) -> str:
    """What the server said."""
    return str(_fields(error).get("M", error))


def _fields(error: driver.DatabaseError) -> dict[str, str]:
    fields = error.args[0] if error.args else {}
    return fields if isinstance(fields, dict) else {"M": str(fields)}
