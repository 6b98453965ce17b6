"""Sends what happened since the last time, in order, and remembers how far it came: nothing is lost, repeats happen."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

import msgspec
from msgspec import Struct

from trivium.digest import digest_of
from trivium.errors import NotFound
from trivium.lineage.openlineage.message import Facets, Message
from trivium.lineage.openlineage.receiver import LARGEST, SECONDS, NotReceived, Receiver, open_receiver
from trivium.lineage.openlineage.translate import translate
from trivium.store.store import Store

PAGE = 200  # events between two looks at the position
WITHIN = 1_000_000  # a place is an event's number times this, and how many messages of the next event were sent
TICK_SECONDS = 5.0
WIDE = ("schema", "columnLineage")


class EmissionFailed(UserWarning):
    """Lineage could not be sent; it is tried again at the next tick."""


class Emission(Struct, frozen=True):
    """What was sent: messages, and the last event that is dealt with. `error` says what stopped it, "" for nothing.

    `more`: time ran out before the newest event.
    """

    messages: int
    position: int
    error: str = ""
    more: bool = False


def emit(
    store: Store, to: str, *, after: int | None = None, seconds: float | None = None, wait: float = SECONDS
) -> Emission:
    """Every event since the last time has been sent to `to` (a URL or a file), at least once, in order.

    after: begin behind this event instead (0: from the first). seconds: stop after so long, and go on the next time.
    wait: how long the receiver may take for one message. What the receiver says against it ends the sending and is
    told in the answer: the next call begins with the message that was not taken. Raises Misuse for an address that
    cannot be one.
    """
    reader = f"openlineage:{digest_of('receiver', to)[:32]}"
    place = store.catalog.lineage.position(reader) if after is None else after * WITHIN
    ends = None if seconds is None else time.monotonic() + seconds
    sending = Sending(store, to, wait, lambda: ends is not None and time.monotonic() >= ends, place)
    while True:
        before = sending.place
        sending.send_page()
        if sending.place > before:
            store.catalog.lineage.advance(reader, sending.place)
        if sending.error or sending.place == before or sending.is_over():
            more = not sending.error and bool(store.catalog.events.list_events(after=sending.position, limit=1))
            return Emission(sending.messages, sending.position, sending.error, more)


def emit_in_tick(store: Store) -> Emission | None:
    """What the settings ask for has been tried, for a few seconds; a failure is a warning and nothing worse."""
    if not store.settings.openlineage:
        return None
    try:
        emission = emit(store, store.settings.openlineage, seconds=TICK_SECONDS)
    except Exception as error:  # whatever it is, lineage is no reason for a worker to stop
        emission = Emission(0, 0, f"Lineage was not sent: {type(error).__name__}: {error}.")
    if emission.error:
        warnings.warn(f"{emission.error} It is tried again later.", EmissionFailed, stacklevel=2)
    return emission


@dataclass
class Sending:
    """One call of `emit`: how far it came."""

    store: Store
    to: str
    wait: float
    is_over: Callable[[], bool]
    place: int
    messages: int = 0
    error: str = ""

    @property
    def position(self) -> int:
        """The last event of which every message was sent."""
        return self.place // WITHIN

    def send_page(self) -> None:
        """The next events were sent, as far as the receiver and the time allow; a place counts when it is safe."""
        settings = self.store.settings
        try:
            opened = open_receiver(self.to, settings.root, key=settings.openlineage_key, seconds=self.wait)
            with closing(opened) as receiver:
                reached = self._send_to(receiver)
        except NotReceived as error:  # what was sent may not be there
            self.error = str(error)
        else:
            self.place = reached

    def _send_to(self, receiver: Receiver) -> int:
        """The place that was reached."""
        reached = self.place
        try:
            for place, message in self._next_messages():
                if message is not None:
                    receiver.send(encode(message))
                    self.messages += 1
                reached = place
                if self.is_over():
                    break
        except NotReceived as error:
            self.error = str(error)
        return reached

    def _next_messages(self) -> Iterator[tuple[int, Message | None]]:
        """Messages with the place that is reached when they are sent; (place, None) at the end of each event."""
        sent = self.place % WITHIN
        for event in self.store.catalog.events.list_events(after=self.position, limit=PAGE):
            try:
                for number, message in enumerate(islice(translate(self.store, event), sent, None), sent + 1):
                    yield (event.seq - 1) * WITHIN + number, message
            except NotFound:
                pass  # what the event tells of is not there any more, so nothing can be told of it
            sent = 0
            yield event.seq * WITHIN, None


def encode(message: Message) -> bytes:
    """The message as JSON; one that is too large for receivers goes without the columns of its datasets."""
    data = msgspec.json.encode(message)
    return data if len(data) <= LARGEST else msgspec.json.encode(without_columns(message))


def without_columns(message: Message) -> Message:
    """The message with its datasets, and nothing of what columns they have."""
    inputs = tuple(msgspec.structs.replace(part, facets=_narrow(part.facets)) for part in message.inputs)
    outputs = tuple(msgspec.structs.replace(part, facets=_narrow(part.facets)) for part in message.outputs)
    return msgspec.structs.replace(message, inputs=inputs, outputs=outputs)


def _narrow(facets: Facets) -> Facets:
    return {key: value for key, value in facets.items() if key not in WIDE}
