"""`trivium endpoints`: models behind doors, and how their traffic is divided."""

from __future__ import annotations

from trivium.cli.endpoint_reads import list_endpoints, list_verdicts, show_endpoint
from trivium.cli.group import noun_app

app = noun_app("Models behind doors, and how their traffic is divided.")
app.command("list")(list_endpoints)
app.command("show")(show_endpoint)
app.command("verdict")(list_verdicts)
