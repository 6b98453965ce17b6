"""Storage in an object store that speaks S3's protocol."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from trivium.digest import digest_bytes, digest_file
from trivium.errors import CorruptObject, MissingExtra, Misuse, NotFound, StorageUnavailable, VersionConflict
from trivium.store.disk_errors import tell_disk_errors
from trivium.store.object_address import ObjectAddress
from trivium.store.object_copies import ObjectCopies
from trivium.store.storage import Places, Stat, StoredFile, Wanted, changed, checked_file_name, gone

TOGETHER = 16
PIECE_BYTES = 32 << 20
SINGLE_PUT_BYTES = 64 << 20
FETCHED_BYTES = 256 << 20
LISTED_FROM = 32
RETRIES = 4
ROLE_REQUEST = "latest/api/token"  # what is asked of the machine when there are no keys


class ObjectStorage:
    """Objects below a prefix. A put is acknowledged when the store has it; local copies are compared with the digest.

    A request is tried five times within two minutes, with growing pauses.
    """

    def __init__(self, address: ObjectAddress, copies: ObjectCopies) -> None:
        self._address = address
        self._copies = copies
        self._obstore = _import_obstore()
        self._bucket = _open_bucket(address)

    @property
    def folder(self) -> Path:
        """Where the copies are."""
        return self._copies.folder

    @property
    def syncs(self) -> bool:
        """No: the store has what is put, and copies can be fetched again."""
        return False

    def put(self, name: str, data: bytes | memoryview, *, derived: bool = False) -> str:
        """See Storage."""
        checked_file_name(name)
        with self._told(name):
            try:
                done = self._obstore.put(self._bucket, name, data, mode="create", use_multipart=False)
            except self._obstore.exceptions.AlreadyExistsError:
                # Also when the answer to a first try was lost and the second finds the work done.
                return self._same(name, digest_bytes(data))
        return str(done["e_tag"])

    def put_file(self, name: str, write: Callable[[Path], None], *, digest: str = "") -> str:
        """See Storage. A file over 64 MiB goes up in parts."""
        checked_file_name(name)
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".put-", dir=self.folder) as aside:
            file = Path(aside) / "file"
            with tell_disk_errors(file):
                write(file)
            return (
                self._put_parts(name, file)
                if file.stat().st_size > SINGLE_PUT_BYTES
                else self.put(name, file.read_bytes())
            )

    def get(self, name: str) -> bytes:
        """See Storage."""
        return b"".join(self.pieces(checked_file_name(name)))

    def digest(self, name: str) -> str:
        """See Storage."""
        found = hashlib.sha256()
        for piece in self.pieces(checked_file_name(name)):
            found.update(piece)
        return found.hexdigest()

    def stat(self, name: str) -> Stat | None:
        """See Storage."""
        checked_file_name(name)
        with self._told(name):
            try:
                found = self._obstore.head(self._bucket, name)
            except FileNotFoundError:
                return None
        return Stat(found["size"], str(found["e_tag"]))

    def path(self, name: str) -> Path:
        """See Storage."""
        return self.folder / checked_file_name(name)

    def local_paths(self, files: Sequence[Wanted]) -> list[str]:
        """See Storage. Missing copies are fetched, sixteen at once."""
        paths = {file.name: self._copies.find(checked_file_name(file.name), file.digest) for file in files}
        absent = {file.name: file for file in files if paths[file.name] is None}
        if absent:
            with ThreadPoolExecutor(min(TOGETHER, len(absent))) as threads:
                paths |= zip(absent, threads.map(self._fetch, absent.values()), strict=True)
        return [path for file in files if (path := paths[file.name]) is not None]

    def places(self, files: Sequence[Wanted]) -> Places:
        """See Storage. Copies, unless more than 256 MiB would have to be fetched: then engines read what they need."""
        absent = [file for file in files if self._copies.find(checked_file_name(file.name), file.digest) is None]
        if sum(file.bytes for file in absent) <= FETCHED_BYTES:
            return Places(self.local_paths(files))
        self._check_stamps(files)
        return Places([f"{self._address.url}/{file.name}" for file in files], self._scan_options())

    def list_files(self, prefix: str = "") -> Iterator[StoredFile]:
        """See Storage."""
        if prefix:
            checked_file_name(prefix)
        with self._told(prefix):
            for page in self._obstore.list(self._bucket, prefix=prefix or None, chunk_size=1000):
                for found in page:
                    yield StoredFile(found["path"], found["size"], found["last_modified"])

    def delete(self, name: str) -> None:
        """See Storage."""
        checked_file_name(name)
        with self._told(name), suppress(FileNotFoundError):
            self._obstore.delete(self._bucket, name)
        self._copies.drop(name)

    def _same(self, name: str, digest: str) -> str:
        if self.digest(name) != digest:
            raise VersionConflict(f"{name} is there with other bytes in {self._address.shown}; nothing is replaced.")
        stat = self.stat(name)
        return "" if stat is None else stat.stamp

    def _put_parts(self, name: str, file: Path) -> str:
        # An upload in parts cannot be refused when the name is taken: names are unique, or made of the bytes' digest.
        if self.stat(name) is not None:
            return self._same(name, digest_file(file))
        with self._told(name):
            done = self._obstore.put(self._bucket, name, file, chunk_size=PIECE_BYTES // 2, max_concurrency=4)
        return str(done["e_tag"])

    def _fetch(self, file: Wanted) -> str:
        try:
            return self._copies.add(file.name, file.digest, lambda aside: self._download(file.name, aside))
        except CorruptObject:
            raise CorruptObject(changed(file.name, self._address.shown)) from None

    def _download(self, name: str, aside: Path) -> None:
        with aside.open("wb") as opened:
            for piece in self.pieces(name):
                opened.write(piece)

    def pieces(self, name: str) -> Iterator[bytes]:
        """The bytes of an object, 32 MiB at a time. Raises NotFound, StorageUnavailable."""
        # Each piece is a request of its own, so that a large object does not run into the time limit of one.
        with self._told(name):
            first = self._obstore.get(self._bucket, name)
            size = first.meta["size"]
            if size <= PIECE_BYTES:
                yield bytes(first.bytes())
                return
            for start in range(0, size, PIECE_BYTES):
                length = min(PIECE_BYTES, size - start)
                yield bytes(self._obstore.get_range(self._bucket, name, start=start, length=length))

    def _check_stamps(self, files: Sequence[Wanted]) -> None:
        stamps = self._stamps(files)
        for file in files:
            if file.name not in stamps:
                raise NotFound(gone(file.name, self._address.shown))
        self.local_paths([file for file in files if stamps[file.name] != file.stamp])

    def _stamps(self, files: Sequence[Wanted]) -> dict[str, str]:
        if len(files) < LISTED_FROM:
            with ThreadPoolExecutor(TOGETHER) as threads:
                found = zip(files, threads.map(lambda file: self.stat(file.name), files), strict=True)
                return {file.name: stat.stamp for file, stat in found if stat is not None}
        stamps: dict[str, str] = {}
        for folder in {file.name.partition("/")[0] for file in files}:
            with self._told(folder):
                for page in self._obstore.list(self._bucket, prefix=folder, chunk_size=1000):
                    stamps |= {found["path"]: str(found["e_tag"]) for found in page}
        return stamps

    def _scan_options(self) -> dict[str, str]:
        allow = {"allow_http": "true"} if self._address.allow_http else {}
        return {f"aws_{name}": value for name, value in (self._address.options | allow).items()}

    @contextmanager
    def _told(self, name: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            self._refuse_absent_bucket(error)
            raise NotFound(gone(name, self._address.shown)) from None
        except self._obstore.exceptions.BaseError as error:
            self._refuse_absent_bucket(error)
            raise StorageUnavailable(self._story(name, error)) from None

    def _refuse_absent_bucket(self, error: Exception) -> None:
        if "NoSuchBucket" in str(error):
            raise Misuse(f"There is no bucket {self._address.bucket!r} for {self._address.shown}; make it.") from None

    def _story(self, name: str, error: Exception) -> str:
        errors, shown = self._obstore.exceptions, self._address.shown
        if isinstance(error, errors.PermissionDeniedError | errors.UnauthenticatedError):
            return f"{shown} refuses {name!r}: check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and what they may do."
        if ROLE_REQUEST in str(error):
            return f"No keys for {shown}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role."
        what = _first_line(error)
        return f"{shown} does not answer for {name!r}: {what}. Check address and network, and repeat the act."


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(" .")[:300]


def _import_obstore() -> Any:
    try:
        import obstore  # noqa: PLC0415 # optional
    except ModuleNotFoundError:
        raise MissingExtra("Storage in S3 needs the package 'obstore': pip install 'trivium[s3]'.") from None
    return obstore


def _open_bucket(address: ObjectAddress) -> Any:
    from obstore.store import S3Store  # noqa: PLC0415 # optional

    config: Any = address.options
    return S3Store(
        address.bucket,
        prefix=address.prefix or None,
        config=config,
        client_options={
            "allow_http": address.allow_http,
            "connect_timeout": timedelta(seconds=5),
            "timeout": timedelta(seconds=60),
        },
        retry_config={"max_retries": RETRIES, "retry_timeout": timedelta(seconds=120)},
    )
