"""Files that nobody names: what killed or interrupted commits left behind."""

from __future__ import annotations

from datetime import timedelta

from trivium.store.store import Store

GRACE = timedelta(hours=24)  # a commit that is being staged has files that no version names yet


def find_orphans(store: Store, table: str, grace: timedelta = GRACE) -> dict[str, int]:
    """Files older than `grace` that no version and no commit in quarantine names, with their sizes."""
    young = store.clock() - grace
    # Listed before the names are asked for: a file that is committed in between is named then.
    old = {path: size for path, size, modified in store.lake.list_paths(table) if modified < young}
    named = store.catalog.retention.named_paths(table) if old else ()
    return {path: size for path, size in old.items() if path not in named}
