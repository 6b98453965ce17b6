"""The verbs of `trivium models` that change nothing."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import typer

from trivium.cli.flags import AsJson
from trivium.cli.listing import print_facts, print_heading, print_list, print_table
from trivium.cli.project import open_project
from trivium.models.card import write_card
from trivium.models.diff import diff_models
from trivium.store.store import Store
from trivium.values.models import Gate, ModelVersion

Name = Annotated[str, typer.Argument(help="The model.")]
Version = Annotated[str | None, typer.Argument(help="A version's number or alias (default: the newest).")]
LIST = ("name", "version", "aliases", "score", "metrics", "author", "registered_at")
RESULTS = ("check", "passed", "observed", "expected", "message")


def list_models(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="Every version of this model (default: all models).")] = None,
    as_json: AsJson = False,
) -> None:
    """List every model version, newest first."""
    models = open_project(context).catalog.models
    names = [name] if name else [model.name for model in models.list_models()]
    rows = [model_row(version) for each in names for version in models.list_versions(each)]
    print_list(rows, LIST, as_json=as_json, empty="No models yet: a pipeline that ends in `tv.register` makes one.")


def show_model(context: typer.Context, name: Name, version: Version = None, as_json: AsJson = False) -> None:
    """Show a model version: its inputs, metrics, gate and approvals."""
    store = open_project(context)
    model = store.catalog.models.get_model(name, version)
    facts = model_facts(store, model)
    print_facts(facts, as_json=as_json, leave_out=("signature", "gate", "approvals", "alias_changes"))
    if as_json:
        return
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
        "signature": [msgspec.structs.asdict(column) for column in model.signature],
        "gate": None if gate is None else gate_facts(gate),
        "approvals": [msgspec.structs.asdict(each) for each in models.list_approvals(model.name, model.version)],
        "alias_changes": [msgspec.structs.asdict(change) for change in changes],
    }


def gate_facts(gate: Gate) -> dict[str, Any]:
    """A gate with its results as plain rows."""
    return {**msgspec.structs.asdict(gate), "results": [msgspec.structs.asdict(result) for result in gate.results]}
