"""`trivium tables`: versioned rows."""

from __future__ import annotations

from trivium.cli.group import noun_app
from trivium.cli.table_acts import export_rows, import_rows
from trivium.cli.table_backtest import backtest_table
from trivium.cli.table_changes import delete, erase, list_snapshots, rename, restore, snapshot, widen
from trivium.cli.table_checks import check_table, profile_table
from trivium.cli.table_label import label_rows
from trivium.cli.table_noise import show_noise
from trivium.cli.table_objectives import show_objectives
from trivium.cli.table_quarantine import discard_commit, release_commit, show_quarantine
from trivium.cli.table_reads import diff_table, list_tables, query, show_log, show_table
from trivium.cli.table_verify import verify

app = noun_app("Versioned rows, and what the checks say of them.")
app.command("list")(list_tables)
app.command("show")(show_table)
app.command("log")(show_log)
app.command("diff")(diff_table)
app.command("query")(query)
app.command("import")(import_rows)
app.command("export")(export_rows)
app.command("verify")(verify)
app.command("check")(check_table)
app.command("profile")(profile_table)
app.command("backtest")(backtest_table)
app.command("noise")(show_noise)
app.command("objectives")(show_objectives)
app.command("quarantine")(show_quarantine)
app.command("release")(release_commit)
app.command("discard")(discard_commit)
app.command("delete")(delete)
app.command("erase")(erase)
app.command("rename")(rename)
app.command("widen")(widen)
app.command("restore")(restore)
app.command("snapshot")(snapshot)
app.command("snapshots")(list_snapshots)
app.command("label")(label_rows)
