"""The gateway's process: started once per project, found again, stopped by the id that it recorded."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
from msgspec import Struct

from trivium.errors import EndpointUnavailable
from trivium.serving.client import Client
from trivium.store.store import Store

READY_SECONDS = 60.0
STOP_SECONDS = 20.0


class Gateway(Struct, frozen=True):
    """A live gateway: where it answers, and its process."""

    url: str
    pid: int


def find_gateway(store: Store) -> Gateway | None:
    """The project's gateway, when it answers for this very project; else None."""
    address = store.settings.state / "gateway.json"
    try:
        known = msgspec.json.decode(address.read_bytes(), type=Gateway)
        client = Client(known.url, timeout=5)
        try:
            health = client.get("/health/live")
        finally:
            client.close()
    except (OSError, msgspec.DecodeError, EndpointUnavailable):
        return None
    ours = health.get("root") == str(store.settings.root) and health.get("pid") == known.pid
    return known if ours else None


def start_gateway(store: Store) -> Gateway:
    """A gateway answers for this project: the one that already runs, or a new one.

    Raises EndpointUnavailable with the end of its log when it does not come up.
    """
    running = find_gateway(store)
    if running is not None:
        return running
    place = store.settings.state / "gateway.log"
    with place.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 # our own interpreter and module
            [sys.executable, "-m", "trivium.serving.gateway", "--root", str(store.settings.root)],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise EndpointUnavailable(f"The gateway ended at once (status {process.returncode}):\n{log_tail(place)}")
        found = find_gateway(store)
        if found is not None and found.pid == process.pid:
            # The gateway outlives this process; nobody here waits for it.
            process.returncode = 0
            return found
        time.sleep(0.05)
    process.kill()
    process.wait()
    raise EndpointUnavailable(f"The gateway was not ready after {READY_SECONDS:.0f} s:\n{log_tail(place)}")


def stop_gateway(store: Store) -> bool:
    """The project's gateway has ended, with everything that it answered in closed journals; False: none ran."""
    running = find_gateway(store)
    if running is None:
        return False
    os.kill(running.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline:
        if not _is_alive(running.pid):
            (store.settings.state / "gateway.json").unlink(missing_ok=True)
            return True
        time.sleep(0.02)
    raise EndpointUnavailable(f"The gateway (process {running.pid}) did not stop within {STOP_SECONDS:.0f} s.")


def log_tail(path: Path) -> str:
    """The last lines of a log."""
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-12:])


def _is_alive(pid: int) -> bool:
    try:
        done, _ = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        done = 0
    if done:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
