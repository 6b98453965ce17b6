"""Models over SQL."""

from __future__ import annotations

import msgspec

from trivium.errors import ApprovalMissing, GateFailed, Misuse, NotFound
from trivium.store.catalog.sql.database import Database, Transaction
from trivium.store.catalog.sql.rows import json_text
from trivium.values.models import AliasChange, Approval, Evidence, Gate, ModelVersion


class SqlModels:
    """Implements `Models`; see there for the guarantees."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def register(self, draft: ModelVersion) -> ModelVersion:
        with self.database.write() as tx:
            known = tx.one(
                ModelVersion,
                "SELECT * FROM model_versions WHERE name = ? AND artifact = ? AND report = ?",
                draft.name, draft.artifact, draft.report,
            )  # fmt: skip
            if known is not None:
                return known
            last = tx.execute("SELECT MAX(version) FROM model_versions WHERE name = ?", draft.name).fetchone()[0]
            registered = msgspec.structs.replace(draft, version=(last or 0) + 1)
            tx.insert("model_versions", registered)
            detail = {"version": registered.version, "artifact": draft.artifact, "run": draft.run}
            tx.event(draft.author, "model.registered", draft.name, detail)
        return registered

    def get_model(self, name: str, version: int | str | None = None) -> ModelVersion:
        return _get(self.database.read(), name, version)

    def list_models(self) -> list[ModelVersion]:
        return self.database.read().all(
            ModelVersion,
            "SELECT v.* FROM model_versions v JOIN (SELECT name, MAX(version) AS newest FROM model_versions "
            "GROUP BY name) n ON v.name = n.name AND v.version = n.newest ORDER BY v.name",
        )

    def list_versions(self, name: str | None = None) -> list[ModelVersion]:
        chosen, values = ("", ()) if name is None else (" WHERE name = ?", (name,))
        return self.database.read().all(
            ModelVersion, f"SELECT * FROM model_versions{chosen} ORDER BY name, version DESC", *values
        )

    def record_gate(self, gate: Gate, *, actor: str) -> None:
        with self.database.write() as tx:
            _get(tx, gate.model, gate.version)
            failed = [result.check for result in gate.results if not result.passed]
            verb = "model.gate_passed" if gate.passed else "model.gate_failed"
            detail = {"version": gate.version, "failed": failed, "against": gate.against}
            tx.record("gates", gate, tx.event(actor, verb, gate.model, detail))

    def find_gate(self, name: str, version: int) -> Gate | None:
        return _find_gate(self.database.read(), name, version)

    def approve(self, approval: Approval) -> None:
        with self.database.write() as tx:
            model = _get(tx, approval.model, approval.version)
            if approval.actor == model.author:
                raise ApprovalMissing(
                    f"{approval.actor} registered {model.name} version {model.version} and cannot approve it: "
                    "four eyes are needed. Ask somebody else."
                )
            detail = {"version": approval.version, "because": approval.because}
            event = tx.event(approval.actor, f"model.{approval.decision}", approval.model, detail)
            tx.record("approvals", approval, event)

    def list_approvals(self, name: str, version: int) -> list[Approval]:
        return _approvals(self.database.read(), name, version)

    def set_alias(self, change: AliasChange) -> ModelVersion:
        if change.alias == "champion":
            raise Misuse("The alias 'champion' moves by promotion only: use `trivium models promote`.")
        with self.database.write() as tx:
            return _move_alias(tx, change, "model.alias_set")

    def promote(self, change: AliasChange, *, approvals: int) -> ModelVersion:
        if change.version is None:
            raise Misuse("Promotion needs a version.")
        with self.database.write() as tx:
            model = _get(tx, change.model, change.version)
            given = [each for each in _approvals(tx, model.name, model.version) if each.actor != model.author]
            gate = _find_gate(tx, model.name, model.version)
            if not (gate is not None and gate.passed) and not any(each.decision == "overridden" for each in given):
                raise GateFailed(
                    f"The gate of {model.name} version {model.version} {_gate_story(gate)}; it is not promoted. "
                    f"`trivium models gate {model.name} {model.version}` shows every check."
                )
            people = len({each.actor for each in given})
            if people < approvals:
                raise ApprovalMissing(
                    f"{model.name} version {model.version} has {people} of {approvals} approvals by people other "
                    f"than its author {model.author}: `trivium models approve {model.name} {model.version}`."
                )
            return _move_alias(tx, change, "model.promoted")

    def list_alias_changes(self, name: str, alias: str | None = None) -> list[AliasChange]:
        return self.database.read().all(
            AliasChange,
            "SELECT * FROM alias_changes WHERE model = ? AND (CAST(? AS TEXT) IS NULL OR alias = ?) ORDER BY id",
            name, alias, alias,
        )  # fmt: skip

    def record_evidence(self, evidence: Evidence) -> None:
        with self.database.write() as tx:
            detail = {"test": evidence.test, "automated": evidence.automated, "statement": evidence.statement}
            tx.record("evidence", evidence, tx.event(evidence.actor, "model.evidence", evidence.model, detail))

    def list_evidence(self, name: str) -> list[Evidence]:
        return self.database.read().all(Evidence, "SELECT * FROM evidence WHERE model = ? ORDER BY id", name)

    def set_score(self, name: str, version: int, score: float, *, actor: str) -> None:
        with self.database.write() as tx:
            before = _get(tx, name, version).score
            if before != score:
                tx.execute("UPDATE model_versions SET score = ? WHERE name = ? AND version = ?", score, name, version)
                tx.event(actor, "model.scored", name, {"version": version, "score": score, "before": before})


def _get(tx: Transaction, name: str, version: int | str | None) -> ModelVersion:
    found: ModelVersion | None
    if version is None:
        found = tx.one(ModelVersion, "SELECT * FROM model_versions WHERE name = ? ORDER BY version DESC LIMIT 1", name)
    elif isinstance(version, str) and not version.isdigit():
        found = _aliased(tx, name, version)
    else:
        found = tx.one(ModelVersion, "SELECT * FROM model_versions WHERE name = ? AND version = ?", name, int(version))
    if found is None:
        what = f"model {name!r}" if version is None else f"version {version!r} of model {name!r}"
        raise NotFound(f"There is no {what}; `trivium models list` shows what there is.")
    return found


def _aliased(tx: Transaction, name: str, alias: str) -> ModelVersion | None:
    for model in tx.all(ModelVersion, "SELECT * FROM model_versions WHERE name = ? ORDER BY version DESC", name):
        if alias in model.aliases:
            return model
    return None


def _find_gate(tx: Transaction, name: str, version: int) -> Gate | None:
    return tx.one(Gate, "SELECT * FROM gates WHERE model = ? AND version = ? ORDER BY id DESC LIMIT 1", name, version)


def _approvals(tx: Transaction, name: str, version: int) -> list[Approval]:
    return tx.all(Approval, "SELECT * FROM approvals WHERE model = ? AND version = ? ORDER BY id", name, version)


def _gate_story(gate: Gate | None) -> str:
    if gate is None:
        return "was never judged"
    failed = [result.check for result in gate.results if not result.passed]
    return f"failed on {', '.join(failed)}"


def _move_alias(tx: Transaction, change: AliasChange, verb: str) -> ModelVersion:
    before = _aliased(tx, change.model, change.alias)
    if change.version is not None and before is not None and before.version == change.version:
        return before
    if before is not None:
        _set_aliases(tx, before, tuple(alias for alias in before.aliases if alias != change.alias))
    model = _get(tx, change.model, change.version if change.version is not None else None)
    if change.version is not None:
        model = _set_aliases(tx, model, (*model.aliases, change.alias))
    detail = {
        "alias": change.alias, "version": change.version, "because": change.because,
        "before": None if before is None else before.version,
    }  # fmt: skip
    tx.record("alias_changes", change, tx.event(change.actor, verb, change.model, detail))
    return model


def _set_aliases(tx: Transaction, model: ModelVersion, aliases: tuple[str, ...]) -> ModelVersion:
    tx.execute(
        "UPDATE model_versions SET aliases = ? WHERE name = ? AND version = ?",
        json_text(aliases), model.name, model.version,
    )  # fmt: skip
    return msgspec.structs.replace(model, aliases=aliases)
