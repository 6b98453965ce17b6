"""What the catalog remembers of splits and of the models that were examined on them."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from trivium.values.models import ModelVersion
from trivium.values.splits import Examined, Split, SplitUse


class Splits(Protocol):
    """Splits and their versions, which runs worked with them, and how models did on them.

    Guarantees: each method is one transaction. Versions count 1, 2, 3 without gaps; their rules and rows never change.
    Two runs that make the first version of a split at once get the same one.
    """

    def keep(self, draft: Split, *, refresh: bool, use: SplitUse | None) -> Split:
        """The split has a version, which is returned, and the use, if any, is of it.

        Without `refresh` that is the newest one, if there is one. With it the draft is the next version, unless the
        newest has the same rule and rows. Its policy (`fresh`) is then the draft's. `use.version` does not matter.
        """

    def follow(self, draft: Split, *, use: SplitUse | None) -> Split:
        """As `keep`, of a split that moves with its data: the version with this rule and these rows, new or not."""

    def find_split(self, name: str, version: int | None = None) -> Split | None:
        """This version (None: the newest), or None."""

    def get_split(self, name: str, version: int | None = None) -> Split:
        """This version (None: the newest). Raises NotFound, naming the splits that there are."""

    def list_splits(
        self, *, name: str | None = None, before: tuple[datetime, str, int] | None = None, limit: int = 50
    ) -> list[Split]:
        """Versions, newest first; `before` is (created_at, name, version) of the last one already seen."""

    def list_newest(self) -> list[Split]:
        """The newest version of each split, by name."""

    def list_of_table(self, table: str) -> list[Split]:
        """Every version that came from this table, oldest first."""

    def list_by_exam(self, digest: str) -> list[Split]:
        """The versions whose exam has these rows, oldest first."""

    def record_use(self, use: SplitUse) -> None:
        """The task worked with this version; the first record of a task stays."""

    def find_use(self, run: str, node: str, name: str) -> SplitUse | None:
        """The version of this split that the task of the run worked with, or None."""

    def list_uses(self, name: str, version: int, *, limit: int = 200) -> list[SplitUse]:
        """The tasks that worked with this version, those of the newest runs first."""

    def record_examined(self, examined: Examined) -> None:
        """The model version was examined on these rows. Repeating it changes nothing."""

    def list_examined(
        self, digest: str, *, before: tuple[datetime, str, int] | None = None, limit: int = 50
    ) -> list[ModelVersion]:
        """The model versions that were examined on these rows, newest first, with their metrics on it.

        `before` is (registered_at, name, version) of the last one already seen.
        """
