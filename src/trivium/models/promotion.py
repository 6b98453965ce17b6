"""Approval, promotion and rollback: who made which version live, when and why."""

from __future__ import annotations

from datetime import datetime

from trivium.errors import Misuse, NotFound
from trivium.ids import checked_name
from trivium.store.store import Store
from trivium.values.models import AliasChange, Approval, ModelVersion

CHAMPION = "champion"


def approve(
    store: Store,
    name: str,
    version: int | str | None,
    *,
    because: str,
    actor: str | None = None,
    override: bool = False,
) -> Approval:
    """The approval is on record; with `override` it also stands in for a failed gate, and says so.

    Raises ApprovalMissing when the approver is the model's author, Misuse without a reason.
    """
    model = store.catalog.models.get_model(name, version)
    approval = Approval(
        model=name,
        version=model.version,
        decision="overridden" if override else "approved",
        actor=actor or store.actor,
        because=_reason(because, "approval"),
        decided_at=store.clock(),
    )
    store.catalog.models.approve(approval)
    return approval


def promote(
    store: Store,
    name: str,
    version: int | str | None,
    alias: str = CHAMPION,
    *,
    because: str,
    actor: str | None = None,
) -> ModelVersion:
    """The alias names this version. "champion" needs a passed gate and the project's number of approvals.

    Raises GateFailed, ApprovalMissing, NotFound.
    """
    model = store.catalog.models.get_model(name, version)
    change = _change(store, model, alias, _reason(because, "promotion"), actor)
    if alias == CHAMPION:
        return store.catalog.models.promote(change, approvals=store.settings.approvals)
    return store.catalog.models.set_alias(change)


def rollback(store: Store, name: str, because: str, *, actor: str | None = None) -> ModelVersion:
    """The champion before this one is champion again. Raises NotFound when there was none."""
    line = champion_line(store.catalog.models.list_alias_changes(name, CHAMPION))
    if len(line) < 2:
        live = f"version {line[0]} has no champion before it" if line else "no version was ever champion"
        raise NotFound(f"Model {name!r} cannot be rolled back: {live}.")
    reason = f"rollback from version {line[-1]}: {_reason(because, 'rollback')}"
    before = store.catalog.models.get_model(name, line[-2])
    # It was approved when it became champion; nothing new is asked of it now.
    return store.catalog.models.promote(_change(store, before, CHAMPION, reason, actor), approvals=0)


def champion_line(changes: list[AliasChange]) -> list[int]:
    """Versions by which the champion came about, the live one last; going back to one takes away those after it."""
    line: list[int] = []
    for change in changes:
        if change.version is None:
            line = []
        elif change.version in line:
            line = line[: line.index(change.version) + 1]
        else:
            line.append(change.version)
    return line


def find_live(store: Store, name: str, at: datetime, alias: str = CHAMPION) -> AliasChange | None:
    """The change by which a version was live at that time, with who and why; None when none was."""
    changes = [each for each in store.catalog.models.list_alias_changes(name, alias) if each.changed_at <= at]
    return changes[-1] if changes and changes[-1].version is not None else None


def _change(store: Store, model: ModelVersion, alias: str, because: str, actor: str | None) -> AliasChange:
    return AliasChange(
        model=model.name, alias=checked_name(alias, "alias"), version=model.version, actor=actor or store.actor,
        because=because, changed_at=store.clock(),
    )  # fmt: skip


def _reason(because: str, act: str) -> str:
    if not because.strip():
        raise Misuse(f"A {act} needs a reason: because=...")
    return because.strip()
