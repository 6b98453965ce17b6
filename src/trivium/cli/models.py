"""`trivium models`: versions, gates, approvals, and which one is live."""

from __future__ import annotations

from trivium.cli.group import noun_app
from trivium.cli.model_reads import list_models, show_model

app = noun_app("Model versions, their gates and approvals, and which one is live.")
app.command("list")(list_models)
app.command("show")(show_model)
