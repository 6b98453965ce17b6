"""Models that learnt from rows which are no longer there."""

from __future__ import annotations

from collections.abc import Sequence

from trivium.store.store import Store
from trivium.values.alerts import Alert


def mark_retrain_due(store: Store, table: str, models: Sequence[tuple[str, int]], *, because: str) -> list[Alert]:
    """Each model has an open alert that it has to be trained again, and a trigger on `model.retrain_due` can act.

    A model that is marked already is not marked twice.
    """
    now = store.clock()
    alerts = [
        Alert(
            id=store.ids(), table=table, column=None, partition=f"{model}@{version}", check="retrain_due",
            kind="erasure", severity="warn", state="open",
            message=f"Model {model} version {version} was trained on rows of {table} that were erased: train it again, "
            "promote the new version, and delete this one.",
            evidence={"model": model, "version": version, "because": because}, commit=None, opened_at=now,
        )
        for model, version in models
    ]  # fmt: skip
    opened = store.catalog.alerts.record(alerts, resolved=(), because="", actor=store.actor)
    for alert in opened:
        detail = {"version": alert.evidence["version"], "table": table, "because": because}
        store.catalog.events.append("model.retrain_due", alert.evidence["model"], detail, actor=store.actor)
    return opened
