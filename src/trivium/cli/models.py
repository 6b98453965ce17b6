"""`trivium models`: versions, gates, approvals, and which one is live."""

from __future__ import annotations

from trivium.cli.group import noun_app
from trivium.cli.model_acts import approve_version, judge_version, promote_version, roll_back, score_version
from trivium.cli.model_reads import diff_versions, list_models, show_card, show_model

app = noun_app("Model versions, their gates and approvals, and which one is live.")
app.command("list")(list_models)
app.command("show")(show_model)
app.command("score")(score_version)
app.command("gate")(judge_version)
app.command("approve")(approve_version)
app.command("promote")(promote_version)
app.command("rollback")(roll_back)
app.command("diff")(diff_versions)
app.command("card")(show_card)
