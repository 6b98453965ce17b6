"""The schema is the sum of numbered steps; a catalog has the sum of the first ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from trivium.clock import Clock
from trivium.errors import TriviumError
from trivium.failpoints import failpoint
from trivium.store.catalog.sql.session import Session

FOLDER = Path(__file__).parent / "migrations"
ONLY = "-- only: "


class Step(msgspec.Struct, frozen=True):
    """One step of the schema: a file of `migrations/`."""

    number: int
    script: str

    def statements(self, kind: str) -> list[str]:
        """The step's statements for this kind of database; each ends with a semicolon at the end of a line.

        One that begins with a line `-- only: sqlite` is for that kind alone.
        """
        statements = (part.strip() for part in self.script.split(";\n"))
        others = (each for each in statements if each)
        return [each for each in others if not each.startswith(ONLY) or each.startswith(ONLY + kind)]


def migrations() -> Sequence[Step]:
    """All steps, in order."""
    return [Step(int(file.name.split("_")[0]), file.read_text("utf-8")) for file in sorted(FOLDER.glob("*.sql"))]


def migrate(session: Session, steps: Sequence[Step], clock: Clock) -> None:
    """The catalog has the schema of these steps: all that were missing, or none. It was backed up before.

    Raises TriviumError for a catalog of a newer Trivium.
    """
    newest = steps[-1].number
    if _checked(session.prepare(), newest, session.place) == newest:
        return
    done = _checked(session.begin(), newest, session.place)  # another process may have been faster
    try:
        if 0 < done < newest:
            session.back_up(done, clock())
            failpoint("migration:backed_up")
        for step in steps[done:]:
            session.migrate(step.number, step.statements(session.kind))
            failpoint("migration:step")
        session.commit()
    except BaseException:
        session.rollback()
        raise
    failpoint("migration:committed")


def _checked(done: int, newest: int, place: str) -> int:
    if done > newest:
        raise TriviumError(f"The catalog {place} was written by a newer Trivium (schema {done}); upgrade this one.")
    return done
