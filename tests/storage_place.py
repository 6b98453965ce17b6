"""Where a storage under test is, and what another program may do to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.object_store import ObjectStore

from trivium.settings import load_settings
from trivium.store.storage import Storage
from trivium.store.storages import open_storage


@dataclass
class Place:
    """Where the storage under test is; `open` gives it as another process would, with a memory of its own."""

    kind: str
    setting: str
    project: Path
    server: ObjectStore | None = None

    def open(self, folder: str = "tables", *, project: str = "project") -> Storage:
        """The storage, for a project with its own local copies."""
        root = self.project / project
        settings = load_settings(root, environ={"TRIVIUM_ROOT": str(root)}, storage=self.setting, actor="ada")
        return open_storage(settings, folder)

    def meddle(self, name: str, change: Callable[[bytes], bytes | None], folder: str = "tables") -> None:
        """Another program changes the stored bytes, or deletes them when `change` gives None."""
        if self.server is None:
            path = Path(self.setting) / folder / name
            changed = change(path.read_bytes())
            path.unlink() if changed is None else path.write_bytes(changed)
            return
        url = urlsplit(self.setting)
        path_there = f"/{url.netloc}{url.path}/{folder}/{name}"
        changed = change(self.server.request("GET", path_there))
        self.server.request("DELETE" if changed is None else "PUT", path_there, changed)


def flip(data: bytes, place: int = 0) -> bytes:
    """The same with one bit changed."""
    changed = bytearray(data)
    changed[place] ^= 1
    return bytes(changed)
