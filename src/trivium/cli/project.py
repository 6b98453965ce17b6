"""The project that a command is about."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import typer

from trivium.cli.flags import Flags
from trivium.errors import Misuse
from trivium.settings import Settings, is_project, load_settings
from trivium.store.audit.due import checkpoint_if_due
from trivium.store.store import Store, open_store, use_store


def open_project(context: typer.Context) -> Store:
    """The project's store, until the command ends. Raises Misuse in a folder that is no project, and makes nothing."""
    settings = find_settings(context)
    if not is_project(settings.root):
        raise Misuse(
            f"There is no project in {settings.root} or above it: run `trivium init` here, change to the project's "
            "folder, or name it with `trivium --root FOLDER`."
        )
    store = open_store(settings)
    context.call_on_close(partial(close_project, store, store.catalog.events.newest_number()))
    return context.with_resource(use_store(store))


def close_project(store: Store, newest: int) -> None:
    """The store is closed. If there were events after `newest`, the audit log has a checkpoint of the last hour."""
    try:
        checkpoint_if_due(store, since=newest)
    finally:
        store.close()


def find_settings(context: typer.Context) -> Settings:
    """The settings with the flags of this command line. Raises Misuse when `--root` is no folder."""
    flags = context.find_object(Flags) or Flags()
    environ = dict(os.environ)
    if flags.root is not None:
        environ["TRIVIUM_ROOT"] = str(checked_folder(flags.root))
    return load_settings(environ=environ, actor=flags.actor)


def checked_folder(folder: Path) -> Path:
    """The folder's full path. Raises Misuse when there is none."""
    if not folder.is_dir():
        raise Misuse(f"There is no folder {folder}.")
    return folder.resolve()
