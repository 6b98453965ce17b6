"""What the catalog remembers of labelling: the questions, and who has which row before them."""

from __future__ import annotations

from typing import Protocol

from trivium.values.labels import Claim, LabelSpec


class Labelling(Protocol):
    """Questions about tables, and claims of rows. Guarantees: each method is one transaction.

    A row is never with more people at once than `claim` was allowed, however many ask. A claim ends by itself when its
    time is over, so a process that dies blocks nothing for longer.
    """

    def declare(self, spec: LabelSpec, *, actor: str) -> LabelSpec:
        """The question is on record. Repeating it changes nothing; a later one replaces it.

        Raises Misuse when an existing one is of another table or key.
        """

    def get_spec(self, name: str) -> LabelSpec:
        """The question of this table. Raises NotFound, naming those that there are."""

    def find_spec(self, name: str) -> LabelSpec | None:
        """The question of this table, or None."""

    def list_specs(self) -> list[LabelSpec]:
        """Every question, by table."""

    def claim(self, claim: Claim, *, places: int) -> Claim | None:
        """The row is with this annotator until `claim.until`, unless `places` others have it; None then.

        An annotator who has it already keeps the claim that there is, until the later moment.
        """

    def find_claim(self, table: str, row: str, annotator: str) -> Claim | None:
        """The claim in force, or None."""

    def release(self, table: str, row: str, annotator: str) -> None:
        """The annotator does not have the row any more."""

    def list_claims(self, table: str) -> list[Claim]:
        """The claims in force, oldest first."""
