"""`trivium endpoints`: models behind doors, and how their traffic is divided."""

from __future__ import annotations

from trivium.cli.endpoint_acts import deploy, judge_canary, roll_back, stop, traffic
from trivium.cli.endpoint_reads import list_endpoints, show_endpoint
from trivium.cli.group import noun_app

app = noun_app("Models behind doors, and how their traffic is divided.")
app.command("list")(list_endpoints)
app.command("show")(show_endpoint)
app.command("deploy")(deploy)
app.command("traffic")(traffic)
app.command("rollback")(roll_back)
app.command("verdict")(judge_canary)
app.command("stop")(stop)
