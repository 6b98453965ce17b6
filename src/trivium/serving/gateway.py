"""The gateway: one process that answers for every endpoint of a project, on this machine only.

`python -m trivium.serving.gateway --root DIR` serves until it is told to stop, or the project's folder is gone.
"""

from __future__ import annotations

import argparse
import fcntl
import logging
import os
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from trivium.errors import EndpointUnavailable, Misuse, NotFound, SchemaMismatch, TriviumError
from trivium.ids import new_id
from trivium.serving.hall import Hall
from trivium.settings import load_settings
from trivium.store.store import Store, open_store, use_store

LOOPBACK = "127.0.0.1"
LARGEST_BODY = 8 * 1024 * 1024
log = logging.getLogger("trivium.gateway")


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a caller sends. `replay` asks that version without logging."""

    records: list[dict[str, Any]]
    request_ids: list[str] | None = None
    replay: int | None = None


class TooLarge(TriviumError):
    """The request is larger than 8 MiB; send fewer records at a time."""


STATUS: dict[type[TriviumError], tuple[int, str]] = {
    TooLarge: (413, "too_large"),
    NotFound: (404, "not_found"),
    SchemaMismatch: (422, "schema_mismatch"),
    Misuse: (400, "bad_request"),
}


def make_app(hall: Hall, root: Path) -> Starlette:
    """The routes over one hall."""
    touched = {"at": monotonic()}

    async def predict(request: Request) -> Response:
        touched["at"] = monotonic()
        question = read_question(await read_body(request))
        name = request.path_params["name"]
        if question.replay is not None:
            scores = await run_in_threadpool(hall.replay, name, question.replay, question.records)
            return as_json({"scores": scores})
        ids = question.request_ids or [new_id() for _ in question.records]
        answered = await run_in_threadpool(hall.ask, name, question.records, ids)
        return as_json({"answers": [
            {"request_id": each.request_id, "score": each.score, "version": each.version, "role": each.role,
             "features": each.features.split(",") if each.features else [],
             "alerts": each.alerts.split(",") if each.alerts else [], "stale": hall.list_stale(name, each.version)}
            for each in answered
        ]})  # fmt: skip

    async def rotate(request: Request) -> Response:
        name = request.path_params["name"]
        await run_in_threadpool(hall.rotate, name)
        return as_json({"open": hall.journals[name].open_segment})

    async def health(request: Request) -> Response:
        idle = monotonic() - touched["at"]
        return as_json({"status": "ok", "root": str(root), "pid": os.getpid(), "idle_seconds": round(idle, 1)})

    async def endpoints(request: Request) -> Response:
        return as_json({"endpoints": hall.describe(), "dropped_shadows": hall.dropped})

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        hall.start()
        yield
        await run_in_threadpool(hall.stop)

    return Starlette(
        routes=[
            Route("/endpoints/{name}/predict", guarded(predict), methods=["POST"]),
            Route("/endpoints/{name}/rotate", guarded(rotate), methods=["POST"]),
            Route("/endpoints", guarded(endpoints)),
            Route("/health/live", health),
            Route("/health/ready", health),
        ],
        lifespan=lifespan,
    )


def guarded(act: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """The same, with errors as JSON that says what to do and shows nothing of the inside."""

    async def answer(request: Request) -> Response:
        try:
            check_caller(request)
            return await act(request)
        except TriviumError as error:
            status, code = next((found for kind, found in STATUS.items() if isinstance(error, kind)), (503, "error"))
            return as_json({"error": code, "message": str(error)}, status)
        except Exception:
            log.exception("request failed")
            return as_json({"error": "internal", "message": "The gateway failed; its log says why."}, 500)

    return answer


def check_caller(request: Request) -> None:
    """Raises Misuse for what a web page could send unasked: another host's name, or a body that is not called JSON."""
    if request.url.hostname not in (LOOPBACK, "localhost"):
        raise Misuse(f"This gateway answers as {LOOPBACK} or localhost, not as {request.url.hostname!r}.")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method == "POST" and kind != "application/json":
        raise Misuse(f"The content type is {kind!r}; send JSON with the header Content-Type: application/json.")


async def read_body(request: Request) -> bytes:
    """The request's body. Raises TooLarge beyond the limit, without reading on."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST_BODY:
            raise TooLarge
    return bytes(body)


def read_question(body: bytes) -> Question:
    """The question of a body. Raises Misuse for anything else than the documented JSON."""
    try:
        question = msgspec.json.decode(body, type=Question)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Misuse(f'The body is JSON like {{"records": [{{...}}]}}; this is not: {error}') from None
    if not question.records:
        raise Misuse("There are no records to answer.")
    if question.request_ids is not None and len(question.request_ids) != len(question.records):
        raise Misuse(f"{len(question.records)} records came with {len(question.request_ids)} request ids.")
    return question


def as_json(value: Any, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(msgspec.json.encode(value), status, media_type="application/json")


def serve(store: Store, port: int) -> None:
    """Serves until told to stop; then everything that was answered is in closed journals.

    Raises EndpointUnavailable when another gateway serves the project: the lock ends with its process.
    """
    root = store.settings.root
    lock = (store.settings.state / "gateway.lock").open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise EndpointUnavailable(f"Another gateway serves {root} already; it is named in gateway.json.") from None
    # With the protocol named, asyncio sends small answers at once; without it each one waits 40 ms for a full packet.
    door = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    door.bind((LOOPBACK, port))
    url = f"http://{LOOPBACK}:{door.getsockname()[1]}"
    config = uvicorn.Config(make_app(Hall(store), root), http="httptools", log_level="warning", access_log=False)
    server = uvicorn.Server(config)
    threading.Thread(target=_leave_with_folder, args=(server, store.settings.state), daemon=True).start()
    address = store.settings.state / "gateway.json"
    address.write_bytes(msgspec.json.encode({"url": url, "pid": os.getpid()}))
    with use_store(store), lock:
        server.run(sockets=[door])


def _leave_with_folder(server: uvicorn.Server, folder: Path) -> None:
    gone = threading.Event()
    while not gone.wait(1.0):
        if not folder.is_dir():
            server.should_exit = True
            return


def main() -> None:
    """The command line of the gateway process."""
    parser = argparse.ArgumentParser(description="Serve the endpoints of a project on the loopback address.")
    parser.add_argument("--root", type=Path, required=True, help="the project's folder")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    given = parser.parse_args()
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    store = open_store(load_settings(given.root, environ={"TRIVIUM_ROOT": str(given.root)}, actor="gateway"))
    try:
        serve(store, given.port)
    finally:
        store.close()


if __name__ == "__main__":
    main()
