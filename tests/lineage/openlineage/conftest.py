"""Receivers that really listen: one that takes everything, and some that do not."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


class Collector:
    """A server that answers each message with the next status of `answers` (then 201), and keeps what it took."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.taken: list[dict[str, Any]] = []
        self.heads: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.url = ""


@contextmanager
def listening(collector: Collector) -> Iterator[Collector]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 4096

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            collector.heads.append(dict(self.headers))
            collector.paths.append(self.path)
            status = collector.answers.pop(0) if collector.answers else 201
            if status < 300:
                collector.taken.append(json.loads(body))
            self.send_response(status)
            if status == 302:
                self.send_header("Location", f"{collector.url}/elsewhere")
            self.send_header("Content-Length", "4")
            self.end_headers()
            self.wfile.write(b"told")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # the name is the standard library's
            """Nothing on stderr."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        collector.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A collector that listens."""
    with listening(Collector()) as ready:
        yield ready


@pytest.fixture
def stubborn() -> Iterator[Callable[[bytes], str]]:
    """Makes a server that accepts a connection, sends these bytes again and again, slowly, and never ends."""
    sockets: list[socket.socket] = []
    over = threading.Event()

    def serve(listener: socket.socket, drip: bytes) -> None:
        try:
            connection, _ = listener.accept()
            sockets.append(connection)
            while not over.is_set():
                connection.sendall(drip)
                time.sleep(0.05)
        except OSError:
            return

    def start(drip: bytes) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        sockets.append(listener)
        threading.Thread(target=serve, args=(listener, drip), daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    over.set()
    for each in sockets:
        each.close()
