"""Making checkpoints: the head of the audit log, signed, and kept where whoever can rewrite the log cannot reach."""

from __future__ import annotations

from pathlib import Path

import msgspec

from trivium.errors import AuditBroken, Misuse
from trivium.failpoints import failpoint
from trivium.store.audit.places import OFF, Places, catalog_place, checkpoints_folder, host_name, key_place
from trivium.store.audit.signing import PublicKey, open_signing_key
from trivium.store.audit.witness_file import Appender, SignedCheckpoint, appending, find_last, read_lines, sign
from trivium.store.durable import write_durably
from trivium.store.store import Store
from trivium.values.audit import Checkpoint, Witness
from trivium.values.events import Event

MORE = "`trivium audit verify` says more."


def make_checkpoint(store: Store, *, anew: str = "") -> Checkpoint:
    """The log as it is now is signed, and the signature is on disk, apart from the project.

    anew: the reason why the log no longer holds what earlier checkpoints say (an old back-up was restored); it goes on
    record. Raises Misuse when nothing has happened yet or checkpoints are off; AuditBroken when the log does not hold
    what the last checkpoint says, or that one is gone; StorageFull, StorageUnavailable, StoreBusy.
    """
    places = open_places(store)
    key = open_signing_key(key_place(store.settings))
    if anew:
        store.catalog.events.append("audit.begun_anew", "audit", {"because": anew}, actor=store.actor)
    with appending(places.witness(key.public.id)) as file:
        _publish(places.public_key(key.public.id), key.public)
        last = find_last(file.path)
        if not anew:
            _check_goes_on(store, file.path, last)
        signed = sign(key, _describe(store, places, key.public.id, last, anew))
        failpoint("checkpoint:before_add")
        _add(store, file, signed)
    return signed.checkpoint


def open_places(store: Store) -> Places:
    """The files of this project's checkpoints. Raises Misuse when checkpoints are off."""
    folder = checkpoints_folder(store.settings)
    if folder is None:
        raise Misuse(f'Checkpoints are off: the setting `checkpoints` is "{OFF}". Name a folder there, or nothing.')
    return Places(folder, store.catalog.audit.project_id(), catalog_place(store.settings))


def _describe(store: Store, places: Places, key: str, last: SignedCheckpoint | None, anew: str) -> Checkpoint:
    head = _find_event(store)
    if head is None:
        raise Misuse("Nothing has happened in this project yet, so there is nothing to make a checkpoint of.")
    events = store.catalog.events.count(through=head.seq)
    if events != head.seq:
        raise AuditBroken(f"The log has {events:,} events up to the one with number {head.seq:,}; {MORE}")
    return Checkpoint(
        project=places.project,
        seq=head.seq,
        head=head.hash,
        events=events,
        at=store.clock(),
        key=key,
        previous=last.digest if last else "",
        place=places.catalog,
        anew=anew,
    )


def _add(store: Store, file: Appender, signed: SignedCheckpoint) -> None:
    file.add(signed)
    failpoint("checkpoint:added")
    said = signed.checkpoint
    store.catalog.audit.note_witness(Witness(str(file.path), host_name(), said.key, signed.digest, said.seq, said.at))


def _find_event(store: Store, seq: int | None = None) -> Event | None:
    """The event with this number, or the newest one."""
    events = store.catalog.events
    try:
        found = events.list_newest(limit=1) if seq is None else events.list_events(after=seq - 1, limit=1)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        which = "The newest event" if seq is None else f"Event {seq:,}"
        raise AuditBroken(f"{which} cannot be read ({error}); {MORE}") from None
    return next(iter(found), None)


def _check_goes_on(store: Store, path: Path, last: SignedCheckpoint | None) -> None:
    """The file still holds the checkpoint that the catalog remembers, and the log the event of the last one."""
    remembered = {(each.host, each.file): each for each in store.catalog.audit.list_witnesses()}
    noted = remembered.get((host_name(), str(path)))
    if noted and not _holds(path, last, noted.digest):
        raise AuditBroken(f"{path} does not hold the checkpoint of {noted.at:%Y-%m-%d %H:%M:%S UTC} any more; {MORE}")
    if last is None:
        return
    said = last.checkpoint
    event = _find_event(store, said.seq)
    if event is None or (event.seq, event.hash) != (said.seq, said.head):
        when = f"{said.at:%Y-%m-%d %H:%M:%S UTC}"
        raise AuditBroken(f"The log does not hold event {said.seq:,} as it was at the checkpoint of {when}; {MORE}")


def _holds(path: Path, last: SignedCheckpoint | None, digest: str) -> bool:
    if last is not None and last.digest == digest:
        return True
    return any(line.signed is not None and line.signed.digest == digest for line in read_lines(path))


def _publish(path: Path, key: PublicKey) -> None:
    if not path.exists():
        write_durably(path, lambda aside: _write(aside, key.pem))


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)
