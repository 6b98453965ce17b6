"""Which keys a reader believes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trivium.errors import Misuse
from trivium.settings import Settings
from trivium.store.audit.places import Places, key_place
from trivium.store.audit.signing import PublicKey, find_signing_key, read_public_key


@dataclass(frozen=True)
class Keys:
    """Keys by id. given: named by the reader, who then believes no others. own: of whoever examines.

    beside: keys that lay beside the checkpoints; they show who signed, and nothing against whoever can write there.
    """

    given: dict[str, PublicKey] = field(default_factory=dict)
    own: dict[str, PublicKey] = field(default_factory=dict)
    beside: dict[str, PublicKey] = field(default_factory=dict)

    @property
    def trusted(self) -> dict[str, PublicKey]:
        """Those whose signatures are proof."""
        return self.given or self.own

    def find(self, key: str) -> PublicKey | None:
        """The key with this id, the most trusted one first."""
        return self.trusted.get(key) or (None if self.given else self.beside.get(key))


def collect_keys(settings: Settings, places: Places | None, given: Sequence[Path]) -> Keys:
    """The keys of the reader, and those that lie beside the checkpoints. Raises Misuse for a file that is no key."""
    if given:
        return Keys(given=_by_id(read_public_key(path) for path in given))
    own = find_signing_key(key_place(settings))
    return Keys(own=_by_id([own.public] if own else []), beside=_by_id(_beside(places)))


def _beside(places: Places | None) -> list[PublicKey]:
    keys = []
    for path in sorted(places.own.glob("*.pub")) if places else []:
        try:
            keys.append(read_public_key(path))
        except Misuse:  # a file that is no key makes no signature valid, so it can be passed over
            continue
    return keys


def _by_id(keys: Iterable[PublicKey]) -> dict[str, PublicKey]:
    return {key.id: key for key in keys}
