"""Asking a gateway over HTTP, on one connection that is kept."""

from __future__ import annotations

import http.client
import os
from typing import Any
from urllib.parse import urlsplit

import msgspec

from trivium.errors import EndpointUnavailable, Misuse, NotFound, SchemaMismatch

TIMEOUT = 60.0
RAISED = {"not_found": NotFound, "schema_mismatch": SchemaMismatch, "bad_request": Misuse, "too_large": Misuse}


class Client:
    """One kept connection to one gateway. A connection that was cut is opened again, once per request."""

    def __init__(self, url: str, *, timeout: float = TIMEOUT) -> None:
        self.url = url
        self.process = os.getpid()
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)

    def post(self, path: str, value: Any) -> Any:
        """The JSON answer. Raises EndpointUnavailable when nobody answers, else the error that the answer names."""
        return self._ask("POST", path, msgspec.json.encode(value))

    def get(self, path: str) -> Any:
        """The JSON answer."""
        return self._ask("GET", path, None)

    def close(self) -> None:
        """The connection is closed."""
        self._connection.close()

    def _ask(self, verb: str, path: str, body: bytes | None) -> Any:
        try:
            try:
                return self._once(verb, path, body)
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                self._connection.close()
                return self._once(verb, path, body)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise EndpointUnavailable(f"The gateway at {self.url} does not answer: {error}.") from error

    def _once(self, verb: str, path: str, body: bytes | None) -> Any:
        self._connection.request(verb, path, body, {"Content-Type": "application/json"})
        response = self._connection.getresponse()
        data = response.read()
        try:
            answer = msgspec.json.decode(data)
        except msgspec.DecodeError:
            raise EndpointUnavailable(f"{self.url}{path} answered {response.status} without JSON.") from None
        if response.status >= 400:
            kind = RAISED.get(answer.get("error", ""), EndpointUnavailable)
            raise kind(str(answer.get("message", f"{self.url}{path} answered {response.status}.")))
        return answer
