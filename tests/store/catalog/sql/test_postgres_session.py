"""A connection breaks: nothing is lost, nothing is doubled, and what is unknown is said to be."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import Any

import pytest
from tests.postgres import SOCKET, ask

from trivium.clock import system_clock
from trivium.errors import Misuse, OutcomeUnknown, StoreBusy, StoreUnreachable, TriviumError
from trivium.store.catalog.sql.database import Database
from trivium.store.catalog.sql.marks import numbered
from trivium.store.catalog.sql.postgres_session import STATEMENTS_KEPT
from trivium.store.catalog.sql.session_opener import session_opener

BACKEND = "SELECT pg_backend_pid()"


class CuttingProxy:
    """A TCP server before a real one. When armed, it passes one COMMIT on and closes before its answer comes back."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.armed = self.cutting = False
        self._threads: list[threading.Thread] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self._start(self._accept)

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in self._threads:
            thread.join(10)

    def _start(self, act: Callable[..., None], *arguments: Any) -> None:
        self._threads.append(threading.Thread(target=act, args=arguments))
        self._threads[-1].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client = self.listener.accept()[0]
                server = socket.socket(socket.AF_UNIX)
                server.connect(f"{self.folder}/{SOCKET}")
                self._start(self._pass_on, client, server)
                self._start(self._pass_back, server, client)

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        with client, suppress(OSError):
            while data := client.recv(65536):
                self.cutting = self.armed and b"COMMIT" in data
                server.sendall(data)
            server.shutdown(socket.SHUT_RDWR)

    def _pass_back(self, server: socket.socket, client: socket.socket) -> None:
        with server, suppress(OSError):
            while (data := server.recv(65536)) and not self.cutting:
                client.sendall(data)
            self.armed = self.cutting = False
            client.shutdown(socket.SHUT_RDWR)


def open_database(url: str, **more: Any) -> Database:
    connect = session_opener(url, **{"durability": "fast", "patience": 10.0, **more})
    return Database(connect, clock=system_clock)


@pytest.fixture
def database(postgres_url: str) -> Iterator[Database]:
    with closing(open_database(postgres_url)) as opened:
        yield opened


@pytest.fixture
def end_backend(postgres_url: str) -> Callable[[Database], None]:
    """Ends the connection of this thread, as a restarting server does."""

    def end(database: Database) -> None:
        ask(postgres_url, f"SELECT pg_terminate_backend({database.read().execute(BACKEND).fetchone()[0]}, 5000)")

    return end


def note(database: Database, subject: str) -> None:
    with database.write() as tx:
        tx.event("ada", "drill.made", subject, {})


def subjects(database: Database) -> list[str]:
    return [row["subject"] for row in database.read().execute("SELECT subject FROM events ORDER BY seq")]


def test_a_connection_that_ended_while_idle_is_replaced_unnoticed(
    database: Database, end_backend: Callable[[Database], None]
) -> None:
    note(database, "before")
    end_backend(database)
    assert subjects(database) == ["before"]
    end_backend(database)
    note(database, "after")
    assert subjects(database) == ["before", "after"]


def test_a_connection_that_ends_inside_a_transaction_stores_nothing_of_it(
    database: Database, end_backend: Callable[[Database], None]
) -> None:
    def write_around_an_end() -> None:
        with database.write() as tx:
            tx.event("ada", "drill.made", "lost", {})
            end_backend(database)
            tx.event("ada", "drill.made", "lost too", {})

    with pytest.raises(StoreUnreachable, match=r"was lost .*nothing of an open transaction was stored.*repeat the act"):
        write_around_an_end()
    assert subjects(database) == []
    note(database, "again")
    assert subjects(database) == ["again"]


def test_a_connection_that_ends_at_the_commit_leaves_the_outcome_unknown(postgres_url: str) -> None:
    folder = postgres_url.partition("?host=")[2].partition("&")[0]
    schema = postgres_url.rpartition("=")[2]
    with closing(CuttingProxy(folder)) as proxy:
        url = f"postgresql://trivium@127.0.0.1:{proxy.port}/postgres?schema={schema}"
        with closing(open_database(url)) as database:
            note(database, "before")
            proxy.armed = True
            with pytest.raises(OutcomeUnknown, match=r"is unknown.*the same idempotency key, which stores it once"):
                note(database, "unknown")
            assert subjects(database) == ["before", "unknown"]  # this time it was stored, and writing goes on
            note(database, "after")
            assert subjects(database) == ["before", "unknown", "after"]


def test_a_transaction_of_which_a_statement_failed_is_not_committed(database: Database) -> None:
    def swallow() -> None:
        with database.write() as tx:
            tx.event("ada", "drill.made", "x", {})
            with suppress(Exception):
                tx.execute("SELECT 1 / 0")

    with pytest.raises(TriviumError, match="A statement of this transaction failed"):
        swallow()
    assert subjects(database) == []
    note(database, "again")
    assert subjects(database) == ["again"]


def test_an_interrupted_statement_leaves_no_answer_to_the_next_one(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = database.read().session
    monkeypatch.setattr(session._connection, "handle_messages", lambda context: 1 // 0)  # type: ignore[attr-defined]
    with pytest.raises(ZeroDivisionError):
        session.execute("SELECT 1")
    assert session.broken
    assert database.read().execute("SELECT 2").fetchone()[0] == 2


def test_a_statement_that_takes_too_long_is_ended(postgres_url: str) -> None:
    with closing(open_database(postgres_url, patience=0.2)) as database:
        with pytest.raises(StoreBusy, match="statement timeout"):
            database.read().execute("SELECT pg_sleep(30)")
        assert subjects(database) == []


def test_statements_are_prepared_once_and_only_so_many_are_kept(database: Database) -> None:
    for number in range(STATEMENTS_KEPT + 20):
        assert database.read().execute(f"SELECT {number} + CAST(? AS BIGINT)", 1).fetchone()[0] == number + 1
    prepared = database.read().execute("SELECT COUNT(*) FROM pg_prepared_statements").fetchone()[0]
    assert prepared == STATEMENTS_KEPT


def test_a_database_that_does_not_exist_is_told(postgres_server: str) -> None:
    with pytest.raises(Misuse, match=r'database "nowhere" does not exist. Check user, password .PGPASSWORD. and'):
        open_database(postgres_server.replace("/postgres?", "/nowhere?"))


def test_a_user_without_rights_is_told_what_to_grant(postgres_url: str, postgres_server: str) -> None:
    user = f"reader_{postgres_url.rpartition('_')[2]}"
    ask(postgres_server, f"CREATE ROLE {user} LOGIN")
    url = re.sub("//[a-z]+@", f"//{user}@", postgres_url)
    with pytest.raises(TriviumError, match=rf"permission denied.*CREATE SCHEMA test_\w+ AUTHORIZATION {user}"):
        open_database(url)
    ask(postgres_server, f"CREATE SCHEMA {postgres_url.rpartition('=')[2]} AUTHORIZATION {user}")
    with closing(open_database(url)) as database:
        note(database, "granted")
        assert subjects(database) == ["granted"]
    ask(postgres_server, f"DROP OWNED BY {user}", f"DROP ROLE {user}")


@pytest.mark.parametrize(
    ("statement", "written"),
    [
        ("SELECT ?, ?", "SELECT $1, $2"),
        ("SELECT '?', \"a?\", ?, 'it''s ?'", "SELECT '?', \"a?\", $1, 'it''s ?'"),
        ("SELECT 1", "SELECT 1"),
    ],
)
def test_marks_are_numbered_outside_of_quotes(statement: str, written: str) -> None:
    assert numbered(statement) == written
