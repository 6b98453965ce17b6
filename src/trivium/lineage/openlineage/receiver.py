"""Who collects messages: a file, which gets a line each, or a server, which is asked once and never for long."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from threading import Event, Timer
from typing import Protocol
from urllib.parse import SplitResult, urlsplit

from trivium.errors import Misuse, TriviumError

SECONDS = 5.0
LARGEST = 1 << 20  # bytes of a message; receivers refuse large ones
API = "/api/v1/lineage"


class NotReceived(TriviumError):
    """The receiver of lineage did not take a message; it is sent again next time."""


class Receiver(Protocol):
    """Takes messages one by one."""

    def send(self, message: bytes) -> None:
        """The receiver has the message. Raises NotReceived."""

    def close(self) -> None:
        """What was sent is safe there; nothing more is to be sent."""


def open_receiver(to: str, root: Path, *, key: str = "", seconds: float = SECONDS) -> Receiver:
    """The receiver of this address: `http://...`, `https://...`, or a file (from `root` unless absolute).

    key: sent to a server as a bearer token. seconds: how long one message may take. Raises Misuse for another address.
    """
    address = urlsplit(to)
    if address.scheme in ("http", "https"):
        return HttpReceiver(address, key, seconds)
    if "://" in to or not to.strip():
        raise Misuse(f"{to!r} receives no lineage: give `http://...`, `https://...` or the path of a file.")
    return FileReceiver(root / to)


class FileReceiver:
    """Appends a line of JSON for each message, in one write, so that several may append at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("ab", buffering=0)
            self._torn = _is_torn(path)
        except OSError as error:
            raise self._failure(error) from None

    def send(self, message: bytes) -> None:
        line = (b"\n" if self._torn else b"") + message + b"\n"
        try:
            written = self._file.write(line)
        except OSError as error:
            raise self._failure(error) from None
        self._torn = written != len(line)
        if self._torn:
            raise NotReceived(f"Lineage cannot be written to {self._path}: only a part of a message fitted.")

    def close(self) -> None:
        try:
            with self._file:
                os.fsync(self._file.fileno())
        except OSError as error:
            raise self._failure(error) from None

    def _failure(self, error: OSError) -> NotReceived:
        return NotReceived(f"Lineage cannot be written to {self._path}: {error.strerror}.")


def _is_torn(path: Path) -> bool:
    """Whether the last line has no end: somebody died while writing it."""
    if not path.stat().st_size:
        return False
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"


class HttpReceiver:
    """Posts each message. A redirect is not followed: who sends it is not whom the settings name."""

    def __init__(self, address: SplitResult, key: str, seconds: float) -> None:
        kind = HTTPSConnection if address.scheme == "https" else HTTPConnection
        try:
            self._connection = kind(address.hostname or "", address.port, timeout=seconds)
        except ValueError as error:
            raise Misuse(f"The receiver of lineage {_shown(address)} is no address: {error}.") from None
        self._place = (address.path if address.path.strip("/") else API) + (
            f"?{address.query}" if address.query else ""
        )
        self._name = _shown(address)
        self._headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
        self._seconds = seconds

    def send(self, message: bytes) -> None:
        try:
            with self._deadline():
                self._connection.request("POST", self._place, message, self._headers)
                answer = self._connection.getresponse()
                told = answer.read(2000)
        except (OSError, HTTPException, ValueError) as error:
            self._connection.close()
            raise NotReceived(f"{self._name} does not take lineage: {_reason(error, self._seconds)}.") from None
        if not answer.isclosed():
            self._connection.close()  # more came than anybody needs
        if not 200 <= answer.status < 300:
            story = told.decode(errors="replace").strip()[:200]
            raise NotReceived(
                f"{self._name} refused lineage with status {answer.status}{f': {story}' if story else ''}."
            )

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def _deadline(self) -> Iterator[None]:
        """A server that sends a byte now and then is cut off in time as well; a socket's own timeout starts anew.

        Raises TimeoutError, also when what came before the cut looks like a whole answer.
        """
        late = Event()
        timer = Timer(self._seconds, self._cut, [late])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
        if late.is_set():
            raise TimeoutError

    def _cut(self, late: Event) -> None:
        late.set()
        with suppress(OSError, AttributeError):
            self._connection.sock.shutdown(socket.SHUT_RDWR)


def _shown(address: SplitResult) -> str:
    """The address without what may be secret in it."""
    port = f":{address.netloc.rpartition(':')[2]}" if address.netloc.rpartition("@")[2].count(":") else ""
    return f"{address.scheme}://{address.hostname or ''}{port}{address.path}"


def _reason(error: Exception, seconds: float) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {seconds:g} s"
    return str(error) or f"the connection was closed ({type(error).__name__})"
