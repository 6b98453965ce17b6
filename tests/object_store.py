"""A real S3 server on this machine, for the tests: moto's, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
SERVE = """
import logging, sys
from moto.server import ThreadedMotoServer
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""


@dataclass
class ObjectStore:
    """A running server. `endpoint` is its address, `buckets` counts those that were made."""

    endpoint: str
    process: subprocess.Popen[str]
    buckets: count[int]

    def new_bucket(self) -> str:
        """The URL of a prefix in a fresh bucket, as the setting `storage` takes it."""
        name = f"bucket-{next(self.buckets)}"
        self.request("PUT", f"/{name}")
        return f"s3://{name}/team/project?endpoint={self.endpoint}"

    def request(self, method: str, path: str, data: bytes | None = None) -> bytes:
        """The answer to a request that goes past our own code: what another program would do to the bucket."""
        headers = {
            "Authorization": "AWS4-HMAC-SHA256 Credential=test/20240101/us-east-1/s3/aws4_request",
            "Content-Type": "application/octet-stream",  # the server would take the default for a form
        }
        request = urllib.request.Request(self.endpoint + path, data=data, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return bytes(answer.read())

    def stop(self) -> None:
        """The server is gone; the next request finds nobody."""
        self.process.kill()
        self.process.communicate(timeout=20)


@contextmanager
def serve_objects() -> Iterator[ObjectStore]:
    """A server for the block. It ends with the block, and by itself when the test process is killed."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", SERVE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **KEYS},
    )
    assert process.stdout is not None
    server = ObjectStore(f"http://127.0.0.1:{int(process.stdout.readline())}", process, count(1))
    try:
        _await_answer(server)
        yield server
    finally:
        server.stop()


def _await_answer(server: ObjectStore) -> None:
    for _ in range(200):
        try:
            server.request("GET", "/moto-api/data.json")
            return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
    raise TimeoutError(f"the server at {server.endpoint} does not answer")
