"""What a person means by a name: `flights`, `flights@3`, `flights.distance`, `model:late@champion`, a run, a digest."""

from __future__ import annotations

import re
from typing import get_args

from trivium.errors import Misuse, NotFound
from trivium.store.catalog import Catalog
from trivium.values.lineage import Node, NodeKind

SPELLING = re.compile(
    r"(?:(?P<kind>[a-z]+):)?(?P<name>[a-z0-9][a-z0-9_-]*)(?:@(?P<version>[a-z0-9_-]+))?(?:\.(?P<column>.+))?", re.DOTALL
)
DIGEST = re.compile(r"[0-9a-f]{64}")


def find_thing(catalog: Catalog, text: str) -> Node:
    """The node of this text. A kind in front (`table:`, `run:`, `blob:`, `model:`, `endpoint:`) settles what is meant.

    Raises NotFound, and Misuse when the text can mean several things or none.
    """
    spelt = SPELLING.fullmatch(text.strip())
    kind = spelt["kind"] if spelt else None
    if spelt is None or (kind is not None and kind not in get_args(NodeKind)):
        raise Misuse(
            f"{text!r} names nothing: write `flights`, `flights@3`, `flights.distance`, `model:late@2`, "
            "`endpoint:late`, `run:ID` or `blob:DIGEST`."
        )
    kinds: tuple[NodeKind, ...] = get_args(NodeKind) if kind is None else (kind,)
    found = [node for each in kinds if (node := _find(catalog, each, spelt)) is not None]
    if not found:
        if kind == "table":
            catalog.tables.get_spec(spelt["name"])  # its error says which tables there are
        raise NotFound(
            f"There is no {kind or 'table, run, blob, model or endpoint'} {text.removeprefix(f'{kind}:')!r}."
        )
    if len(found) > 1:
        meant = " or ".join(f"`{node.kind}:{node.name}`" for node in found)
        raise Misuse(f"{text!r} can mean several things; write {meant}.")
    return found[0]


def _find(catalog: Catalog, kind: NodeKind, spelt: re.Match[str]) -> Node | None:
    name, version, column = spelt["name"], spelt["version"], spelt["column"]
    if kind == "table":
        return _find_table(catalog, name, version, column)
    if column is not None or (version is not None and kind != "model"):
        return None
    if kind == "model":
        return _find_model(catalog, name, version)
    if kind == "run":
        return _find_run(catalog, name) if spelt["kind"] or name[0].isdigit() else None
    if kind == "blob":
        return Node("blob", name) if DIGEST.fullmatch(name) else None
    return Node("endpoint", name) if catalog.endpoints.find_endpoint(name) is not None else None


def _find_table(catalog: Catalog, name: str, version: str | None, column: str | None) -> Node | None:
    if catalog.tables.find_spec(name) is None or not (version is None or version.isdigit()):
        return None
    number = None if version is None else int(version)
    commit = catalog.tables.find_version(name, number)
    if commit is None and (number is not None or column is not None):
        return None
    if column is not None and commit is not None and column not in {each.name for each in commit.columns}:
        columns = ", ".join(each.name for each in commit.columns)
        raise NotFound(f"Table {name!r} has no column {column!r}; it has {columns}.")
    return Node("table", name, number, column)


def _find_model(catalog: Catalog, name: str, version: str | None) -> Node | None:
    try:
        model = catalog.models.get_model(name, version)
    except NotFound:
        return None
    return Node("model", model.name, model.version if version is not None else None)


def _find_run(catalog: Catalog, name: str) -> Node | None:
    try:
        return Node("run", catalog.runs.get_run(name).id)
    except NotFound:
        return None
