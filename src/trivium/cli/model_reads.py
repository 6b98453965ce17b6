"""The verbs of `trivium models` that change nothing."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import typer

from trivium.cli.flags import AsJson, OnlyStale
from trivium.cli.listing import print_facts, print_heading, print_list, print_table
from trivium.cli.project import open_project
from trivium.cli.staleness_view import name_inputs, print_staleness
from trivium.lineage.staleness import find_stale_models, model_staleness
from trivium.models.card import write_card
from trivium.models.diff import diff_models
from trivium.store.store import Store
from trivium.values.models import Gate, ModelVersion

Name = Annotated[str, typer.Argument(help="The model.")]
Version = Annotated[str | None, typer.Argument(help="A version's number or alias (default: the newest).")]
LIST = ("name", "version", "aliases", "score", "metrics", "stale", "author", "registered_at")
RESULTS = ("check", "passed", "observed", "expected", "message")


def list_models(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="Every version of this model (default: all models).")] = None,
    stale: OnlyStale = False,
    as_json: AsJson = False,
) -> None:
    """List every model version, newest first."""
    catalog = open_project(context).catalog
    versions = catalog.models.list_versions(name)
    found = find_stale_models(catalog, versions)
    rows = [{**model_row(each), "stale": found[each.name, each.version].inputs} for each in versions]
    rows = [row for row in rows if row["stale"] or not stale]
    empty = "No model is stale." if stale else "No models yet: a pipeline that ends in `tv.register` makes one."
    print_list(rows if as_json else name_inputs(rows), LIST, as_json=as_json, empty=empty)


def show_model(context: typer.Context, name: Name, version: Version = None, as_json: AsJson = False) -> None:
    """Show a model version: its inputs, metrics, gate and approvals."""
    store = open_project(context)
    model = store.catalog.models.get_model(name, version)
    facts = model_facts(store, model)
    print_facts(facts, as_json=as_json, leave_out=("signature", "gate", "approvals", "alias_changes", "stale"))
    if as_json:
        return
    print_staleness(facts["stale"])
    print_heading("inputs")
    print_table(facts["signature"], ("name", "type"))
    if facts["gate"]:
        print_heading(f"gate: {'passed' if facts['gate']['passed'] else 'failed'}")
        print_table(facts["gate"]["results"], RESULTS)
    if facts["approvals"]:
        print_heading("approvals")
        print_table(facts["approvals"], ("decision", "actor", "because", "decided_at"))


def diff_versions(
    context: typer.Context,
    name: Name,
    old: Annotated[str, typer.Argument(help="The version to start from: a number or an alias.")],
    new: Annotated[str | None, typer.Argument(help="The version to compare with (default: the newest).")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what differs between two versions: metrics by slice, parameters, inputs and columns."""
    diff = diff_models(open_project(context), name, old, new)
    facts: dict[str, Any] = msgspec.to_builtins(diff)
    print_facts(facts, as_json=as_json, leave_out=("metrics",))
    if not as_json:
        exam = "the same rows" if diff.same_exam else "each on its own rows"
        print_heading(f"metrics ({exam})")
        print_table(facts["metrics"], ("name", "slice", "before", "after", "delta"))


def show_card(context: typer.Context, name: Name, version: Version = None) -> None:
    """Show a version's card as Markdown: what it is for, how good it is, and where not."""
    typer.echo(write_card(open_project(context), name, version), nl=False)


def model_row(model: ModelVersion) -> dict[str, Any]:
    """A model version in a list."""
    row = msgspec.structs.asdict(model)
    row.pop("signature")
    return row


def model_facts(store: Store, model: ModelVersion) -> dict[str, Any]:
    """A model version in full."""
    models = store.catalog.models
    gate = models.find_gate(model.name, model.version)
    changes = [change for change in models.list_alias_changes(model.name) if change.version == model.version]
    return {
        **model_row(model),
        "stale": model_staleness(store.catalog, model).inputs,
        "signature": [msgspec.structs.asdict(column) for column in model.signature],
        "gate": None if gate is None else gate_facts(gate),
        "approvals": [msgspec.structs.asdict(each) for each in models.list_approvals(model.name, model.version)],
        "alias_changes": [msgspec.structs.asdict(change) for change in changes],
    }


def gate_facts(gate: Gate) -> dict[str, Any]:
    """A gate with its results as plain rows."""
    return {**msgspec.structs.asdict(gate), "results": [msgspec.structs.asdict(result) for result in gate.results]}
