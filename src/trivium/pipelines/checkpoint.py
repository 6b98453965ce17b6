"""How far a task had come, kept while it runs, so that another attempt goes on from there."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from msgspec import Struct

from trivium.deferred import Deferred
from trivium.digest import digest_bytes
from trivium.errors import CorruptObject, Misuse, NotFound
from trivium.failpoints import failpoint
from trivium.pipelines.artifacts import decode, encode
from trivium.pipelines.redaction import Redaction
from trivium.pipelines.secret_guard import guarded
from trivium.store.blobs import Blobs
from trivium.store.storage import Storage
from trivium.store.storages import open_storage
from trivium.store.store import Store
from trivium.values.runs import ArtifactRef

if TYPE_CHECKING:
    import shutil
    import tempfile
else:
    shutil, tempfile = Deferred("shutil"), Deferred("tempfile")  # few tasks ask for a checkpoint

FOLDER = "training"
KEPT = 2
SEAL = re.compile(r"(?P<step>\d{12})-(?P<attempt>[^/]+)/seal-(?P<digest>[0-9a-f]{64})")
MOST_STEPS = 10**12


class Checkpoint(NamedTuple):
    """What was saved at a step: the value, or the path of a copy of the folder or file."""

    step: int
    value: Any


class Saved(Struct, frozen=True):
    """What a checkpoint holds: a value, bytes, or files by their paths in a folder ("" for a file alone)."""

    value: ArtifactRef | None = None
    bytes: str | None = None
    files: dict[str, str] | None = None


class Seal(NamedTuple):
    """The file that was written last, whose presence and digest say that a checkpoint is whole."""

    name: str
    folder: str
    step: int
    attempt: str
    digest: str


class Checkpoints:
    """Those of one task of one run, in the project's storage; all attempts and resumptions of it find them.

    The newest KEPT of this attempt, and of those before it, are kept; a damaged one is passed over. What is there is
    whole: its seal is written when everything else is on disk.
    """

    def __init__(
        self,
        store: Store,
        run: str,
        key: str,
        gang: str,
        redaction: Redaction,
        *,
        before: Callable[[], object] = lambda: None,
    ) -> None:
        """gang: what all workers of this attempt have in common; "" for one alone.

        before: called before anything is saved; what came before a checkpoint is not done again, so it has to be kept.
        """
        self._store = store
        self._before = before
        self._place = f"{FOLDER}/{run}/{key}"
        self._gang = gang
        self._redaction = redaction
        self._copies: list[Path] = []
        self.used = False

    @cached_property
    def _attempt(self) -> str:
        return self._gang or self._store.ids()

    def _open(self, folder: str = "") -> Storage:
        return open_storage(self._store.settings, f"{self._place}/{folder}".rstrip("/"))

    def save(self, value: Any, step: int) -> None:
        """Another attempt would go on from here. value: what a task can return, bytes, or the path of a file or folder.

        Raises UnsupportedValue for a value that cannot be stored, Misuse for a step that does not count from 0.
        """
        if not 0 <= step < MOST_STEPS:
            raise Misuse(f"step={step} of a checkpoint counts from 0.")
        self.used = True
        self._before()
        folder = f"{step:012}-{self._attempt}"
        storage = self._open(folder)
        saved = msgspec.json.encode(_put(value, guarded(Blobs(storage), self._redaction)))
        failpoint("checkpoint:sealing")
        storage.put(f"seal-{digest_bytes(saved)}", saved)
        self._prune()

    def latest(self) -> Checkpoint | None:
        """The newest one that was saved before this attempt began and is not damaged; the same for all its workers."""
        self.used = True
        for seal in self._seals():
            if seal.attempt != self._attempt:
                try:
                    return Checkpoint(seal.step, self._read(seal))
                except (NotFound, CorruptObject) as error:
                    sys.stderr.write(f"The checkpoint of step {seal.step} is passed over: {error}\n")
        return None

    def close(self) -> None:
        """The copies of folders that were read are gone."""
        for copy in self._copies:
            shutil.rmtree(copy, ignore_errors=True)

    def _seals(self) -> list[Seal]:
        """Newest first."""
        files = sorted(self._open().list_files(), key=lambda file: file.modified, reverse=True)
        found = [(file.name, match) for file in files if (match := SEAL.fullmatch(file.name))]
        seals = [
            Seal(name, name.rpartition("/")[0], int(match["step"]), match["attempt"], match["digest"])
            for name, match in found
        ]
        return sorted(seals, key=lambda seal: seal.step, reverse=True)

    def _read(self, seal: Seal) -> Any:
        data = self._open().get(seal.name)
        if digest_bytes(data) != seal.digest:
            raise CorruptObject("it was changed after it was written.")
        return self._load(msgspec.json.decode(data, type=Saved), Blobs(self._open(seal.folder)))

    def _load(self, saved: Saved, blobs: Blobs) -> Any:
        if saved.value is not None:
            return decode(saved.value, blobs)
        if saved.bytes is not None:
            return blobs.get(saved.bytes)
        copy = Path(tempfile.mkdtemp(prefix="trivium-checkpoint-"))
        self._copies.append(copy)
        for name, digest in (saved.files or {}).items():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(blobs.local_path(digest), copy / name)
        return copy

    def _prune(self) -> None:
        seals = self._seals()
        own = [seal.folder for seal in seals if seal.attempt == self._attempt][:KEPT]
        before = [seal.folder for seal in seals if seal.attempt != self._attempt][:KEPT]
        for seal in seals:
            if seal.folder not in (*own, *before):
                delete_all(self._open(seal.folder))


def forget_checkpoints(store: Store, run: str, key: str) -> None:
    """A task that has succeeded needs none of its checkpoints any more."""
    delete_all(open_storage(store.settings, f"{FOLDER}/{run}/{key}"))


def delete_all(storage: Storage) -> None:
    """Nothing is left in this storage; seals go first, so that what is left of a deletion counts as no checkpoint."""
    for file in sorted(storage.list_files(), key=lambda file: "seal-" not in file.name):
        storage.delete(file.name)
    if storage.folder.is_dir():
        shutil.rmtree(storage.folder, ignore_errors=True)


def _put(value: Any, blobs: Blobs) -> Saved:
    if isinstance(value, bytes):
        return Saved(bytes=blobs.put(value))
    if isinstance(value, Path):
        return Saved(files=dict(_put_files(value, blobs)))
    return Saved(value=encode(value, blobs, "A checkpoint"))


def _put_files(path: Path, blobs: Blobs) -> Iterator[tuple[str, str]]:
    if path.is_file():
        yield path.name, blobs.put_file(path)
        return
    if not path.is_dir():
        raise Misuse(f"{path} is to be saved as a checkpoint, but there is no such file or folder.")
    for file in sorted(path.rglob("*")):
        if file.is_file():
            yield file.relative_to(path).as_posix(), blobs.put_file(file)
