"""Where checkpoints are kept, and where the key is that signs them: both apart from the project."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path

from trivium.digest import digest_of
from trivium.settings import Settings, user_folder
from trivium.store.catalog.sql.postgres_address import parse_postgres_url

OFF = "off"
PLACE_LENGTH = 8


@dataclass(frozen=True)
class Places:
    """The files of one project's checkpoints, for one place of its catalog.

    There is one file for each project, place and key: a copy of a project goes on in a file of its own, and two people
    who share a catalog do not need to write into one file.
    """

    folder: Path
    project: str
    catalog: str

    @property
    def own(self) -> Path:
        """The folder of this project's files."""
        return self.folder / self.project

    def witness(self, key: str) -> Path:
        """The file in which this key keeps checkpoints of the catalog in this place."""
        return self.own / f"{key}.{place_mark(self.catalog)}.jsonl"

    def public_key(self, key: str) -> Path:
        """The file of a public key, beside what it signed."""
        return self.own / f"{key}.pub"

    def witnesses(self) -> list[Path]:
        """Every file with checkpoints of this project that is there, by name."""
        return sorted(self.own.glob("*.jsonl"))

    def is_here(self, witness: Path) -> bool:
        """Whether the file is about the catalog in this place, not about a copy of it or an earlier place."""
        return witness.stem.endswith(f".{place_mark(self.catalog)}")


def checkpoints_folder(settings: Settings) -> Path | None:
    """The folder in which checkpoints are kept, None when they are off."""
    if settings.checkpoints == OFF:
        return None
    if not settings.checkpoints:
        return user_folder("state") / "checkpoints"
    return (settings.root / Path(settings.checkpoints).expanduser()).resolve()


def key_place(settings: Settings) -> Path | str:
    """The file of the signing key, or its PEM text."""
    if settings.audit_key.lstrip().startswith("-----BEGIN"):
        return settings.audit_key
    if settings.audit_key:
        return settings.root / Path(settings.audit_key).expanduser()
    return user_folder("config") / "audit.key"


def catalog_place(settings: Settings) -> str:
    """Where the catalog is, without anybody's name or password."""
    if settings.store:
        address = parse_postgres_url(settings.store)
        return f"postgresql://{address.host}:{address.port}/{address.database}?schema={address.schema}"
    return str((settings.state / "catalog.db").resolve())


def place_mark(catalog: str) -> str:
    """A few hex digits that tell places of catalogs apart."""
    return digest_of("place", catalog)[:PLACE_LENGTH]


def host_name() -> str:
    """The name of this machine."""
    return platform.node()
