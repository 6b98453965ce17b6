"""What the catalog remembers of models."""

from __future__ import annotations

from typing import Protocol

from trivium.values.models import AliasChange, Approval, Evidence, Gate, ModelVersion


class Models(Protocol):
    """Model versions, gates, approvals and aliases.

    Guarantees: each method is one transaction. Versions count 1, 2, 3 and are never reused. Promotion checks gate and
    approvals in the same transaction that moves the alias, so two promotions at once cannot both slip through.
    """

    def register(self, draft: ModelVersion) -> ModelVersion:
        """The model has a next version. The same artifact and report under the same name is the same version."""

    def get_model(self, name: str, version: int | str | None = None) -> ModelVersion:
        """A version by number or alias (None: the newest). Raises NotFound."""

    def list_models(self) -> list[ModelVersion]:
        """The newest version of each model, by name."""

    def list_versions(self, name: str | None = None) -> list[ModelVersion]:
        """All versions of one model, newest first; None: of each model, by name."""

    def record_gate(self, gate: Gate, *, actor: str) -> None:
        """The gate's verdict is on record; the newest one counts."""

    def find_gate(self, name: str, version: int) -> Gate | None:
        """The newest gate verdict, or None."""

    def approve(self, approval: Approval) -> None:
        """The approval is on record. Raises ApprovalMissing when author and approver are the same person."""

    def list_approvals(self, name: str, version: int) -> list[Approval]:
        """Approvals of a version, oldest first."""

    def set_alias(self, change: AliasChange) -> ModelVersion:
        """The alias names this version (None takes it away); free for every alias but "champion"."""

    def promote(self, change: AliasChange, *, approvals: int) -> ModelVersion:
        """The alias names this version, when its gate passed and `approvals` people other than its author approved.

        An approval with the decision "overridden" stands in for a failed gate. Raises GateFailed, ApprovalMissing.
        """

    def list_alias_changes(self, name: str, alias: str | None = None) -> list[AliasChange]:
        """Who made which version live when, oldest first."""

    def record_evidence(self, evidence: Evidence) -> None:
        """A statement or measurement for the score is on record."""

    def list_evidence(self, name: str) -> list[Evidence]:
        """Evidence for a model's score, oldest first."""

    def set_score(self, name: str, version: int, score: float, *, actor: str) -> None:
        """The version shows this score."""
