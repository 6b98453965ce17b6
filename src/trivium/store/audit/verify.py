"""The examination of the audit log: its chain, the checkpoints kept apart from it, and whether the two agree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from trivium.store.audit.chain_faults import RESTORE, explain_chain
from trivium.store.audit.keys import Keys, collect_keys
from trivium.store.audit.places import Places, catalog_place, checkpoints_folder, host_name
from trivium.store.audit.walk import Walk, walk_log
from trivium.store.audit.witness_faults import MOMENT, Testimony
from trivium.store.audit.witness_file import SignedCheckpoint, find_last
from trivium.store.store import Store
from trivium.values.audit import AuditReport, Checkpoint, Fault, Proof, Witness

ON_PURPOSE = 'If an older back-up was restored on purpose, say so: `trivium audit checkpoint --anew "the reason"`.'


def verify_audit(store: Store, *, public_keys: Sequence[Path] = ()) -> AuditReport:
    """Every link of the chain is computed again, and the log compared with every checkpoint that is kept of it.

    public_keys: the only keys to believe (PEM files); by default one's own, else those beside the checkpoints. Memory
    does not grow with the log. Raises Misuse for a file that is no key.
    """
    places = find_places(store)
    keys = collect_keys(store.settings, places, public_keys)
    # Checkpoints first: what is added to the log meanwhile is then never missing from it.
    testimonies = [each.read() for each in _witnesses(store, places, keys)]
    counting = [signed.checkpoint for each in testimonies for signed in each.counting]
    walk = walk_log(store.catalog.events.read_stored(), wanted={each.seq for each in counting})
    compared = [fault for each in testimonies for fault in _compare(each, walk)]
    chain = explain_chain(walk, store.catalog.events.count(through=walk.newest))
    proof, through = weigh(counting, keys)
    return AuditReport(
        events=walk.newest,
        head=walk.head,
        checkpoints=len(counting),
        proof=proof,
        through=through,
        problems=(*chain, *compared, *(fault for each in testimonies for fault in each.faults)),
        notes=(*(note for each in testimonies for note in each.notes), *_notes(store, places, keys, counting)),
    )


def find_places(store: Store) -> Places | None:
    """The files of this project's checkpoints; None when they are off or there was never one."""
    folder, project = checkpoints_folder(store.settings), store.catalog.audit.find_project_id()
    return None if folder is None or project is None else Places(folder, project, catalog_place(store.settings))


def weigh(counting: Sequence[Checkpoint], keys: Keys) -> tuple[Proof, int]:
    """Whose word there is that the log is whole, and up to which event."""
    believed = [each.seq for each in counting if each.key in keys.trusted]
    if believed:
        return "trusted", max(believed)
    through = max((each.seq for each in counting), default=0)
    return ("beside" if counting and not keys.trusted else "none"), through if not keys.trusted else 0


def _witnesses(store: Store, places: Places | None, keys: Keys) -> Iterator[Testimony]:
    if places is None:
        return
    noted = {Path(each.file): each for each in _remembered(store, places)}
    for path in sorted({*places.witnesses(), *noted}):
        yield Testimony(path, places.project, keys, noted.get(path), places.is_here(path))


def _remembered(store: Store, places: Places) -> list[Witness]:
    """The witnesses whose files have to be in this folder, the oldest first."""
    found = [
        each
        for each in store.catalog.audit.list_witnesses()
        if Path(each.file).parent == places.own and (store.settings.checkpoints or each.host == host_name())
    ]
    return sorted(found, key=lambda each: (each.seq, each.at))


def _compare(testimony: Testimony, walk: Walk) -> Iterator[Fault]:
    """Where the log is not what the checkpoints say; one fault for each stretch of them."""
    held: Checkpoint | None = None
    failed: list[Checkpoint] = []
    for each in testimony.counting:
        said = each.checkpoint
        if walk.hashes.get(said.seq) == said.head:
            yield from _rewritten(testimony.path, held, failed)
            held, failed = said, []
        elif said.seq > walk.newest:
            yield from _rewritten(testimony.path, held, failed)
            yield _cut(testimony, walk)
            return
        else:
            failed.append(said)
    yield from _rewritten(testimony.path, held, failed)


def _rewritten(path: Path, held: Checkpoint | None, failed: Sequence[Checkpoint]) -> Iterator[Fault]:
    if not failed:
        return
    first = failed[0]
    since = f"after event {held.seq:,}" if held else "from the first event on"
    message = (
        f"The log was rewritten somewhere {since}, up to event {first.seq:,} at least: the checkpoint of "
        f"{first.at:{MOMENT}} in {path} has another hash for event {first.seq:,}."
    )
    yield Fault("rewrite", message, f"{RESTORE} {ON_PURPOSE}", held.seq + 1 if held else 1, first.seq)


def _cut(testimony: Testimony, walk: Walk) -> Fault:
    said = max((each.checkpoint for each in testimony.counting), key=lambda each: each.seq)
    message = (
        f"The end of the log was cut off: it ends with event {walk.newest:,}, and at {said.at:{MOMENT}} a checkpoint "
        f"in {testimony.path} was made of event {said.seq:,}, so at least {said.seq - walk.newest:,} are gone."
    )
    return Fault("cut tail", message, f"{RESTORE} {ON_PURPOSE}", walk.newest + 1, said.seq)


def _notes(store: Store, places: Places | None, keys: Keys, counting: Sequence[Checkpoint]) -> Iterator[str]:
    others = {each.key for each in counting} - set(keys.trusted)
    for key in sorted(others):
        yield (
            f"The public key {key} was found beside the checkpoints: that shows nothing against somebody who can write "
            "there. Ask its owner for it, and name it with `--public-key`."
        )
    if places is None:
        return
    if places.folder.is_relative_to(store.settings.root.resolve()):
        yield f"{places.folder} is inside of the project: whoever can rewrite the log can remove its checkpoints."
    yield from _elsewhere(store, places)
    yield from _replaced(places)


def _elsewhere(store: Store, places: Places) -> Iterator[str]:
    here = {(each.host, each.file) for each in _remembered(store, places)}
    for each in store.catalog.audit.list_witnesses():
        if (each.host, each.file) not in here:
            yield (
                f"Key {each.key} keeps checkpoints of this log on {each.host} in {each.file}, the last of event "
                f"{each.seq:,}; they were not looked at here."
            )


def _replaced(places: Places) -> Iterator[str]:
    """A log that stood here before, under another id: begun anew, or removed by somebody."""
    for path in sorted(places.folder.glob("*/*.jsonl")):
        if path.parent == places.own or not places.is_here(path):
            continue
        last: SignedCheckpoint | None = find_last(path)
        if last is not None and last.checkpoint.place == places.catalog:
            said = last.checkpoint
            yield (
                f"Until {said.at:{MOMENT}}, {places.catalog} held another log, of {said.seq:,} events ({path}). If "
                "nobody began this project anew, its log was replaced."
            )
