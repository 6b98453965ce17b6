"""What is known of a table's past: every fact of every partition, and how well it was predicted each time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Self

from trivium.checks.schema import known_types
from trivium.values.alerts import Profile


class History:
    """Profiles of published partitions, ready to judge the next one. `extended` gives another History."""

    def __init__(self, profiles: Sequence[Profile] = (), types: dict[str, str] | None = None) -> None:
        self.profiles = tuple(profiles)
        self.types = types or {}

    @classmethod
    def of_profiles(cls, profiles: Iterable[Profile]) -> Self:
        """The history that these partitions make, in their order."""
        history = cls()
        for profile in profiles:
            history = history.extended(profile)
        return history

    @property
    def newest(self) -> str:
        """Name of the newest partition, "" without one."""
        return max((profile.partition for profile in self.profiles), default="")

    def extended(self, profile: Profile) -> Self:
        """The history with one more partition, which replaces an older one of the same name."""
        others = [known for known in self.profiles if known.partition != profile.partition]
        return type(self)([*others, profile], known_types(profile, self.types))
